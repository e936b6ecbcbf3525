"""What writing silences and windows has in common: checking when they hold, and setting their clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from steward.algorithms.calendars import ZoneError
from steward.algorithms.matching import Matcher
from steward.foundation.actors import Actor
from steward.response.suppression.models import Planned, Stamp
from steward.response.suppression.recurring import Recurrence, RecurrenceError, Span, check, run_of, tidy

LONGEST_TEXT = 4000
MOST_MATCHERS = 50
CLOCK_FIELDS = ["due_at", "leased_until", "holds_from", "holds_until", "running", "noticed_at"]
PLAN_FIELDS = ["starts_at", "ends_at", "rrule", "duration", "time_zone"]

Problems = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """When something shall hold, as a door asks for it. Without ``rrule`` the other two mean nothing."""

    starts_at: datetime
    ends_at: datetime | None
    rrule: str = ""
    duration: timedelta | None = None
    time_zone: str = ""

    @property
    def span(self) -> Span:
        recurs = Recurrence(self.rrule, self.duration or timedelta(), self.time_zone) if self.rrule else None
        return Span(self.starts_at, self.ends_at, recurs)

    def tidied(self) -> Plan:
        """As it is stored."""
        rule = tidy(self.rrule)
        if not rule:
            return Plan(self.starts_at, self.ends_at)
        return Plan(self.starts_at, self.ends_at, rule, self.duration, self.time_zone.strip())


def plan_of(row: Planned) -> Plan:
    """The plan that a row has."""
    return Plan(row.starts_at, row.ends_at, row.rrule, row.duration, row.time_zone)


def put(row: Planned, plan: Plan) -> None:
    """Write the plan into the row's columns (unsaved)."""
    for field in PLAN_FIELDS:
        setattr(row, field, getattr(plan, field))


def check_plan(plan: Plan, now: datetime) -> Problems:
    """What is wrong with it, by form field."""
    if plan.starts_at.tzinfo is None or (plan.ends_at is not None and plan.ends_at.tzinfo is None):
        return {"starts_at": [_("Times need a time zone, such as 2026-03-01T09:00:00+01:00.")]}
    if not all(1990 <= each.year <= 2200 for each in (plan.starts_at, plan.ends_at) if each is not None):
        return {"starts_at": [_("Choose times between 1990 and 2200.")]}
    if plan.ends_at is None and not plan.rrule:
        return {"ends_at": [_("Say when it ends. Only what recurs may go on without an end.")]}
    if plan.ends_at is not None and plan.ends_at <= plan.starts_at:
        return {"ends_at": [_("It must end after it starts.")]}
    if plan.ends_at is not None and plan.ends_at <= now:
        return {"ends_at": [_("This end has passed already.")]}
    return _check_recurrence(plan, now) if plan.rrule else {}


def _check_recurrence(plan: Plan, now: datetime) -> Problems:
    try:
        check(plan.span)
    except ZoneError:
        return {"time_zone": [_("Choose a time zone such as Europe/Berlin.")]}
    except RecurrenceError as error:
        field = "duration" if error.code == "duration" else "rrule"
        return {field: [_rule_problem(error)]}
    if run_of(plan.span, now) is None:
        return {"rrule": [_("This recurrence has nothing after now. Move its start or end, or change the rule.")]}
    return {}


def _rule_problem(error: RecurrenceError) -> str:
    texts = {
        "shape": _("Write a recurrence as in RFC 5545, such as FREQ=WEEKLY;BYDAY=SU."),
        "part": _("%(what)s is not supported. Use FREQ, INTERVAL, COUNT, UNTIL, WKST and BY… down to the hour."),
        "frequency": _("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
        "number": _("%(what)s must be a number from 1 up to 366, COUNT up to 1000."),
        "until": _("Write UNTIL as local time without Z: 20261231 or 20261231T235900."),
        "both": _("Use COUNT or UNTIL, not both."),
        "never": _("This rule never happens between its start and its end."),
        "duration": _("An occurrence lasts from a minute to 31 days."),
    }
    return texts[error.code] % {"what": error.what}


def check_matchers(matchers: Sequence[Matcher]) -> list[str]:
    """What is wrong with a list of matchers apart from their own grammar."""
    if len(matchers) > MOST_MATCHERS:
        return [_("At most %(count)s matchers.") % {"count": MOST_MATCHERS}]
    if any("\0" in each.name or "\0" in each.value for each in matchers):
        return [_("A matcher contains a NUL character.")]
    return []


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a row's run: it ``began``, or one that held before ``ended``."""

    began: bool
    ended: bool


def settle(row: Planned, now: datetime, notice: timedelta | None = None) -> Settled:
    """Set the clock's columns to what the plan says at ``now`` (unsaved); the row is locked by the caller."""
    run, before = run_of(row.span, now), row.run
    holds = run is not None and run.holds(now)
    # One that came and went while no engine ran has ended too.
    missed = before is not None and not row.running and before.ends <= now
    settled = Settled(began=holds and not row.running, ended=(row.running and not holds) or missed)
    row.holds_from, row.holds_until = (run.begins, run.ends) if run else (None, None)
    row.running, row.leased_until = holds, None
    moments = [run.ends if holds else run.begins] if run else []
    if run and notice is not None and row.noticed_at is None and row.ends_at is not None:
        moments.append(row.ends_at - notice)
    row.due_at = min(moments, default=None)
    return settled


def stamp() -> None:
    """Tell every process that what it remembers is old; before the event, so that subscribers see the change."""
    Stamp.objects.update(token=uuid.uuid4())


def author_of(actor: Actor) -> tuple[int | None, str]:
    """Whose it is: the person's key if it is one, and the name to show."""
    return actor.user_id, actor.label[:200]


def clean_text(text: str, longest: int = LONGEST_TEXT) -> str:
    return text.replace("\0", "").strip()[:longest]
