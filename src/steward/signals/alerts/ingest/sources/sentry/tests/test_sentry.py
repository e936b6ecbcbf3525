"""Sentry's webhooks."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.sentry.parser import verify
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def of(name: str) -> Parsed:
    return read("sentry", sample(FOLDER, name))


def test_samples() -> None:
    check_samples("sentry", "sentry", FOLDER)


def test_an_issue_alert_ends_with_its_issue() -> None:
    (firing,), (resolved,) = of("issue-alert.json").good, of("issue-resolved.json").good
    assert firing.fingerprint == resolved.fingerprint and (firing.resolved, resolved.resolved) == (False, True)
    assert firing.labels == {
        "alertname": "ReferenceError: total is not defined",
        "severity": "error",
        "project": "front-end",
        "environment": "production",
        "rule": "New errors in checkout",
        "issue": "1170820242",
    }
    assert firing.annotations == {
        "summary": "ReferenceError: total is not defined",
        "description": "total is not defined",
        "culprit": "checkout/pay in submit",
        "release": "shop@2026.3.1",
        "event": "e4874d664c3540c1a32eab185f12c5ab",
    }
    assert firing.starts_at == datetime(2026, 3, 2, 11, 20, 5, 221000, tzinfo=UTC)
    assert firing.generator_url.endswith("/issues/1170820242/events/e4874d664c3540c1a32eab185f12c5ab/")
    assert resolved.labels == {
        "alertname": "ReferenceError: total is not defined",
        "severity": "error",
        "project": "front-end",
        "issue": "1170820242",
    }


def test_what_else_happens_to_an_issue() -> None:
    payload = sample(FOLDER, "issue-resolved.json")
    for action, ends in (
        ("archived", [True]),
        ("ignored", [True]),
        ("triggered", [False]),
        ("created", []),
        ("assigned", []),
    ):
        assert [alert.resolved for alert in read("sentry", {**payload, "action": action}).good] == ends, action


def test_the_levels_of_a_metric_alert_are_an_alert_each() -> None:
    warning, critical, resolved = (of(f"metric-{name}.json").good for name in ("warning", "critical", "resolved"))
    assert [(each.severity, each.resolved) for each in warning] == [("warning", False), ("critical", True)]
    assert [(each.severity, each.resolved) for each in critical] == [("critical", False)]
    assert [(each.severity, each.resolved) for each in resolved] == [("warning", True), ("critical", True)]
    assert [each.fingerprint for each in resolved] == [warning[0].fingerprint, critical[0].fingerprint]
    assert critical[0].labels == resolved[1].labels == {
        "alertname": "Too many errors",
        "severity": "critical",
        "project": "front-end,shop",
        "environment": "production",
        "rule": "7",
    }  # fmt: skip
    assert critical[0].starts_at == datetime(2026, 3, 2, 11, 34, tzinfo=UTC)
    assert resolved[1].ends_at == datetime(2026, 3, 2, 11, 55, tzinfo=UTC)
    assert critical[0].annotations["summary"] == "Critical: Too many errors"
    assert critical[0].annotations["query"] == "level:error"
    assert critical[0].generator_url.endswith("/alerts/rules/details/7/?alert=42")


def test_a_rule_without_a_critical_level_never_ends_one() -> None:
    payload = sample(FOLDER, "metric-resolved.json")
    del payload["data"]["metric_alert"]["alert_rule"]["triggers"][0]
    assert [each.severity for each in read("sentry", payload).good] == ["warning"]


@pytest.mark.parametrize("data", [{"installation": {"status": "installed"}}, {"error": {}}, {"comment": "x"}])
def test_webhooks_without_an_alert_are_taken_quietly(data: Any) -> None:
    parsed = read("sentry", {"action": "created", "data": data})
    assert not parsed.good and not parsed.bad


def test_what_cannot_be_used() -> None:
    payload = sample(FOLDER, "metric-critical.json")
    with pytest.raises(Unreadable, match="action"):
        read("sentry", {**payload, "action": "worse"})
    with pytest.raises(Unreadable, match="data"):
        read("sentry", {"action": "critical"})
    assert "issue" in read("sentry", {"action": "triggered", "data": {"event": {"title": "x"}}}).bad[0].error
    assert "rule" in read("sentry", {"action": "critical", "data": {"metric_alert": {}}}).bad[0].error


def test_the_client_secret_signs() -> None:
    body = json.dumps(sample(FOLDER, "issue-alert.json")).encode()
    signature = hmac.new(b"right", body, "sha256").hexdigest()

    def trouble(secret: str, signature: str, body: bytes = body) -> str:
        return verify(Received(body, NOW, "sentry", "", [(b"sentry-hook-signature", signature.encode())]), secret)

    assert trouble("right", signature) == ""
    for wrong in (trouble("other", signature), trouble("right", ""), trouble("right", signature, body + b" ")):
        assert "Sentry-Hook-Signature" in wrong


def test_garbage() -> None:
    for name in ("issue-alert.json", "metric-warning.json", "issue-resolved.json"):
        check_garbage("sentry", sample(FOLDER, name))


def test_set_up() -> None:
    assert "/sentry" in check_set_up("sentry")
