"""Days off as instants. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

LEAVE: Literal["leave"] = "leave"
HOLIDAY: Literal["holiday"] = "holiday"


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days from the first to the last, both included; ``name`` is the holiday's, empty for leave."""

    first: date
    last: date
    kind: Literal["leave", "holiday"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """From ``start`` until just before ``end`` (UTC) a person does not work."""

    start: datetime
    end: datetime
    kind: Literal["leave", "holiday"]
    name: str = ""

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Does it take away any of the time from ``start`` until ``end``?"""
        return self.start < end and self.end > start


def absences(days: Iterable[DaysOff], zone: str) -> list[Absence]:
    """The days as instants in the person's zone, in order. A midnight that the clocks skip is the first moment after."""
    found = [
        Absence(_midnight(each.first, zone), _midnight(each.last + timedelta(days=1), zone), each.kind, each.name)
        for each in days
    ]
    return sorted(found, key=lambda each: (each.start, each.end))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
