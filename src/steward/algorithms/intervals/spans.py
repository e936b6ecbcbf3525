"""What an interval means: spans of local time, any of which holds."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from steward.algorithms.calendars import get_zone, to_utc

DAY: Final = 24 * 60
HORIZON: Final = 3660
"""Days that are searched for the next change: ten years."""
MOST_STEPS: Final = 1000

Range = tuple[int, int]
"""From and to, both included (of minutes the end is not)."""


@dataclass(frozen=True)
class Span:
    """Moments whose local time satisfies every field; an empty field is satisfied by all of them."""

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    """0 is Sunday."""
    days_of_month: tuple[Range, ...] = ()
    """-1 is the last day of the month."""
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    location: str = "UTC"

    @cached_property
    def zone(self) -> ZoneInfo:
        return get_zone(self.location)

    def contains(self, moment: datetime) -> bool:
        """Whether the clocks of the span's zone show a time that is in it."""
        local = moment.astimezone(self.zone)
        if self.times and not _within(local.hour * 60 + local.minute, ((a, b - 1) for a, b in self.times)):
            return False
        return self.has_day(local.date())

    def has_day(self, day: date) -> bool:
        """Whether some moment of this day may be in the span."""
        if self.years and not _within(day.year, self.years):
            return False
        if self.months and not _within(day.month, self.months):
            return False
        if self.weekdays and not _within(day.isoweekday() % 7, self.weekdays):
            return False
        return not self.days_of_month or self._has_day_of_month(day)

    def _has_day_of_month(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        for begin, end in self.days_of_month:
            first = begin if begin > 0 else last + begin + 1
            until = end if end > 0 else last + end + 1
            # As Alertmanager: a range that begins after the month's end is none; one that reaches over it is cut.
            if first <= last and max(first, -last) <= day.day <= min(until, last):
                return True
        return False

    def next_change(self, after: datetime) -> datetime | None:
        """The first moment after this one at which ``contains`` says something else; None within ten years."""
        state = self.contains(after)
        # A day early: clocks that go back over midnight show the day before again.
        day = after.astimezone(self.zone).date() - timedelta(days=1)
        for _n in range(HORIZON):
            found = self._change_on(day, after, state)
            if found is not None:
                # For the same reason the next day may have begun before this one was over.
                early = self._change_on(day + timedelta(days=1), after, state)
                return found if early is None else min(found, early)
            day += timedelta(days=1)
        return None

    def _change_on(self, day: date, after: datetime, state: bool) -> datetime | None:
        if self._is_settled(day, state):
            return None
        moments = sorted(moment for moment in self._moments(day) if moment > after)
        return next((moment for moment in moments if self.contains(moment) != state), None)

    def _is_settled(self, day: date, state: bool) -> bool:
        """Whether nothing changes on this day or with its beginning, seen from the state before it."""
        return not self.times and self.has_day(day) if state else not self.has_day(day)

    def _moments(self, day: date) -> list[datetime]:
        """Every moment of this local day at which the state may change: the span's own minutes, midnight, and a change
        of the clocks."""
        minutes = {0, *(minute for pair in self.times for minute in pair)}
        found = [moment for minute in minutes for moment in self._instants(day, minute)]
        begin, end = (to_utc(datetime.combine(each, time()), self.location) for each in (day, day + timedelta(days=1)))
        if begin.astimezone(self.zone).utcoffset() != end.astimezone(self.zone).utcoffset():
            found.append(_clock_change(begin, end, self.zone))
        return found

    def _instants(self, day: date, minute: int) -> list[datetime]:
        """When the clocks show this minute: once, twice, or (skipped) the end of the gap."""
        local = datetime.combine(day, time()) + timedelta(minutes=minute)
        return [to_utc(local, self.location), local.replace(tzinfo=self.zone, fold=1).astimezone(UTC)]


@dataclass(frozen=True)
class Interval:
    """Spans; a moment is in the interval if it is in one of them."""

    spans: tuple[Span, ...]

    def contains(self, moment: datetime) -> bool:
        """Whether the moment (with a zone) is in the interval."""
        return any(span.contains(moment) for span in self.spans)

    def next_change(self, after: datetime) -> datetime | None:
        """The first moment after this one that is in the interval if this one is not, and the other way round; None
        if the search (ten years, a thousand changes of single spans) finds none."""
        state = self.contains(after)
        moment = after
        for _n in range(MOST_STEPS):
            changes = [change for span in self.spans if (change := span.next_change(moment)) is not None]
            if not changes:
                return None
            moment = min(changes)
            if self.contains(moment) != state:
                return moment
        return None


def _within(number: int, ranges: Iterable[Range]) -> bool:
    return any(low <= number <= high for low, high in ranges)


def _clock_change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The first second in (begin, end] with the offset of ``end``."""
    offset = end.astimezone(zone).utcoffset()
    low, high = 0, int((end - begin).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (begin + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return begin + timedelta(seconds=high)
