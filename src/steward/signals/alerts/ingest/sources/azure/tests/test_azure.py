"""Azure Monitor's common alert schema."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Normalised, Unreadable
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
VM = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/shop/providers/microsoft.compute/virtualmachines/web-1"


def one(name: str, **essentials: Any) -> Normalised:
    payload = sample(FOLDER, name)
    payload["data"]["essentials"].update(essentials)
    (found,) = read("azure", payload).good
    return found


def test_samples() -> None:
    check_samples("azure", "azure", FOLDER)


def test_a_metric_alert_fires_and_resolves_as_the_same_alert() -> None:
    firing, resolved = one("metric-fired.json"), one("metric-resolved.json")
    assert firing.labels == {
        "alertname": "CPU of the shop",
        "severity": "high",
        "signal_type": "metric",
        "target": VM,
        "resource": "web-1",
        "resource_group": "shop",
        "subscription": SUBSCRIPTION,
        "microsoft.resourceId": VM,
    }
    assert (firing.resolved, firing.expires) == (False, None)
    assert firing.starts_at == datetime(2026, 3, 2, 11, 41, 24, 371321, UTC)
    assert firing.annotations["summary"] == "Percentage CPU GreaterThan 80: 93.5"
    assert firing.annotations["description"] == "Pages get slow above 80 %"
    assert firing.annotations["runbook_url"] == "https://runbooks.example.org/cpu"
    assert firing.generator_url.startswith("https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/")
    assert firing.generator_url.endswith("alerts%2Fb9569717-bc32-442f-add5-83a997729330")
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 55, 16, 224631, UTC))
    assert resolved.fingerprint == firing.fingerprint


def test_the_case_of_an_address_makes_no_other_alert() -> None:
    assert one("metric-fired.json", alertTargetIDs=[VM.upper()]).fingerprint == one("metric-fired.json").fingerprint


def test_a_log_search_alert_links_to_what_it_found() -> None:
    found = one("log.json")
    assert found.labels["Computer"] == "orders-2" and found.severity == "warning" and found.expires is None
    assert found.generator_url.endswith("/filtered")
    assert found.annotations["query"] == "AppEvents | where Name == 'order-failed'"
    assert found.annotations["summary"] == "Result GreaterThan 5: 17.0"


def test_what_happened_once_is_over_after_an_hour() -> None:
    found = one("activity-log.json")
    assert (found.resolved, found.expires, found.severity) == (False, 3600, "info")
    assert found.annotations["summary"] == "Microsoft.Compute/virtualMachines/restart/action Succeeded"
    assert found.annotations["caller"] == "ops@example.org"


def test_service_health_resolves_although_azure_says_fired() -> None:
    active, over = one("service-health-active.json"), one("service-health-resolved.json")
    assert (active.resolved, active.expires) == (False, None)
    assert active.labels["tracking_id"] == "ABCD-1A0"
    assert active.annotations["summary"] == "Virtual machines in West Europe"
    assert (over.resolved, over.ends_at) == (True, datetime(2026, 3, 2, 11, 58, 10, 100000, UTC))
    assert over.fingerprint == active.fingerprint


def test_resource_health_resolves_when_it_is_available_again() -> None:
    payload = sample(FOLDER, "activity-log.json")
    health = {"title": "Unavailable", "currentHealthStatus": "Unavailable", "cause": "PlatformInitiated"}
    payload["data"]["alertContext"]["properties"] = health
    (down,) = read("azure", payload).good
    health["currentHealthStatus"] = "Available"
    (well,) = read("azure", payload).good
    assert (down.resolved, down.expires, well.resolved) == (False, None, True)
    assert down.fingerprint == well.fingerprint


@pytest.mark.parametrize(
    ("number", "word"), [("Sev0", "critical"), ("Sev2", "warning"), ("Sev3", "info"), ("Sev9", "sev9")]
)
def test_severities(number: str, word: str) -> None:
    assert one("metric-fired.json", severity=number).severity == word


def test_other_schemas_are_told_what_to_do() -> None:
    with pytest.raises(Unreadable, match="enable the common alert schema"):
        read("azure", {"schemaId": "AzureMonitorMetricAlert", "data": {}})
    parsed = read("azure", {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertRule": "x"}}})
    assert not parsed.good and "monitorCondition" in parsed.bad[0].error


def test_garbage() -> None:
    for name in ("metric-fired.json", "log.json", "service-health-active.json"):
        check_garbage("azure", sample(FOLDER, name))


def test_set_up() -> None:
    assert "usecommonalertschema" in check_set_up("azure")
