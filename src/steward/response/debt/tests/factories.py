"""Alerts that fired and ended, incidents that were paged about, for tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from steward.foundation.actors import Actor
from steward.people.accounts.models import User
from steward.people.accounts.permissions import permissions_of
from steward.response.debt import actions
from steward.response.debt.models import Day
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import actor, alert, incident, service, supplier, user
from steward.response.notifications.models import Page
from steward.signals.alerts.models import Alert, AlertChange

__all__ = [
    "NOW",
    "actor",
    "add_up",
    "alert",
    "fired",
    "incident",
    "lead",
    "opened",
    "paged",
    "service",
    "supplier",
    "user",
]

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def lead() -> Actor:
    return Actor(kind="user", id=None, label="Lead", role="lead", permissions=permissions_of("lead"))


def fired(of: Alert, at: datetime, seconds: float | None = 600, *, again: bool = False) -> None:
    """One firing; without ``seconds`` it goes on."""
    code = {"code": "fired_again" if again else "new"}
    AlertChange.objects.create(alert=of, at=at, status="firing", starts_at=at, reason=code)
    if seconds is not None:
        end = at + timedelta(seconds=seconds)
        AlertChange.objects.create(alert=of, at=end, status="resolved", starts_at=at, ends_at=end, reason={})


def opened(*alerts: Alert, at: datetime = NOW - timedelta(hours=2), **times: Any) -> Incident:
    """An incident with these alerts; ``acknowledged_at``, ``resolved_at`` and ``status`` as given."""
    made = incident(*alerts, now=at)
    if times:
        Incident.objects.filter(pk=made.pk).update(**times)
        made.refresh_from_db()
    return made


def paged(of: Incident, who: User, at: datetime, state: str = "sent") -> Page:
    return Page.objects.create(
        key=f"debt:{next(_numbers)}", user=who, subject_kind="incident", subject_id=of.pk, subject_label=of.ref,
        title=of.title, state=state, created_at=at, sent_at=at if state == "sent" else None,
    )  # fmt: skip


def add_up(now: datetime = NOW) -> None:
    """As the engine does, until nothing is due."""
    actions.begin(now=now)
    while due := list(Day.objects.filter(due_at__lte=now).values_list("pk", flat=True)):
        actions.run_due(day_ids=due, now=now)
    actions.refresh_lines(now=now)
