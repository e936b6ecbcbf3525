"""From what people write (Alertmanager's ``time_intervals``) to spans, with errors that say what to change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from steward.algorithms.calendars import ZoneError, get_zone
from steward.algorithms.intervals.spans import DAY, Interval, Range, Span
from steward.algorithms.matching.errors import Words
from steward.algorithms.matching.errors import gettext_noop as _

MOST_SPANS: Final = 100
MOST_RANGES: Final = 100
WEEKDAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
_FIELDS: Final = ("times", "weekdays", "days_of_month", "months", "years", "location")


class IntervalError(ValueError):
    """A time interval cannot be understood; the message says what to change."""

    def __init__(self, message: str, **values: object) -> None:
        self.words = Words(message, **values)
        super().__init__(str(self.words))


def parse(spec: Any) -> Interval:
    """Read a list of spans (or one): objects with times, weekdays, days_of_month, months, years and location."""
    spans = [spec] if isinstance(spec, Mapping) else spec
    if not isinstance(spans, list | tuple) or not spans:
        raise IntervalError(
            _("A time interval is a list of at least one object with times, weekdays, months and so on.")
        )
    if len(spans) > MOST_SPANS:
        raise IntervalError(_("A time interval has at most %(most)s entries."), most=MOST_SPANS)
    return Interval(tuple(_span(each) for each in spans))


def _span(given: Any) -> Span:
    if not isinstance(given, Mapping):
        raise IntervalError(_("Every entry of a time interval is an object with times, weekdays, months and so on."))
    unknown = [str(name) for name in given if name not in _FIELDS]
    if unknown:
        text = _("“%(name)s” is not known here; use times, weekdays, days_of_month, months, years and location.")
        raise IntervalError(text, name=unknown[0])
    return Span(
        times=_ranges(given, "times", _times),
        weekdays=_ranges(given, "weekdays", _weekdays),
        days_of_month=_ranges(given, "days_of_month", _days),
        months=_ranges(given, "months", _months),
        years=_ranges(given, "years", _years),
        location=_location(given.get("location")),
    )


def _ranges(given: Mapping[str, Any], name: str, read: Callable[[Any], Range]) -> tuple[Range, ...]:
    values = given.get(name)
    if values is None:
        return ()
    if not isinstance(values, list | tuple):
        raise IntervalError(_("“%(name)s” must be a list."), name=name)
    if not values:
        # Alertmanager takes this as "never", which hardly anybody means.
        raise IntervalError(_("“%(name)s” is an empty list: leave it out if any will do."), name=name)
    if len(values) > MOST_RANGES:
        raise IntervalError(_("“%(name)s” has more than %(most)s entries."), name=name, most=MOST_RANGES)
    return tuple(read(value) for value in values)


def _location(given: Any) -> str:
    if given is None or given == "":
        return "UTC"
    if given == "Local":
        text = _("“Local” means another zone on every machine; name the zone, for example Europe/Berlin.")
        raise IntervalError(text)
    try:
        return get_zone(str(given)).key
    except ZoneError as error:
        text = _("“%(zone)s” is not an IANA time zone; use a name such as Europe/Berlin or UTC.")
        raise IntervalError(text, zone=given) from error


def _times(given: Any) -> Range:
    if not isinstance(given, Mapping) or set(given) != {"start_time", "end_time"}:
        raise IntervalError(_("Every entry of “times” has start_time and end_time, such as 09:00 and 17:00."))
    start, end = (_minute(given[name]) for name in ("start_time", "end_time"))
    if start >= end:
        text = _(
            "start_time %(start)s is not before end_time %(end)s; for a night write two entries, up to 24:00 and from 00:00."
        )
        raise IntervalError(text, start=given["start_time"], end=given["end_time"])
    return start, end


def _minute(given: Any) -> int:
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise IntervalError(_("“%(time)s” is not a time of day; write hours and minutes, 00:00 to 24:00."), time=given)
    return DAY if found[3] else int(found[1]) * 60 + int(found[2])


def _weekdays(given: Any) -> Range:
    return _in_order(
        given, lambda text: _named(text, WEEKDAYS, 0, _("“%(word)s” is not a weekday; write monday to sunday."))
    )


def _months(given: Any) -> Range:
    def read(text: str) -> int:
        if text.isdecimal() and 1 <= int(text) <= 12:
            return int(text)
        return _named(text, MONTHS, 1, _("“%(word)s” is not a month; write january to december, or 1 to 12."))

    return _in_order(given, read)


def _years(given: Any) -> Range:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) == 4):
            raise IntervalError(_("“%(word)s” is not a year; write four digits."), word=text)
        return int(text)

    return _in_order(given, read)


def _days(given: Any) -> Range:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,2}", text) or not 1 <= abs(int(text)) <= 31:
            raise IntervalError(
                _("“%(word)s” is not a day of the month; write 1 to 31, or -1 for the last day to -31."), word=text
            )
        return int(text)

    begin, end = _in_order(given, read, ordered=False)
    if begin < 0 < end:
        raise IntervalError(
            _("“%(range)s” begins at the month's end and ends at its start; count both the same way."), range=given
        )
    # As Alertmanager compares them: in a month of 30 days or so.
    if (begin if begin > 0 else 30 + begin) > (end if end > 0 else 30 + end):
        raise _backwards(given)
    return begin, end


def _named(text: str, names: tuple[str, ...], first: int, message: str) -> int:
    if text.lower() not in names:
        raise IntervalError(message, word=text)
    return names.index(text.lower()) + first


def _in_order(given: Any, read: Callable[[str], int], *, ordered: bool = True) -> Range:
    """One value or two with a colon between them."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise IntervalError(_("“%(value)s” is neither a value nor a range such as 1:5."), value=given)
    start, colon, end = (part.strip() for part in str(given).partition(":"))
    found = read(start), read(end if colon else start)
    if ordered and found[0] > found[1]:
        raise _backwards(given)
    return found


def _backwards(given: Any) -> IntervalError:
    return IntervalError(_("“%(range)s” runs backwards; split it in two."), range=given)
