"""PagerDuty's Events API v2."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.foundation import clock
from steward.foundation.actors import system
from steward.signals.alerts import actions
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Received
from steward.signals.alerts.ingest.sources.pagerduty.parser import verify
from steward.signals.alerts.models import Alert, AlertChange, ParkedPayload
from steward.signals.alerts.tests.factories import Answer, call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

PATH = "v2/enqueue"
FOLDER = Path(__file__).resolve().parent.parent


def event(action: str, key: str = "disk/db-3", **payload: Any) -> dict[str, Any]:
    return {"routing_key": "r", "event_action": action, "dedup_key": key, **({"payload": payload} if payload else {})}


def test_samples() -> None:
    check_samples("pagerduty", PATH, FOLDER)


def test_a_trigger_and_the_end_of_the_same() -> None:
    (firing,) = read(PATH, sample(FOLDER, "trigger.json")).good
    (resolved,) = read(PATH, sample(FOLDER, "resolve.json")).good
    assert firing.fingerprint == resolved.fingerprint and (firing.resolved, resolved.resolved) == (False, True)
    assert firing.labels == {
        "alertname": "replication lag",
        "severity": "critical",
        "source": "shop-db-2.example.org",
        "component": "postgresql",
        "group": "prod-datastores",
        "class": "replication lag",
        "dedup_key": "shop-db/replication",
    }
    assert firing.annotations == {
        "summary": "Replication lag of 94 s on shop-db-2",
        "client": "Sample monitoring",
        "links": "Runbook https://runbooks.example.org/replication",
        "images": "https://monitoring.example.org/17.png",
        "lag_seconds": "94",
        "primary": "shop-db-1",
        "replicas": '["shop-db-2","shop-db-3"]',
    }
    assert firing.generator_url == "https://monitoring.example.org/checks/17"
    assert firing.starts_at == datetime(2026, 3, 2, 11, 31, 10, 512000, tzinfo=UTC)
    assert resolved.labels == {"alertname": "shop-db/replication", "dedup_key": "shop-db/replication"}


def test_a_trigger_without_a_key_gets_one_that_its_repetition_gets_too() -> None:
    first, again = (read(PATH, sample(FOLDER, "trigger-without-key.json")).good[0] for _ in range(2))
    other = read(PATH, {**sample(FOLDER, "trigger-without-key.json"), "client": "other"}).good[0]
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.labels["alertname"] == "[FIRING:1] HighLatency api (eu-1)"
    assert first.annotations["details"] == "one text" and first.severity == "error"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"event_action": "explode", "dedup_key": "a"}, "event_action must be"),
        ({"event_action": "resolve"}, "Only a dedup_key"),
        ({"event_action": "acknowledge", "dedup_key": ""}, "Only a dedup_key"),
        ({"event_action": "trigger", "payload": {"source": "x"}}, "payload.summary"),
    ],
)
def test_what_cannot_be_used(wrong: Any, why: str) -> None:
    parsed = read(PATH, wrong)
    assert not parsed.good and why in parsed.bad[0].error


def test_the_routing_key_is_the_secret() -> None:
    def trouble(body: bytes, **headers: str) -> str:
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return verify(Received(body, NOW, PATH, "", pairs), "right")

    assert trouble(b'{"routing_key": "right"}') == "" == trouble(b"{}", x_routing_key="right")
    assert "routing key" in trouble(b'{"routing_key": "wrong"}') and "routing key" in trouble(b'{"routing_key": null}')
    assert "JSON" in trouble(b"{")


def test_garbage() -> None:
    check_garbage(PATH, sample(FOLDER, "trigger.json"))


def test_set_up() -> None:
    assert "/v2/enqueue" in check_set_up("pagerduty")


def through_the_door(*events: Any) -> list[Answer]:
    async def story(app: Application) -> list[Answer]:
        return [await call(app, f"/in/k/{PATH}", each) for each in events]

    answers: list[Answer] = with_door(story)
    return answers


@pytest.mark.django_db(transaction=True)
def test_an_end_that_brings_only_its_key_keeps_what_the_trigger_said() -> None:
    source("k")
    answers = through_the_door(
        event("trigger", summary="Disk of db-3 at 97 %", severity="critical", source="db-3"),
        event("trigger", summary="Disk of db-3 at 98 %", severity="critical", source="db-3"),
        event("acknowledge"),
        event("resolve"),
    )
    accepted = {"status": "success", "message": "Event processed", "dedup_key": "disk/db-3"}
    assert [(each.status, each.json) for each in answers] == [(202, accepted)] * 4
    stored = Alert.objects.get()
    assert (stored.status, stored.severity, stored.name) == ("resolved", "critical", "Disk of db-3 at 97 %")
    assert stored.annotations == {"summary": "Disk of db-3 at 98 %"} and stored.labels["source"] == "db-3"
    assert [change.status for change in AlertChange.objects.order_by("id")] == ["firing", "resolved"]


@pytest.mark.django_db(transaction=True)
def test_it_has_the_severity_of_the_newest_trigger() -> None:
    source("k")
    through_the_door(
        event("resolve"),  # before anything fired: all that is known is the key
        event("trigger", summary="Disk of db-3", severity="warning", source="db-3"),
        event("trigger", summary="Disk of db-3", severity="critical", source="db-3"),
    )
    stored = Alert.objects.get()
    assert (stored.name, stored.severity, stored.labels["severity"]) == ("Disk of db-3", "critical", "critical")
    assert [change.reason["code"] for change in AlertChange.objects.order_by("id")] == ["fired_again", "changed"]
    through_the_door(event("resolve"), event("trigger", summary="Disk of db-3", severity="critical", source="db-3"))
    stored.refresh_from_db()
    assert (stored.severity, stored.labels["severity"], stored.status) == ("critical", "critical", "firing")


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_made_is_told_and_ends_it() -> None:
    source("k")
    (answer,) = through_the_door(sample(FOLDER, "trigger-without-key.json"))
    assert Alert.objects.get().labels["dedup_key"] == answer.json["dedup_key"]
    through_the_door(event("resolve", answer.json["dedup_key"]))
    assert Alert.objects.get().status == "resolved"


@pytest.mark.django_db(transaction=True)
def test_refused_and_parked() -> None:
    _source, key = actions.create_source(
        actor=system("test"), now=clock.now(), name="S", kind="pagerduty", secret="right"
    )

    async def story(app: Application) -> list[int]:
        bodies: list[Any] = [
            b"{",
            event("trigger", summary="x"),
            {"routing_key": "right"},
            {**event("resolve"), "routing_key": "right"},
        ]
        return [(await call(app, f"/in/{key}/{PATH}", each)).status for each in bodies]

    assert with_door(story) == [403, 403, 400, 202]
    assert json.loads(bytes(ParkedPayload.objects.get().raw)) == {"routing_key": "right"}
