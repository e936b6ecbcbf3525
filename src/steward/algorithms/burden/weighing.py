"""What a stretch of time on call is made of."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, time

from steward.algorithms.calendars.wall import DAY, SECOND, Wall, instant_of, local_of

NIGHT = (time(22), time(7))
"""From when to when people sleep, by their own clock."""
WEEKEND = frozenset({5, 6})
"""Saturday and Sunday; Monday is 0."""
_MORNING, _EVENING = NIGHT[1].hour * 3600 * SECOND, NIGHT[0].hour * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Home:
    """Where a person lives: the clock, and the public holidays (days of that clock)."""

    zone: str = "UTC"
    holidays: Set[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Weight:
    """Seconds of a stretch, and how many of them are at night, at a weekend, on a public holiday (they may overlap)."""

    total: int = 0
    night: int = 0
    weekend: int = 0
    holiday: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(
            self.total + other.total, self.night + other.night, self.weekend + other.weekend,
            self.holiday + other.holiday,
        )  # fmt: skip


def weigh(start: datetime, end: datetime, home: Home) -> Weight:
    """What the time from ``start`` until just before ``end`` is made of, for who lives there."""
    first, last = instant_of(start), instant_of(end)
    if last <= first:
        return Weight()
    wall = Wall(home.zone, first, last)
    night = weekend = holiday = 0
    midnight = wall.at(first) // DAY * DAY - DAY
    while (begins := wall.instant(midnight)) < last:
        ends = wall.instant(midnight + DAY)
        inside = _part(begins, ends, first, last)
        if inside:
            day = local_of(midnight).date()
            night += _part(begins, wall.instant(midnight + _MORNING), first, last)
            night += _part(wall.instant(midnight + _EVENING), ends, first, last)
            weekend += inside if day.weekday() in WEEKEND else 0
            holiday += inside if day in home.holidays else 0
        midnight += DAY
    return Weight((last - first) // SECOND, night // SECOND, weekend // SECOND, holiday // SECOND)


def is_night(moment: datetime, home: Home) -> bool:
    """Does the person sleep then?"""
    instant = instant_of(moment)
    clock = Wall(home.zone, instant, instant).at(instant) % DAY
    return clock < _MORNING or clock >= _EVENING


def _part(start: int, end: int, first: int, last: int) -> int:
    return max(0, min(end, last) - max(start, first))
