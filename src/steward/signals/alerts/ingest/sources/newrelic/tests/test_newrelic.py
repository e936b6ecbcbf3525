"""New Relic's workflow webhook."""

from datetime import UTC, datetime
from pathlib import Path

from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def test_samples() -> None:
    check_samples("newrelic", "newrelic", FOLDER)


def test_activated_and_closed() -> None:
    (fires,) = read("newrelic", sample(FOLDER, "activated.json")).good
    assert fires.labels == {
        "alertname": "Memory high",
        "severity": "high",
        "entity": "claims-api-1, claims-api-2",
        "policy": "Claims production",
    }
    assert (fires.resolved, fires.ends_at) == (False, None)
    assert fires.starts_at == datetime(2026, 3, 2, 9, 35, 0, 123_000, tzinfo=UTC)
    assert fires.annotations["summary"] == "Memory Used % > 90 for at least 2 minutes on 'claims-api-2'"
    assert fires.annotations["totalIncidents"] == "2" and fires.generator_url.endswith("notifier=WEBHOOK")
    (ended,) = read("newrelic", sample(FOLDER, "closed.json")).good
    assert ended.labels == fires.labels and ended.fingerprint == fires.fingerprint
    assert (ended.resolved, ended.ends_at) == (True, datetime(2026, 3, 2, 11, 15, tzinfo=UTC))


def test_an_issue_stays_one_alert_when_its_priority_and_conditions_change() -> None:
    given = sample(FOLDER, "activated.json")
    changed = {**given, "priority": "CRITICAL", "title": "Two things", "alertConditionNames": ["Memory high", "CPU"]}
    first, second = (read("newrelic", payload).good[0] for payload in (given, changed))
    assert first.fingerprint == second.fingerprint and second.severity == "critical"
    another = read("newrelic", {**given, "id": "another"}).good[0]
    assert another.fingerprint != first.fingerprint


def test_a_correlated_issue_with_fields_of_ones_own() -> None:
    (fires,) = read("newrelic", sample(FOLDER, "correlated-with-own-fields.json")).good
    assert fires.labels == {
        "alertname": "Apdex low, Error rate",
        "severity": "critical",
        "policy": "Claims production, Portal",
    }
    assert fires.annotations["runbook_url"] == "https://runbooks.example.org/portal"
    assert fires.annotations["isCorrelated"] == "true" and "owner" not in fires.annotations


def test_acknowledging_leaves_it_firing() -> None:
    given = sample(FOLDER, "activated.json")
    assert not read("newrelic", {**given, "state": "ACKNOWLEDGED"}).good[0].resolved


def test_what_cannot_be_used_says_so() -> None:
    given = sample(FOLDER, "activated.json")
    for change, wrong in (({"id": ""}, "id"), ({"state": "WHATEVER"}, "state")):
        parsed = read("newrelic", {**given, **change})
        assert not parsed.good and wrong in parsed.bad[0].error


def test_garbage() -> None:
    check_garbage("newrelic", sample(FOLDER, "activated.json"))


def test_set_up() -> None:
    page = check_set_up("newrelic")
    assert "https://steward.example.org/in/KEY/newrelic" in page and "{{ json issueId }}" in page
