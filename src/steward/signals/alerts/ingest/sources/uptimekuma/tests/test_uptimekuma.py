"""Uptime Kuma's webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from steward.signals.alerts.ingest.sources import Unreadable
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def test_samples() -> None:
    check_samples("uptimekuma", "uptimekuma", FOLDER)


def test_down_and_up() -> None:
    (down,) = read("uptimekuma", sample(FOLDER, "down.json")).good
    assert down.labels == {
        "alertname": "Claims portal",
        "monitor_id": "12",
        "monitor_type": "http",
        "severity": "critical",
        "public": "true",
    }
    assert down.starts_at == datetime(2026, 3, 2, 9, 35, 0, 250_000, tzinfo=UTC)
    assert (down.resolved, down.ends_at, down.expires) == (False, None, None)
    assert down.annotations["summary"] == "[Claims portal] [🔴 Down] timeout of 48000ms exceeded"
    assert down.annotations["output"] == "timeout of 48000ms exceeded"
    assert down.generator_url == "https://claims.example.org/login"
    (up,) = read("uptimekuma", sample(FOLDER, "up.json")).good
    assert up.labels == down.labels and up.fingerprint == down.fingerprint
    assert (up.resolved, up.ends_at) == (True, datetime(2026, 3, 2, 9, 41, 12, 4_000, tzinfo=UTC))
    assert up.annotations["ping_ms"] == "143"


def test_a_monitor_without_name_and_address() -> None:
    (down,) = read("uptimekuma", sample(FOLDER, "ping-without-address.json")).good
    assert down.labels == {"alertname": "Monitor 31", "monitor_id": "31", "monitor_type": "ping"}
    assert down.generator_url == "" and down.annotations["hostname"] == "192.0.2.2"
    assert down.starts_at == datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def test_tests_pending_and_maintenance_bring_nothing() -> None:
    down = sample(FOLDER, "down.json")
    for payload in (
        {"heartbeat": None, "monitor": None, "msg": "Steward Testing"},
        {**down, "heartbeat": {**down["heartbeat"], "status": 2}},
        {**down, "heartbeat": {**down["heartbeat"], "status": 3}},
    ):
        parsed = read("uptimekuma", payload)
        assert not parsed.good and not parsed.bad


def test_what_expires_soon_is_one_alert_until_nothing_is_heard_of_it() -> None:
    text = (
        "[Claims portal][https://claims.example.org/login] server certificate claims.example.org will expire in {} days"
    )
    found = [
        read("uptimekuma", {"heartbeat": None, "monitor": None, "msg": text.format(days)}).good[0] for days in (14, 7)
    ]
    assert found[0].fingerprint == found[1].fingerprint and found[0].severity == "warning"
    assert found[0].labels["subject"].endswith("server certificate claims.example.org")
    assert (found[1].resolved, found[1].expires) == (False, 8 * 86_400)
    assert found[1].annotations["summary"].endswith("7 days")


def test_what_cannot_be_used_says_so() -> None:
    down = sample(FOLDER, "down.json")
    for payload in ({"msg": "x"}, {"heartbeat": None, "monitor": None, "msg": "What is this"}):
        with pytest.raises(Unreadable, match="heartbeat"):
            read("uptimekuma", payload)
    assert read("uptimekuma", {**down, "heartbeat": {**down["heartbeat"], "status": 9}}).bad
    assert read("uptimekuma", {**down, "monitor": None}).good[0].name == "Monitor 12"


def test_garbage() -> None:
    check_garbage("uptimekuma", sample(FOLDER, "down.json"))


def test_set_up() -> None:
    assert "https://steward.example.org/in/KEY/uptimekuma" in check_set_up("uptimekuma")
