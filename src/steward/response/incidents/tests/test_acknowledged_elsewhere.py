"""What a sender acknowledges, from its request through ingest and the engine's handler to the incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from steward.foundation import clock
from steward.foundation.actors import system
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.testing.api import with_key
from steward.foundation.testing.pages import signed_in
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions
from steward.response.incidents.actions import JoiningAlert
from steward.response.incidents.models import Incident, TimelineEntry
from steward.signals.alerts import acknowledging, retention
from steward.signals.alerts import actions as alerts
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Acknowledgement, Alert, AlertChange
from steward.signals.alerts.tests.factories import call, source, with_door

pytestmark = pytest.mark.django_db(transaction=True)
ENGINE = system("engine")


def pagerduty(action: str, key: str = "db-3/backup") -> tuple[str, Any]:
    payload = {"summary": "Backup failed", "severity": "critical", "source": "db-3"}
    client = {"client": "Anna's phone"} if action == "acknowledge" else {}
    event = {"routing_key": "r", "event_action": action, "dedup_key": key, "payload": payload, **client}
    return "v2/enqueue", event


def send(*requests: tuple[str, Any]) -> list[int]:
    async def story(app: Application) -> list[int]:
        return [
            (await call(app, f"/in/k/{path}", body, query=b"identifierType=alias")).status for path, body in requests
        ]

    found: list[int] = with_door(story)
    return found


def opened() -> Incident:
    alert = Alert.objects.get()
    return actions.open_incident(
        actor=ENGINE, now=clock.now(), title=alert.name, severity="SEV2", service_id=None,
        policy_id=None, origin={"kind": "route"}, alerts=[JoiningAlert(alert.pk, alert.name, "", firing=True)],
    )  # fmt: skip


def tell(now: datetime | None = None) -> str:
    """Let the engine's handler work; returns what became of the newest."""
    acknowledging.tell(now=now or clock.now(), ids=list(Acknowledgement.objects.values_list("pk", flat=True)))
    return Acknowledgement.objects.latest("pk").outcome


def test_it_acknowledges_the_incident_that_holds_the_alert() -> None:
    source("k", name="Shop")
    assert send(pagerduty("trigger")) == [202]
    incident = opened()
    assert send(pagerduty("acknowledge"), pagerduty("acknowledge")) == [202, 202]
    assert tell() == "acknowledged" and Acknowledgement.objects.count() == 1
    incident.refresh_from_db()
    assert incident.status == "acknowledged" and incident.assignee_id is None
    entry = TimelineEntry.objects.get(kind="acknowledged")
    assert entry.text == "Acknowledged by Anna's phone in PagerDuty Events API (source “Shop”)"
    audited = AuditEntry.objects.get(action="incident.acknowledge")
    assert audited.actor_label == "PagerDuty Events API, Shop"
    assert send(pagerduty("acknowledge")) == [202] and tell() == "acknowledged"
    assert AuditEntry.objects.filter(action="incident.acknowledge").count() == 1


def test_opsgenie_says_who() -> None:
    source("k", name="Shop")
    send(("v2/alerts", {"message": "Backup failed", "alias": "a/b"}))
    incident = opened()
    assert send(("v2/alerts/a/b/acknowledge", {"user": "anna", "note": "on it"})) == [202]
    assert tell() == "acknowledged"
    incident.refresh_from_db()
    assert incident.status == "acknowledged" and Acknowledgement.objects.get().note == "on it"
    assert "by anna in Opsgenie Alert API" in TimelineEntry.objects.get(kind="acknowledged").text
    assert send(("v2/alerts/a/b/acknowledge", b"")) == [202]
    assert send(("v2/alerts/a/b/acknowledge", b"{")) == [400]


def test_one_that_comes_before_its_incident_waits_for_it() -> None:
    source("k")
    send(pagerduty("trigger"), pagerduty("acknowledge"))
    assert tell() == "waiting"
    waiting = Acknowledgement.objects.get()
    assert waiting.due_at is not None and waiting.due_at > clock.now()
    incident = opened()
    assert tell() == "waiting"  # not due yet
    assert tell(waiting.due_at) == "acknowledged"
    incident.refresh_from_db()
    assert incident.status == "acknowledged"


def test_what_cannot_be_told_is_noted_with_its_reason() -> None:
    source("k")
    assert send(pagerduty("acknowledge", "never heard of")) == [202] and tell() == "unknown"
    send(pagerduty("trigger"), pagerduty("acknowledge"))
    ack = Acknowledgement.objects.latest("pk")
    assert tell(ack.received_at + acknowledging.PATIENCE) == "no-incident"
    send(pagerduty("acknowledge"), pagerduty("resolve"))
    assert tell() == "not-firing"
    send(pagerduty("trigger"), pagerduty("acknowledge"), pagerduty("resolve"), pagerduty("trigger"))
    assert tell() == "changed"
    assert not Acknowledgement.objects.filter(due_at__isnull=False).exists()


def test_the_sources_page_and_the_api_tell_what_became_of_it() -> None:
    of = source("k")
    send(pagerduty("trigger"))
    opened()
    send(pagerduty("acknowledge"), pagerduty("acknowledge", "gone"))
    acknowledging.tell(now=clock.now(), ids=list(Acknowledgement.objects.values_list("pk", flat=True)))
    client = signed_in()
    answer = client.get(f"/sources/{of.pk}/")
    assert answer.status_code == 200, answer
    page = answer.content.decode()
    assert "Acknowledged there" in page and "incident acknowledged" in page and "no such alert" in page
    found = with_key().get(f"/api/v1/sources/{of.pk}/acknowledgements").json()["items"]
    assert [(each["key"], each["outcome"]) for each in found] == [("gone", "unknown"), ("db-3/backup", "acknowledged")]
    assert found[1]["alert_id"] == Alert.objects.get().pk and found[1]["who"] == "Anna's phone"


def test_the_handler_of_one_that_fails_goes_on_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    source("k")
    send(pagerduty("trigger"))
    opened()
    send(pagerduty("acknowledge"), pagerduty("acknowledge", "other"))
    monkeypatch.setattr(acknowledging, "publish", lambda _event: 1 / 0)
    acknowledging.tell(now=clock.now(), ids=list(Acknowledgement.objects.values_list("pk", flat=True)))
    assert set(Acknowledgement.objects.values_list("outcome", flat=True)) == {"waiting", "unknown"}


def test_old_ones_are_removed_and_suppliers_see_none() -> None:
    source("k")
    send(pagerduty("acknowledge", "one"))
    tell()
    send(pagerduty("acknowledge", "two"))
    with limited_to(1):
        assert not Acknowledgement.objects.exists()
    with transaction.atomic():
        assert acknowledging.remove_old(clock.now() + timedelta(days=1), 0).removed == 1
    assert Acknowledgement.objects.get().key == "two"


def test_an_alert_that_is_removed_takes_its_acknowledgements_along() -> None:
    source("k")
    send(pagerduty("trigger"), pagerduty("acknowledge"), pagerduty("resolve"))
    tell()
    late = clock.now() + timedelta(days=1)
    alerts.process_changes(now=clock.now(), ids=list(AlertChange.objects.values_list("pk", flat=True)))
    AlertChange.objects.exclude(pk=AlertChange.objects.latest("pk").pk).delete()
    with transaction.atomic():
        retention.remove_old_alerts(late, 0)
    assert not Alert.objects.exists() and not Acknowledgement.objects.exists()
