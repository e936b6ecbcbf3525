"""Google Cloud Monitoring's webhook."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Normalised, Received, Unreadable
from steward.signals.alerts.ingest.sources.googlecloud import KIND
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def one(name: str, **incident: Any) -> Normalised:
    payload = sample(FOLDER, name)
    payload["incident"].update(incident)
    (found,) = read("googlecloud", payload).good
    return found


def test_samples() -> None:
    check_samples("googlecloud", "googlecloud", FOLDER)


def test_an_incident_opens_and_closes_as_the_same_alert() -> None:
    firing, resolved = one("open.json"), one("closed.json")
    assert firing.labels == {
        "alertname": "CPU of the shop",
        "severity": "critical",
        "condition": "VM Instance - CPU utilization",
        "project": "shop-prod",
        "resource_type": "gce_instance",
        "metric_type": "compute.googleapis.com/instance/cpu/utilization",
        "team": "shop",
        "instance_id": "1133555577779999",
        "project_id": "shop-prod",
        "zone": "europe-west1-b",
        "instance_name": "web-1",
    }
    assert (firing.resolved, firing.ends_at, firing.expires) == (False, None, None)
    assert firing.starts_at == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert firing.annotations["summary"] == "CPU of web-1 is high"
    assert firing.annotations["details"].endswith("with a value of 0.935.")
    assert firing.annotations["runbook_url"] == "https://runbooks.example.org/cpu"
    assert firing.generator_url.startswith("https://console.cloud.google.com/monitoring/alerting/alerts/0.opqiw61fsv7p")
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 50, tzinfo=UTC))
    assert resolved.fingerprint == firing.fingerprint


def test_a_policy_without_severity_and_a_name_that_is_taken() -> None:
    found = one("uptime-without-severity.json")
    assert "severity" not in found.labels
    assert (found.labels["host"], found.labels["metric_host"]) == ("shop.example.org", "checker")
    assert found.annotations["summary"].startswith("An uptime check")


def test_the_labels_of_a_policy_do_not_change_what_it_is_called() -> None:
    found = one("open.json", policy_user_labels={"alertname": "x", "severity": "y"})
    assert (found.name, found.severity) == ("CPU of the shop", "critical")
    assert (found.labels["policy_alertname"], found.labels["policy_severity"]) == ("x", "y")


def test_the_test_button_is_over_by_itself() -> None:
    found = one("test-button.json")
    assert (found.resolved, found.expires, found.starts_at) == (False, 300, None)
    assert found.annotations["description"] == "Test documentation"


@pytest.mark.parametrize(("query", "fine"), [
    ("auth_token=s3cret", True), ("auth_token=s3cre", False), ("auth_token=%ED%A0%80", False), ("token=s3cret", False),
    ("", False),
])  # fmt: skip
def test_only_the_token_in_the_address_opens(query: str, fine: bool) -> None:
    assert KIND.verify is not None
    assert (KIND.verify(Received(b"{}", NOW, "googlecloud", query), "s3cret") == "") is fine


def test_what_is_missing_is_said() -> None:
    with pytest.raises(Unreadable, match="incident"):
        read("googlecloud", {"version": "1.2"})
    parsed = read("googlecloud", {"version": "1.2", "incident": {"state": "odd", "policy_name": "x"}})
    assert not parsed.good and "state" in parsed.bad[0].error


def test_garbage() -> None:
    check_garbage("googlecloud", sample(FOLDER, "open.json"))
    check_garbage("googlecloud", sample(FOLDER, "test-button.json"))


def test_set_up() -> None:
    assert "webhook_tokenauth" in check_set_up("googlecloud")
