"""Grafana's webhook."""

from datetime import UTC, datetime
from pathlib import Path

from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def test_samples() -> None:
    check_samples("grafana", "grafana", FOLDER)


def test_firing_and_resolved() -> None:
    firing, resolved = read("grafana", sample(FOLDER, "firing-and-resolved.json")).good
    assert (firing.name, firing.resolved, firing.ends_at) == ("High memory usage", False, None)
    assert firing.starts_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert firing.labels == {
        "alertname": "High memory usage",
        "team": "blue",
        "zone": "us-1",
        "grafana_folder": "Infra",
    }
    assert firing.annotations["panel"] == "https://grafana.example.org/d/abc?viewPanel=1"
    assert firing.annotations["values"].startswith("[ var='B'")
    assert firing.generator_url == "https://grafana.example.org/alerting/grafana/cez1/view"
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 54, tzinfo=UTC))


def test_what_a_rule_without_data_is_called() -> None:
    (found,) = read("grafana", sample(FOLDER, "no-data.json")).good
    assert found.labels["alertname"] == "DatasourceNoData" and found.labels["rulename"] == "Claims per minute"


def test_a_bad_alert_is_parked_alone_in_a_body_that_can_be_replayed() -> None:
    payload = sample(FOLDER, "firing-and-resolved.json")
    payload["alerts"][0]["status"] = "unknown"
    parsed = read("grafana", payload)
    assert len(parsed.good) == 1 and len(parsed.bad) == 1 and parsed.repack is not None
    assert read("grafana", parsed.repack([payload["alerts"][1]])).good


def test_garbage() -> None:
    check_garbage("grafana", sample(FOLDER, "firing-and-resolved.json"))


def test_set_up() -> None:
    assert "contactPoints" in check_set_up("grafana")
