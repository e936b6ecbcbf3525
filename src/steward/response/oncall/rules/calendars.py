"""Shifts from a calendar file: which events, at what times, of what priority, and whom they mean. Imports no Django."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from icalendar.error import BrokenCalendarProperty
from recurring_ical_events.errors import InvalidCalendar

MOST_EVENTS = 5_000
MOST_SHIFTS = 20_000
LONGEST = timedelta(days=366)
# More often than this a day, nobody hands over; such rules only make us count for ever.
MOST_A_DAY = 24
# What a wrongly written event makes the libraries raise.
_BROKEN = (InvalidCalendar, BrokenCalendarProperty, ValueError, TypeError, AttributeError, OverflowError, KeyError)
_PREFIX = re.compile(r"^\s*\[L(\d)\]\s*", re.IGNORECASE)
_MAIL = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+")
_DECORATION = re.compile(r"\s+[-–—·|]\s+|:\s+|[()\[\]]")
_BETWEEN = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|und|et|y)\s+", re.IGNORECASE)


class Unreadable(ValueError):
    """The file is no calendar that can be used; ``code`` says why: empty, broken, too-many."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom an event may mean."""

    id: int
    name: str
    username: str
    email: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Events that put nobody (or not everybody) on call. ``code`` is unknown, ambiguous, no-length, too-long, too-often,
    zone (not known: the schedule's is taken) or unreadable, ``text`` the name, zone or event, ``count`` how many."""

    code: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Said:
    """One person on call by one event; ``key`` names the event and its repetition and stays when it is moved."""

    person: int
    start: datetime
    end: datetime
    priority: int | None
    key: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar says in a range: ``events`` is how many events of it there are."""

    shifts: tuple[Said, ...]
    problems: tuple[Problem, ...]
    events: int


@dataclass(slots=True)
class _Found:
    shifts: list[Said] = field(default_factory=list)
    problems: dict[tuple[str, str], int] = field(default_factory=dict)
    events: int = 0

    def complain(self, code: str, text: str) -> None:
        key = code, " ".join(text.split())[:120]
        self.problems[key] = self.problems.get(key, 0) + 1


class Book:
    """People by their e-mail address, user name and name."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._exact: dict[str, set[int]] = {}
        self._names: dict[str, set[int]] = {}
        for each in people:
            for known in filter(None, (each.email, each.username)):
                self._exact.setdefault(plain(known), set()).add(each.id)
            self._names.setdefault(plain(each.name), set()).add(each.id)

    def find(self, text: str) -> set[int]:
        """Everybody of this address, user name or (if there is none) name; more than one is ambiguous."""
        return self._exact.get(plain(text)) or self._names.get(plain(text)) or set()

    def meant(self, summary: str, invited: Sequence[str], organizer: str) -> tuple[list[int], list[tuple[str, str]]]:
        """Whom an event means, and what of it is (unknown or ambiguous, with the text). What the title says comes
        first, then who is invited, then who made it."""
        people, wrong = self._in_title(summary)
        if people:
            return people, wrong
        for candidates in (invited, [organizer] if organizer else []):
            found = [(text, self.find(text)) for text in candidates]
            known = [next(iter(ids)) for _text, ids in found if len(ids) == 1]
            if known:
                return list(dict.fromkeys(known)), []
        return [], wrong or [("unknown", summary or ", ".join(invited) or organizer)]

    def _in_title(self, summary: str) -> tuple[list[int], list[tuple[str, str]]]:
        """The part of the title in which most is known; "On call: Ann, Bob - App" means Ann and Bob."""
        whole = self.find(summary)
        if len(whole) == 1:
            return list(whole), []
        best: tuple[list[int], list[tuple[str, str]]] = ([], [("ambiguous", summary)] if whole else [])
        for part in _DECORATION.split(summary):
            names = [each for each in _BETWEEN.split(part.strip()) if each]
            known: list[int] = []
            wrong: list[tuple[str, str]] = []
            for name in names:
                ids = self.find(name)
                if len(ids) == 1:
                    known.extend(ids)
                else:
                    wrong.append(("ambiguous" if ids else "unknown", name))
            if len(known) > len(best[0]) or (not best[0] and any(code == "ambiguous" for code, _text in wrong)):
                best = known, wrong
        mails = [next(iter(ids)) for ids in map(self.find, _MAIL.findall(summary)) if len(ids) == 1]
        people = list(dict.fromkeys([*best[0], *mails]))
        wrong_left = [each for each in best[1] if not (_MAIL.search(each[1]) and mails)]
        return people, wrong_left


def plain(text: str) -> str:
    """How texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def read(content: str, *, zone: str, people: Iterable[Person], start: datetime, end: datetime) -> Reading:
    """The shifts that touch the range. All-day events and times without a zone are in ``zone``."""
    calendars = _parsed(content)
    book, found = Book(people), _Found()
    for calendar in calendars:
        for series in _series(calendar, found):
            for event in _occurrences(series, calendar, start, end, found):
                try:
                    _take(event, zone, book, start, end, found)
                except _BROKEN:
                    found.complain("unreadable", _title(event))
                if len(found.shifts) > MOST_SHIFTS:
                    raise Unreadable("too-many")
    shifts = sorted(set(found.shifts), key=lambda each: (each.start, each.end, each.person, each.key))
    problems = tuple(Problem(code, text, count) for (code, text), count in found.problems.items())
    return Reading(tuple(shifts), problems, found.events)


def _parsed(content: str) -> list[icalendar.Calendar]:
    if not content.strip():
        raise Unreadable("empty")
    try:
        found = icalendar.Calendar.from_ical(content, multiple=True)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise Unreadable("broken") from error
    calendars = [each for each in found if isinstance(each, icalendar.Calendar)]
    if not calendars:
        raise Unreadable("broken")
    if sum(len(each.walk("VEVENT")) for each in calendars) > MOST_EVENTS:
        raise Unreadable("too-many")
    return calendars


def _series(calendar: icalendar.Calendar, found: _Found) -> list[list[Any]]:
    """The events by their UID: one with its repetitions and what was changed of them."""
    by_uid: dict[str, list[Any]] = {}
    for number, event in enumerate(calendar.walk("VEVENT")):
        found.events += 1
        try:
            wrong, odd_zone = _wrong(event), _odd_zone(event["DTSTART"]) if "DTSTART" in event else ""
        except _BROKEN:
            wrong, odd_zone = "unreadable", ""
        if odd_zone:
            found.complain("zone", odd_zone)
        if wrong:
            found.complain(wrong, _title(event))
        else:
            by_uid.setdefault(str(event.get("UID", f"event {number}")), []).append(event)
    return list(by_uid.values())


def _wrong(event: Any) -> str:
    """Why an event cannot be expanded; empty if it can."""
    if "DTSTART" not in event:
        return "unreadable"
    return "too-often" if any(_too_often(rule) for rule in _listed(event.get("RRULE"))) else ""


def _odd_zone(begin: Any) -> str:
    """The zone that an event names and nobody knows."""
    known = isinstance(begin.dt, datetime) and begin.dt.tzinfo is not None
    return "" if known else str(begin.params.get("TZID", ""))


def _too_often(rule: Any) -> bool:
    kind = str(next(iter(_listed(rule.get("FREQ"))), "")).upper()
    if kind in {"SECONDLY", "MINUTELY"}:
        return True
    times = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(1, len(_listed(rule.get(part))))
    return times > MOST_A_DAY or (kind == "HOURLY" and times > 1)


def _occurrences(
    series: list[Any], calendar: icalendar.Calendar, start: datetime, end: datetime, found: _Found
) -> list[Any]:
    alone = icalendar.Calendar()
    if "X-WR-TIMEZONE" in calendar:
        alone.add("X-WR-TIMEZONE", str(calendar["X-WR-TIMEZONE"]))
    for each in series:
        alone.add_component(each)
    try:
        return list(recurring_ical_events.of(alone).between(start - timedelta(days=1), end + timedelta(days=1)))
    except _BROKEN:
        # One event that is written wrongly does not take the others with it.
        found.complain("unreadable", _title(series[0]))
        return []


def _take(event: Any, zone: str, book: Book, start: datetime, end: datetime, found: _Found) -> None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    title = _title(event)
    begins, until = _instant(event["DTSTART"].dt, zone), _instant(_end_of(event), zone)
    if until <= start or begins >= end:
        return
    if until <= begins:
        found.complain("no-length", title)
        return
    if until - begins > LONGEST:
        found.complain("too-long", title)
        return
    prefix = _PREFIX.match(title)
    people, wrong = book.meant(
        title[prefix.end() :] if prefix else title, _invited(event), _mail(event.get("ORGANIZER"))
    )
    for code, text in wrong:
        found.complain(code, text)
    priority = int(prefix.group(1)) if prefix else None
    key = _key(event)
    found.shifts.extend(Said(person, begins, until, priority, key) for person in people)


def _end_of(event: Any) -> date | datetime:
    if "DTEND" in event:
        ends: date | datetime = event["DTEND"].dt
        return ends
    begins: date | datetime = event["DTSTART"].dt
    if "DURATION" in event:
        length: timedelta = event["DURATION"].dt
        return begins + length
    return begins if isinstance(begins, datetime) else begins + timedelta(days=1)


def _instant(moment: date | datetime, zone: str) -> datetime:
    """An all-day time is midnight, and a time without a zone a time, in the zone of the schedule."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def _key(event: Any) -> str:
    repetition = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event["DTSTART"].dt
    return hashlib.sha256(f"{event.get('UID', '')}|{repetition.isoformat()}".encode()).hexdigest()[:40]


def _invited(event: Any) -> list[str]:
    """Those who did not decline."""
    return [
        _mail(each)
        for each in _listed(event.get("ATTENDEE"))
        if str(each.params.get("PARTSTAT", "")).upper() != "DECLINED" and _mail(each)
    ]


def _mail(value: Any) -> str:
    return re.sub(r"^mailto:", "", str(value or "").strip(), flags=re.IGNORECASE)


def _title(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
