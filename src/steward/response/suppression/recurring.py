"""When something that recurs holds: RRULEs read as wall clock times of a zone. Pure.

A window from 22:00 to 06:00 begins when clocks in its zone show 22:00 and ends when they show 06:00, whatever they did
in between: people plan by the clock on the wall. So both ends are reckoned as local times and then turned into instants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from dateutil.rrule import rrule, rrulestr

from steward.algorithms.calendars import get_zone, to_utc

# A rule that has nothing in so long a time has nothing: 29 February is at most eight years away.
HORIZON = timedelta(days=9 * 366)
LONGEST = timedelta(days=31)
MOST_COUNT, MOST_INTERVAL, LONGEST_RULE = 1000, 366, 300
# Occurrences that touch are one run; a rule whose runs never end is looked at again after so many.
_MOST_JOINED = 50
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_PARTS = {
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH",
    "BYSETPOS", "BYHOUR",
}  # fmt: skip
# The most days a month ever has.
_LENGTHS = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1))
_SHAPE = re.compile(r"[A-Z]+=[A-Z0-9+,\-]+(;[A-Z]+=[A-Z0-9+,\-]+)*")


class RecurrenceError(ValueError):
    """A rule cannot be used; ``code`` says why: shape, part, frequency, number, until, both, never or duration."""

    def __init__(self, code: str, what: str = "") -> None:
        self.code, self.what = code, what
        super().__init__(f"{code}: {what}" if what else code)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """``rrule`` (RFC 5545, without RRULE:) says on which local times of ``zone`` it begins; each lasts ``duration``."""

    rrule: str
    duration: timedelta
    zone: str


@dataclass(frozen=True, slots=True)
class Span:
    """From ``starts`` (included) to ``ends`` (not included; None: for ever, if it recurs).

    With a recurrence it holds only in the occurrences between the two; ``starts`` is then also from where the rule
    counts, and an occurrence only if the rule says so.
    """

    starts: datetime
    ends: datetime | None
    recurrence: Recurrence | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of time in which it holds without a break."""

    begins: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is under way."""
        return self.begins <= now < self.ends


def run_of(span: Span, now: datetime) -> Run | None:
    """The run that is under way or, if none is, the next; None when it is over."""
    if span.ends is not None and (span.ends <= now or span.ends <= span.starts):
        return None
    if span.recurrence is None:
        return Run(span.starts, span.ends) if span.ends is not None else None
    found: Run | None = None
    for joined, each in enumerate(_occurrences(span, now)):
        if found is None:
            found = each
        elif each.begins <= found.ends and joined < _MOST_JOINED:
            found = Run(found.begins, max(found.ends, each.ends))
        else:
            break
    return found


def runs_between(span: Span, start: datetime, end: datetime, most: int = 100) -> list[Run]:
    """The runs that touch this time, each occurrence of its own; at most so many."""
    if span.recurrence is None:
        whole = run_of(span, span.starts)
        return [whole] if whole and whole.begins < end and whole.ends > start else []
    found: list[Run] = []
    for each in _occurrences(span, start):
        if each.begins >= end or len(found) >= most:
            break
        found.append(each)
    return found


def check(span: Span) -> None:
    """RecurrenceError if the recurrence cannot be used."""
    rule = span.recurrence
    if rule is None:
        return
    get_zone(rule.zone)
    if _names_no_day(_options(rule.rrule)):
        raise RecurrenceError("never")
    if not timedelta(minutes=1) <= rule.duration <= LONGEST:
        raise RecurrenceError("duration")
    if run_of(span, span.starts) is None:
        raise RecurrenceError("never")


def tidy(text: str) -> str:
    """The rule as it is stored: without its name, blanks and small letters."""
    return re.sub(r"\s+", "", text).upper().removeprefix("RRULE:").strip(";")


def _occurrences(span: Span, since: datetime) -> Iterator[Run]:
    """Every occurrence that ends after ``since``, in order."""
    rule = span.recurrence
    if rule is None:
        return
    zone = get_zone(rule.zone)
    first = span.starts.astimezone(zone).replace(tzinfo=None, microsecond=0)
    local_since = max(since, span.starts).astimezone(zone).replace(tzinfo=None)
    # Clocks change by at most a few hours; a day more is looked at, and the instants decide.
    earliest = local_since - rule.duration - timedelta(days=1)
    horizon = local_since + HORIZON
    last = span.ends.astimezone(zone).replace(tzinfo=None) + timedelta(days=1) if span.ends else horizon
    for local in _locals(rule.rrule, first, min(last, horizon)):
        if local < earliest:
            continue
        each = _run(local, rule, span)
        if each is not None and each.ends > since:
            yield each


def _run(local: datetime, rule: Recurrence, span: Span) -> Run | None:
    """The occurrence that begins at this local time, cut to the span."""
    begins = max(to_utc(local, rule.zone), span.starts)
    ends = to_utc(local + rule.duration, rule.zone)
    if ends <= begins:  # all of it lies in an hour that the clocks skip
        ends = begins + rule.duration
    if span.ends is not None:
        ends = min(ends, span.ends)
    return Run(begins, ends) if ends > begins else None


def _locals(text: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """The local times of the rule. COUNT is counted here, so that the search always has an end."""
    options = _options(text)
    count = int(options.pop("COUNT", 0)) or None
    made = _parsed(";".join(f"{name}={value}" for name, value in options.items()), first)
    until = min(made._until, last) if made._until else last  # type: ignore[attr-defined]
    for number, local in enumerate(made.replace(until=until)):
        if count is not None and number >= count:
            return
        yield local


def _names_no_day(options: dict[str, str]) -> bool:
    """Whether no month has such a day. A search for it would go on until the year 9999, which takes seconds."""
    months = [month for month in _numbers(options, "BYMONTH", "1,2,3,4,5,6,7,8,9,10,11,12") if month in _LENGTHS]
    days = _numbers(options, "BYMONTHDAY", "1")
    return not any(1 <= abs(day) <= _LENGTHS[month] for month in months for day in days)


def _numbers(options: dict[str, str], name: str, otherwise: str) -> list[int]:
    try:
        return [int(each) for each in options.get(name, otherwise).split(",")]
    except ValueError as error:
        raise RecurrenceError("shape", name) from error


@lru_cache(maxsize=2048)
def _parsed(text: str, first: datetime) -> rrule:
    try:
        made = rrulestr(text, dtstart=first)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise RecurrenceError("shape", str(error)[:100]) from error
    if not isinstance(made, rrule):
        raise RecurrenceError("shape")
    return made


def _options(text: str) -> dict[str, str]:
    """The parts of the rule; RecurrenceError for what we do not take."""
    if len(text) > LONGEST_RULE or not _SHAPE.fullmatch(text):
        raise RecurrenceError("shape")
    pairs = [part.split("=", 1) for part in text.split(";")]
    options = {pair[0]: pair[1] for pair in pairs}
    if len(options) < len(pairs):
        raise RecurrenceError("shape")
    for name in options:
        if name not in _PARTS:
            raise RecurrenceError("part", name)
    if options.get("FREQ") not in _FREQUENCIES:
        raise RecurrenceError("frequency")
    for name, most in (("COUNT", MOST_COUNT), ("INTERVAL", MOST_INTERVAL)):
        if name in options and not (options[name].isdecimal() and 1 <= int(options[name]) <= most):
            raise RecurrenceError("number", name)
    if "COUNT" in options and "UNTIL" in options:
        raise RecurrenceError("both")
    if "UNTIL" in options and not re.fullmatch(r"\d{8}(T\d{6})?", options["UNTIL"]):
        raise RecurrenceError("until")
    return options
