"""The engine, and receipts as their first sentences, for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from steward.algorithms.matching import parse_matchers
from steward.foundation.actors import Actor, system
from steward.foundation.due.registry import claim, kinds
from steward.response.incidents import queries as incident_queries
from steward.response.receipts import queries
from steward.response.receipts.queries import Receipt
from steward.response.receipts.wording import verdicts
from steward.response.suppression import actions as suppression
from steward.response.triage.tests.factories import ADMIN, NOW, minutes
from steward.signals.alerts import payloads
from steward.signals.alerts.models import AlertChange

READER = system("reader")
_KINDS = (
    "triage.reconsider", "triage.hold", "triage.group", "oncall.escalation", "notifications.delivery",
)  # fmt: skip


def engine(now: datetime = NOW) -> None:
    """Claim and handle everything that is due at ``now``, as the engine does, until nothing is."""
    wanted = [kind for kind in kinds() if kind.name in _KINDS]
    for _round in range(20):
        handled = False
        for kind in wanted:
            while ids := claim(kind, now):
                kind.handle(ids, now)
                handled = True
        if not handled:
            return
    raise AssertionError("the engine does not come to rest")


def receipt(alert_id: int, now: datetime = NOW, actor: Actor = READER) -> Receipt:
    return queries.of_alert(actor, alert_id, now)


def sentence(found: Receipt, now: datetime = NOW) -> str:
    return verdicts.sentence(found.verdict, now)


def said(alert_id: int, now: datetime = NOW) -> tuple[str, str]:
    """The code of the verdict on an alert, and its sentences."""
    found = receipt(alert_id, now)
    return found.verdict.code, sentence(found, now)


def stages(found: Receipt) -> list[tuple[str, str]]:
    return [(each.stage, each.code) for each in found.steps]


def silence(matchers: str = 'alertname="DiskFull"', end: int = 60, comment: str = "db maintenance") -> Any:
    plan = suppression.Plan(NOW, NOW + minutes(end))
    wish = suppression.Wish(parse_matchers(matchers), comment, plan)
    return suppression.create_silence(actor=ADMIN, now=NOW, wish=wish)


def of_incident(ref: str, now: datetime = NOW, actor: Actor = READER) -> Receipt:
    return queries.of_incident(actor, incident_queries.by_ref(actor, ref), now)


def with_request(change: AlertChange, body: bytes) -> None:
    """Keep the request that brought a change, as ingest does."""
    made = payloads.of(body, source_id=change.alert.source_id, at=change.at, endpoint="api/v2/alerts", context={})
    with connection.cursor() as cursor:
        cursor.execute(*payloads.keep([made]))
    AlertChange.objects.filter(pk=change.pk).update(payload_id=made.id)
