"""Schedules and policies for tests."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from steward.foundation.actors import system
from steward.foundation.subjects import SubjectRef
from steward.people.accounts.models import Team, User
from steward.response.notifications.tests.factories import actor, team, user
from steward.response.oncall import actions
from steward.response.oncall.models import Escalation, EscalationPolicy, Schedule
from steward.response.oncall.rules import Step

__all__ = [
    "ENGINE",
    "NOW",
    "SUBJECT",
    "actor",
    "layer",
    "notify",
    "policy",
    "schedule",
    "start",
    "team",
    "user",
    "wait",
]

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
SUBJECT = SubjectRef("incident", 7)
ENGINE = system("engine")
_numbers = itertools.count(1)


def schedule(*members: User, name: str = "", **changes: Any) -> Schedule:
    values: dict[str, Any] = {
        "actor": ENGINE, "now": NOW, "name": name or f"Schedule {next(_numbers)}", "time_zone": "Europe/Berlin",
        "layers": [layer(*members)],
    }  # fmt: skip
    return actions.create_schedule(**{**values, **changes})


def layer(*turns: User | Sequence[User], **changes: Any) -> actions.LayerInput:
    """A layer; each turn is a person or several."""
    people = [[each.pk for each in ([turn] if isinstance(turn, User) else turn)] for turn in turns]
    values: dict[str, Any] = {"start": date(2026, 3, 2), "turns": people}
    return actions.LayerInput(**{**values, **changes})


def notify(target: User | Team | Schedule) -> Step:
    kinds = {User: "notify_user", Team: "notify_team", Schedule: "notify_schedule"}
    return Step(kinds[type(target)], target.pk)


def wait(minutes: int = 5) -> Step:
    return Step("wait", wait_minutes=minutes)


def policy(*steps: Step, name: str = "", repeat: int = 0) -> EscalationPolicy:
    return actions.create_policy(
        actor=ENGINE, now=NOW, name=name or f"Policy {next(_numbers)}", steps=steps, repeat=repeat
    )


def start(chosen: EscalationPolicy, **changes: Any) -> Escalation:
    now = changes.pop("now", NOW)
    values: dict[str, Any] = {
        "subject": SUBJECT, "subject_label": "INC-7", "policy_id": chosen.pk, "title": "Claims intake rejects uploads",
        "body": "Error rate 12 %", "facts": {"severity": "SEV1"},
    }  # fmt: skip
    wanted = actions.Start(**{**values, **changes})
    actions.start_escalations(actor=ENGINE, now=now, starts=[wanted])
    kind, key = wanted.subject.kind, wanted.subject.id
    return Escalation.objects.get(subject_kind=kind, subject_id=key, state="running")
