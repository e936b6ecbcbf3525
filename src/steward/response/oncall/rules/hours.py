"""Hours of the week in a zone, as conditions of steps name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from steward.algorithms.calendars import ZoneError, get_zone
from steward.algorithms.intervals import Interval, Span

_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """From ``start`` to ``end`` ("HH:MM", the end not included) on these days (0 is Monday) by the clocks of ``zone``.

    An end that is not after the start is of the next day: 22:00 to 06:00 on Friday ends on Saturday morning; equal times
    are whole days.
    """

    days: tuple[int, ...]
    start: str
    end: str
    zone: str

    @cached_property
    def _interval(self) -> Interval:
        begin, end = minutes(self.start), minutes(self.end)
        if begin is None or end is None:
            raise ValueError(f"{self.start} to {self.end} are no hours")
        days = tuple(((day + 1) % 7, (day + 1) % 7) for day in self.days)
        if end > begin:
            return Interval((Span(times=((begin, end),), weekdays=days, location=self.zone),))
        spans = [Span(times=((begin, _DAY),), weekdays=days, location=self.zone)]
        if end:
            after = tuple(((low + 1) % 7, (high + 1) % 7) for low, high in days)
            spans.append(Span(times=((0, end),), weekdays=after, location=self.zone))
        return Interval(tuple(spans))

    def hold(self, moment: datetime) -> bool:
        """Whether the moment is within these hours."""
        return self._interval.contains(moment)

    def begin_after(self, moment: datetime) -> datetime:
        """When they hold next: the moment itself if they do."""
        if self.hold(moment):
            return moment
        found = self._interval.next_change(moment)
        # Hours with a day in them always begin within two weeks; never wait for what never comes.
        return moment if found is None else found.astimezone(UTC)

    def to_json(self) -> dict[str, Any]:
        return {"days": list(self.days), "start": self.start, "end": self.end, "zone": self.zone}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Hours:
        return cls(tuple(stored["days"]), stored["start"], stored["end"], stored["zone"])


def minutes(text: str) -> int | None:
    """The minute of the day that "HH:MM" names; None for anything else."""
    hour, colon, minute = text.partition(":")
    if not colon or not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()):
        return None
    if len(hour) > 2 or len(minute) != 2 or int(hour) > 23 or int(minute) > 59:
        return None
    return int(hour) * 60 + int(minute)


def wrong_with(hours: Hours) -> str | None:
    """What keeps these from being hours: days, times, zone; None when nothing does."""
    if not hours.days or not all(0 <= day <= 6 for day in hours.days) or len(set(hours.days)) != len(hours.days):
        return "days"
    if minutes(hours.start) is None or minutes(hours.end) is None:
        return "times"
    try:
        get_zone(hours.zone)
    except ZoneError:
        return "zone"
    return None
