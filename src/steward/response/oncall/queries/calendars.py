"""Shifts that calendars say, in the terms of the algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steward.algorithms import rotation
from steward.response.oncall.models import CalendarShift

# Above every layer of turns: a calendar whose shifts are overrides covers them all.
ABOVE_LAYERS = 1000


@dataclass(frozen=True)
class Entry:
    """What one calendar says at one priority: a layer for the algorithm, and the shifts that it is made of."""

    name: str
    listed: rotation.Listed
    shifts: tuple[CalendarShift, ...]


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
