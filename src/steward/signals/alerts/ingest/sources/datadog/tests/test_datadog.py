"""Datadog's webhook."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Normalised, Received
from steward.signals.alerts.ingest.sources.datadog import KIND
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def one(name: str, **changes: Any) -> Normalised:
    (found,) = read("datadog", {**sample(FOLDER, name), **changes}).good
    return found


def test_samples() -> None:
    check_samples("datadog", "datadog", FOLDER)


def test_a_monitor_triggers_and_recovers_as_the_same_alert() -> None:
    firing, resolved = one("triggered.json"), one("recovered.json")
    assert firing.labels == {
        "alertname": "CPU of the shop",
        "severity": "high",
        "monitor_id": "1234567",
        "metric": "system.cpu.user",
        "org": "Shop",
        "host": "web-1",
        "role": "web",
        "env": "prod",
        "team": "shop",
    }
    assert (firing.resolved, firing.ends_at, firing.expires) == (False, None, None)
    assert firing.starts_at == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert firing.annotations["summary"].startswith("system.cpu.user over env:prod")
    assert firing.generator_url == "https://app.datadoghq.com/event/event?id=8306082202796025694"
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 50, tzinfo=UTC))
    assert resolved.fingerprint == firing.fingerprint


def test_missing_data_and_warnings_are_the_same_alert() -> None:
    firing = one("triggered.json")
    for found in (
        one("re-no-data.json"),
        one("triggered.json", transition="Warn", title="[P2] [Warn on {host:web-1}] CPU of the shop"),
        one("triggered.json", transition="Renotify", title="[P2] [Renotify] CPU of the shop"),
    ):
        assert not found.resolved and found.fingerprint == firing.fingerprint
    assert one("re-no-data.json").starts_at is None


def test_a_name_keeps_brackets_of_its_own() -> None:
    assert one("triggered.json", title="[Triggered] [prod] Disk is full").name == "[prod] Disk is full"


def test_a_test_is_over_by_itself_and_empty_variables_are_nothing() -> None:
    found = one("test-without-values.json")
    assert found.labels == {"alertname": "[TEST] Claims are counted", "monitor_id": "7654321", "org": "Shop"}
    assert found.expires == 300 and "image" not in found.annotations


def test_what_is_no_transition_is_bad() -> None:
    for transition in ("", "$ALERT_TRANSITION", "Odd", None, ["Triggered"]):
        parsed = read("datadog", {**sample(FOLDER, "triggered.json"), "transition": transition})
        assert not parsed.good and "$ALERT_TRANSITION" in parsed.bad[0].error


@pytest.mark.parametrize(("header", "fine"), [("Bearer s3cret", True), ("Bearer s3cre", False), ("", False)])
def test_only_the_token_opens(header: str, fine: bool) -> None:
    assert KIND.verify is not None
    received = Received(b"{}", NOW, "datadog", headers=[(b"authorization", header.encode())])
    assert (KIND.verify(received, "s3cret") == "") is fine


def test_garbage() -> None:
    check_garbage("datadog", sample(FOLDER, "triggered.json"))


def test_the_set_up_page_gives_the_payload_that_is_read() -> None:
    page = check_set_up("datadog")
    given = re.search(r'<pre id="setup-datadog-payload">(.*?)</pre>', page, re.S)
    assert given and set(json.loads(unescape(given[1]))) == set(sample(FOLDER, "triggered.json"))
