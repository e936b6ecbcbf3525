"""Many readings of one zone's wall clock, fast: all times are whole microseconds since 1970.

A wall time is what the clock shows, counted as if the zone were UTC; an instant is UTC.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from steward.algorithms.calendars.zones import get_zone

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock has no zone)


def instant_of(moment: datetime) -> int:
    """An aware moment as an instant."""
    return (moment - EPOCH) // _TICK


def moment_of(instant: int) -> datetime:
    """An instant as a moment in UTC."""
    return EPOCH + timedelta(microseconds=instant)


def wall_of(local: datetime) -> int:
    """A naive local time as a wall time."""
    return (local - _WALL_EPOCH) // _TICK


def local_of(wall: int) -> datetime:
    """A wall time as a naive local time."""
    return _WALL_EPOCH + timedelta(microseconds=wall)


class Wall:
    """The wall clock of a zone around the instants from ``first`` to ``last``, and up to four days off them."""

    __slots__ = ("_ends", "_offsets", "_starts")

    def __init__(self, zone: str, first: int, last: int) -> None:
        begin, end = moment_of(first - 4 * DAY).year, moment_of(last + 4 * DAY).year
        changes = [change for year in range(begin, end + 1) for change in _changes(zone, year)]
        opening = datetime(begin, 1, 1, tzinfo=UTC).astimezone(get_zone(zone))
        self._starts = [-(2**62), *(start for start, _offset in changes)]
        self._offsets = [_offset(opening), *(offset for _start, offset in changes)]
        # Until which wall time each stretch between two changes is the first to show a time.
        ends = [start + offset for start, offset in zip(self._starts[1:], self._offsets, strict=False)]
        self._ends = list(accumulate(ends, max))

    def at(self, instant: int) -> int:
        """What the clock shows at an instant."""
        return instant + self._offsets[bisect_right(self._starts, instant) - 1]

    def instant(self, wall: int) -> int:
        """When the clock shows this; as :func:`to_utc`, a skipped time is the end of the gap, a repeated one its
        first showing. Never decreasing."""
        stretch = bisect_right(self._ends, wall)
        return max(wall - self._offsets[stretch], self._starts[stretch])


@lru_cache(maxsize=1024)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """When the clocks of a zone change in a year of UTC, each with the offset from then on."""
    info = get_zone(zone)
    found = []
    start = instant_of(datetime(year, 1, 1, tzinfo=UTC))
    end = instant_of(datetime(year + 1, 1, 1, tzinfo=UTC))
    before = _offset(moment_of(start).astimezone(info))
    for day in range(start, end, DAY):
        after = _offset(moment_of(day + DAY).astimezone(info))
        if after != before:
            found.append((_change(day, day + DAY, after, info), after))
        before = after
    return tuple(found)


def _change(early: int, late: int, offset: int, info: ZoneInfo) -> int:
    """The first instant in (early, late] with the offset of ``late``; zones change on whole seconds."""
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        if _offset(moment_of(middle).astimezone(info)) == offset:
            late = middle
        else:
            early = middle
    return late


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return offset // _TICK if offset is not None else 0
