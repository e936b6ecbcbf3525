"""Silences and windows for tests, made through the actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from steward.algorithms.matching import parse_matchers
from steward.foundation.actors import Actor
from steward.people.accounts.permissions import permissions_of
from steward.response.suppression import actions
from steward.response.suppression.models import MaintenanceWindow, Silence

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def lead(**fields: Any) -> Actor:
    values = {"kind": "user", "id": None, "label": "Lead", "role": "lead", "permissions": permissions_of("lead")}
    return Actor(**{**values, **fields})


def wish(matchers: str = '{job="node"}', **changes: Any) -> actions.Wish:
    plan = {"starts_at": NOW, "ends_at": NOW + HOUR}
    for name in ("starts_at", "ends_at", "rrule", "duration", "time_zone"):
        if name in changes:
            plan[name] = changes.pop(name)
    values = {"comment": "Disk is being replaced", **changes}
    return actions.Wish(tuple(parse_matchers(matchers)), plan=actions.Plan(**plan), **values)


def silence(matchers: str = '{job="node"}', *, now: datetime = NOW, source_id: int | None = None,
            actor: Actor | None = None, **changes: Any) -> Silence:  # fmt: skip
    given = wish(matchers, **changes)
    return actions.create_silence(actor=actor or lead(), now=now, wish=given, source_id=source_id)


def work(**changes: Any) -> actions.Work:
    plan = {"starts_at": NOW, "ends_at": NOW + HOUR}
    for name in ("starts_at", "ends_at", "rrule", "duration", "time_zone"):
        if name in changes:
            plan[name] = changes.pop(name)
    if isinstance(changes.get("matchers"), str):
        changes["matchers"] = tuple(parse_matchers(changes["matchers"]))
    return actions.Work(**{"title": "New firmware", "plan": actions.Plan(**plan), **changes})


def window(*, now: datetime = NOW, actor: Actor | None = None, **changes: Any) -> MaintenanceWindow:
    return actions.create_window(actor=actor or lead(), now=now, work=work(**changes))
