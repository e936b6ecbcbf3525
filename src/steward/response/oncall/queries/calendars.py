"""Shifts that calendars say, in the terms of the algorithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.foundation.actors import Actor, system
from steward.people.accounts import queries as accounts
from steward.response.oncall.errors import CalendarNotFound
from steward.response.oncall.models import Calendar, CalendarShift, Schedule
from steward.response.oncall.rules.calendars import Person

_READER = system("on-call")

# Above every layer of turns: a calendar whose shifts are overrides covers them all.
ABOVE_LAYERS = 1000


@dataclass(frozen=True)
class Entry:
    """What one calendar says at one priority: a layer for the algorithm, and the shifts that it is made of."""

    name: str
    listed: rotation.Listed
    shifts: tuple[CalendarShift, ...]


@dataclass(frozen=True)
class CalendarState:
    """How a calendar that a schedule takes shifts from is doing."""

    pk: int
    name: str
    error: str
    read_at: datetime | None
    problems: bool

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> CalendarState:
        when = datetime.fromisoformat(stored["read_at"]) if stored["read_at"] else None
        return cls(stored["pk"], stored["name"], stored["error"], when, bool(stored["problems"]))


def states_of_calendars() -> ArraySubquery:
    """The state of each calendar of a schedule, in the schedule's own query."""
    columns = {name: name for name in ("pk", "name", "error", "read_at", "problems")}
    return ArraySubquery(
        Calendar.objects.filter(schedule=OuterRef("pk")).order_by("name").values(made=JSONObject(**columns))
    )


def entries_of(shifts: Sequence[CalendarShift]) -> list[Entry]:
    """The shifts by calendar and priority."""
    found: dict[tuple[int, int], list[CalendarShift]] = {}
    for each in shifts:
        priority = each.priority + (ABOVE_LAYERS if each.calendar.as_overrides else 0)
        found.setdefault((each.calendar_id, priority), []).append(each)
    return [
        Entry(
            of[0].calendar.name,
            rotation.Listed(
                tuple(rotation.Span(each.start_at, each.end_at, each.user_id) for each in of), priority
            ),
            tuple(of),
        )
        for (_calendar, priority), of in sorted(found.items())
    ]  # fmt: skip


def everybody() -> list[Person]:
    """Everybody whom an event may mean: active people of our own organisation."""
    found = accounts.users(_READER).filter(is_active=True, organisation__kind="home").order_by("pk")
    return [Person(*each) for each in found.values_list("pk", "name", "username", "email")]


def calendars_of(schedule: Schedule) -> list[Calendar]:
    """The calendars that a schedule takes shifts from, without their contents."""
    return list(schedule.calendars.defer("content"))


def calendar_by_id(actor: Actor, calendar_id: int) -> Calendar:
    """One calendar; CalendarNotFound otherwise."""
    seen = Schedule.objects.visible_to(actor)
    found = (
        Calendar.objects.defer("content").select_related("schedule").filter(pk=calendar_id, schedule__in=seen).first()
    )
    if found is None:
        raise CalendarNotFound(_("There is no such calendar; it may have been removed already."))
    return found


def people_of_calendar(calendar: Calendar, now: datetime) -> list[Any]:
    """Everybody whom a calendar puts on call from now on, with how many shifts."""
    counted = calendar.shifts.filter(end_at__gt=now).order_by().values_list("user_id").annotate(count=Count("pk"))
    counts = dict(counted)
    return [
        {"user": user, "count": counts[user.pk]}
        for user in accounts.users(_READER).filter(pk__in=counts).order_by("name")
    ]


def problem_words(code: str, text: str) -> tuple[str, str]:
    """What is wrong with an event, and what to do about it."""
    said = {
        "unknown": (
            _("“%(text)s” is nobody here"),
            _("Write a name, user name or e-mail address as it stands in Steward into the title, or invite the person."),
        ),
        "ambiguous": (
            _("“%(text)s” is the name of several people"), _("Write the e-mail address or the user name instead."),
        ),
        "no-length": (_("“%(text)s” has no length"), _("Give the event an end.")),
        "too-long": (_("“%(text)s” is longer than a year"), _("Split the event, or let it repeat.")),
        "too-often": (_("“%(text)s” repeats more often than hourly"), _("Let the event repeat hourly at most.")),
        "zone": (
            _("The time zone “%(text)s” is not known"),
            _("The schedule's zone was taken. Choose a zone such as Europe/Berlin."),
        ),
        "unreadable": (
            _("“%(text)s” cannot be read"), _("Open the event in your calendar program and save it anew."),
        ),
    }  # fmt: skip
    what, remedy = said.get(code) or said["unreadable"]
    return what % {"text": text}, remedy
