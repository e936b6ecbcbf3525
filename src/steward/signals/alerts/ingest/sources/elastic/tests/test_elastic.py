"""Kibana's webhook connector and Watcher."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from steward.signals.alerts.ingest.sources import Unreadable
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def test_samples() -> None:
    check_samples("elastic", "elastic", FOLDER)


def test_active_and_recovered() -> None:
    (fires,) = read("elastic", sample(FOLDER, "active.json")).good
    assert fires.labels == {
        "alertname": "CPU usage of hosts",
        "severity": "critical",
        "rule_id": "5f2f6e0a-1c3d-11ef-9c1a-0242ac120002",
        "space": "operations",
        "alert_id": "db-3",
        "team": "claims",
    }
    assert (fires.resolved, fires.starts_at, fires.ends_at, fires.expires) == (False, None, None, None)
    assert fires.annotations["summary"].startswith("system.cpu.total.norm.pct is 97.2%")
    assert fires.annotations["tags"] == "claims,production"
    assert fires.generator_url.startswith("https://kibana.example.org/s/operations/")
    (ended,) = read("elastic", sample(FOLDER, "recovered.json")).good
    assert ended.labels == fires.labels and ended.fingerprint == fires.fingerprint
    assert (ended.resolved, ended.ends_at) == (True, datetime(2026, 3, 2, 11, 15, tzinfo=UTC))


def test_the_recovery_finds_its_alert_whatever_severity_was_typed_into_its_action() -> None:
    fires = read("elastic", sample(FOLDER, "active.json")).good[0]
    ended = read("elastic", {**sample(FOLDER, "recovered.json"), "severity": "info", "labels": {}}).good[0]
    assert ended.fingerprint == fires.fingerprint
    for change in ({"alert_id": "db-4"}, {"space": "default"}, {"rule_id": "x"}):
        other = read("elastic", {**sample(FOLDER, "active.json"), **change}).good[0]
        assert other.fingerprint != fires.fingerprint, change


def test_a_watch_expires() -> None:
    (fires,) = read("elastic", sample(FOLDER, "watch.json")).good
    assert fires.labels == {"alertname": "failed_logins", "severity": "warning", "rule_id": "failed_logins"}
    assert (fires.resolved, fires.expires, fires.annotations["index"]) == (False, 900, '["auth-2026.03.02"]')


def test_what_cannot_be_used_says_so() -> None:
    given = sample(FOLDER, "watch.json")
    with pytest.raises(Unreadable, match="set-up page"):
        read("elastic", {"text": "something else"})
    for change in ({"rule_id": ""}, {"expires_in": "900"}, {"expires_in": 0}, {"expires_in": True}):
        assert read("elastic", {**given, **change}).bad, change


def test_garbage() -> None:
    check_garbage("elastic", sample(FOLDER, "active.json"))
    check_garbage("elastic", sample(FOLDER, "watch.json"))


def test_the_bodies_of_the_set_up_page_are_what_the_parser_reads() -> None:
    page = unescape(check_set_up("elastic"))
    kibana = re.search(r'id="setup-elastic-body">(.*?)</pre>', page, re.DOTALL)
    assert kibana is not None
    filled = json.loads(kibana[1].replace("{{alert.actionGroup}}", "recovered"))
    assert set(filled) == set(sample(FOLDER, "active.json"))
    (ended,) = read("elastic", filled).good
    assert ended.resolved and ended.name == "{{rule.name}}"
    watcher = re.search(r'id="setup-elastic-watcher">(.*?)</pre>', page, re.DOTALL)
    assert watcher is not None
    webhook = json.loads("{" + watcher[1] + "}")["actions"]["steward"]["webhook"]
    assert (webhook["host"], webhook["port"]) == ("steward.example.org", 443)
    assert webhook["path"] == "/in/KEY/elastic"
    (fires,) = read("elastic", json.loads(webhook["body"])).good
    assert fires.labels["rule_id"] == "{{ctx.watch_id}}" and fires.expires == 900
