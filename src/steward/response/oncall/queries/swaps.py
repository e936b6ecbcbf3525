"""Requests for cover, and shifts that need some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from steward.foundation.actors import Actor
from steward.people.workforce import queries as workforce
from steward.people.workforce.queries import Absence
from steward.response.oncall.models import Schedule, Swap, SwapState
from steward.response.oncall.queries.schedules import AROUND, Roster, ShiftView, rosters, schedules, taking_part

if TYPE_CHECKING:
    from steward.people.accounts.models import User

AHEAD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Need:
    """A shift, or the part of it in which its person is away: somebody else should take it. ``swap`` asks already."""

    shift: ShiftView
    absence: Absence
    start: datetime
    end: datetime
    swap: Swap | None = None


@dataclass(frozen=True, slots=True)
class Mine:
    """A person's shifts ahead, what they ask for, and what they are asked."""

    shifts: tuple[ShiftView, ...]
    needs: tuple[Need, ...]
    asked: tuple[Swap, ...]
    offers: tuple[Swap, ...]


def swaps(actor: Actor) -> QuerySet[Swap]:
    """Requests for cover in schedules that this actor sees."""
    found = Swap.objects.filter(schedule__in=schedules(actor))
    return found.select_related("schedule", "asker", "offered_to", "taken_by")


def open_swaps(schedule_ids: Iterable[int], now: datetime) -> list[Swap]:
    """What is open in these schedules, the next first."""
    found = Swap.objects.filter(schedule__in=list(schedule_ids), state=SwapState.OPEN, end_at__gt=now)
    return list(found.select_related("schedule", "asker", "offered_to").order_by("start_at", "id"))


def needs(
    found: Sequence[Roster], now: datetime, end: datetime, asked: Iterable[Swap] = (),
    away: Mapping[int, Sequence[Absence]] | None = None,
) -> list[Need]:  # fmt: skip
    """Where the person of a shift is on leave or has a public holiday, the next first: one query, or none when it is
    known who is ``away``."""
    shifts = [shift for roster in found for shift in roster.between(now, end)]
    people: dict[int, User] = {shift.user.pk: shift.user for shift in shifts}
    if away is None:
        away = workforce.absences(people.values(), now, end)
    waiting = list(asked)
    needed = [
        _need(shift, absence, waiting)
        for shift in shifts
        for absence in away.get(shift.user.pk, ())
        if absence.overlaps(shift.start, shift.end)
    ]
    return sorted(needed, key=lambda each: (each.start, each.shift.schedule))


def needs_of(actor: Actor, now: datetime, ahead: timedelta = AHEAD) -> list[Need]:
    """What needs cover in all schedules that this actor sees."""
    found = rosters(schedules(actor), now - AROUND, now + ahead)
    return needs(found, now, now + ahead, open_swaps([each.schedule.pk for each in found], now))


def mine(actor: Actor, now: datetime, ahead: timedelta) -> Mine:
    """The actor's own shifts in the next time, and the requests for cover they have to do with."""
    key = actor.user_id
    own = Schedule.objects.visible_to(actor).filter(
        pk__in=Schedule.objects.filter(taking_part(key or 0, now)).values("pk")
    )
    found = rosters(own, now - AROUND, now + ahead)
    everything = list(swaps(actor).filter(state=SwapState.OPEN, end_at__gt=now))
    asked = list(swaps(actor).filter(asker_id=key, end_at__gt=now - timedelta(days=7)))
    # Cut to the range, the present shift would seem to begin now.
    present = [shift for roster in found for shift in roster.at(now)]
    later = [shift for roster in found for shift in roster.between(now, now + ahead) if shift.start > now]
    own_shifts = [shift for shift in (*present, *later) if shift.user.pk == key]
    return Mine(
        shifts=tuple(sorted(own_shifts, key=lambda each: each.start)),
        needs=tuple(need for need in needs(found, now, now + ahead, everything) if need.shift.user.pk == key),
        asked=tuple(asked),
        offers=tuple(each for each in everything if each.asker_id != key and each.offered_to_id in (None, key)),
    )


def _need(shift: ShiftView, absence: Absence, waiting: Iterable[Swap]) -> Need:
    start, end = max(shift.start, absence.start), min(shift.end, absence.end)
    swap = next(
        (
            each for each in waiting
            if each.schedule_id == shift.schedule_id and each.asker_id == shift.user.pk
            and each.start_at < end and each.end_at > start
        ),
        None,
    )  # fmt: skip
    return Need(shift, absence, start, end, swap)
