"""Calendars that schedules take shifts from: written down, read again and again, and turned into rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation import sealing
from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.outbound import OutboundError, check_url
from steward.foundation.outbound.redact import redact_url
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.errors import CalendarInvalid, CalendarNotFound
from steward.response.oncall.models import Calendar, CalendarShift, Schedule
from steward.response.oncall.queries.calendars import everybody
from steward.response.oncall.rules import calendars as rules

DUE_KIND = "oncall.calendar"
TOO_LARGE = 2 * 1024 * 1024
MOST_CALENDARS = 10
MOST_PRIORITY = 9
MOST_PROBLEMS = 200
EVERY = timedelta(minutes=15)
# People come and go: an uploaded calendar is matched with them anew, and its year ahead moves on.
AGAIN = timedelta(hours=1)
RETRY = timedelta(minutes=5)
TRY = timedelta(minutes=3)
PAST = timedelta(days=125)
AHEAD = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class CalendarInput:
    """A calendar as somebody wants it: ``url`` or ``content``. Without either, a calendar keeps what it has."""

    name: str
    url: str = ""
    content: str = ""
    priority: int = 0
    as_overrides: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One try to read a calendar; without an address there is nothing to fetch."""

    calendar_id: int
    url: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the outside answered: a new content, that nothing changed, or why there is none."""

    content: str = ""
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    error: str = ""
    status: int = 0


@transaction.atomic
def add_calendar(*, actor: Actor, now: datetime, schedule_id: int, calendar: CalendarInput) -> Calendar:
    """Have a schedule take shifts from a calendar; it is read at once by the engine."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    if schedule.calendars.count() >= MOST_CALENDARS:
        raise CalendarInvalid(_("A schedule has at most %(count)s calendars.") % {"count": MOST_CALENDARS})
    if not calendar.url and not calendar.content:
        message = _("Write the calendar's address, or choose a file.")
        raise CalendarInvalid(message, fields={"url": [message]})
    made = Calendar(schedule=schedule, created_at=now)
    _fill(made, calendar, now)
    record(actor, now, "schedule.calendar.add", schedule, after=audited(made))
    return made


@transaction.atomic
def update_calendar(*, actor: Actor, now: datetime, calendar_id: int, calendar: CalendarInput) -> Calendar:
    """Change a calendar. What it said stays until it was read again."""
    actor.require("oncall.manage")
    schedule, found = _locked(actor, calendar_id)
    before = audited(found)
    _fill(found, calendar, now)
    after = audited(found)
    if before != after or calendar.content:
        record(actor, now, "schedule.calendar.update", schedule, before=before, after=after)
    return found


@transaction.atomic
def remove_calendar(*, actor: Actor, now: datetime, calendar_id: int) -> Schedule:
    """Take a calendar away, with all its shifts."""
    actor.require("oncall.manage")
    schedule, found = _locked(actor, calendar_id)
    record(actor, now, "schedule.calendar.remove", schedule, before=audited(found))
    found.delete()
    return schedule


@transaction.atomic
def read_again(*, actor: Actor, now: datetime, calendar_id: int) -> Calendar:
    """Have the engine read a calendar now."""
    actor.require("oncall.manage")
    _schedule, found = _locked(actor, calendar_id)
    found.due_at = now
    found.save(update_fields=["due_at"])
    registry.wake(DUE_KIND)
    return found


@transaction.atomic
def begin_reading(*, now: datetime, calendar_id: int) -> Reading | None:
    """Begin to read; None when it is not due (any more)."""
    found = Calendar.objects.select_for_update().filter(pk=calendar_id).first()
    if found is None or found.due_at is None or found.due_at > now:
        return None
    # Should the engine die meanwhile, it is read again then.
    found.due_at = now + TRY
    found.save(update_fields=["due_at"])
    try:
        url = sealing.unseal(found.url)
    except sealing.Broken as error:
        _failed(found, now, str(error))
        return None
    return Reading(found.pk, url, found.etag, found.last_modified)


def end_reading(*, now: datetime, reading: Reading, fetched: Fetched | None) -> None:
    """Write down what was read. What was good before stays when it cannot be read."""
    found = Calendar.objects.select_related("schedule").filter(pk=reading.calendar_id).first()
    if found is None:
        return
    content, error = _content(found, fetched)
    said: rules.Reading | None = None
    people = everybody()
    # Parsing takes long, so nothing is locked meanwhile.
    made_of = fingerprint(found, content, people, now)
    if not error and made_of != found.fingerprint:
        try:
            said = rules.read(
                content, zone=found.schedule.time_zone, people=people, start=now - PAST, end=now + AHEAD
            )  # fmt: skip
        except rules.Unreadable as unreadable:
            error = unreadable_words(unreadable.code)
    _keep(found, now, reading, fetched, content, made_of, said, error)


def fingerprint(calendar: Calendar, content: str, people: Sequence[rules.Person], now: datetime) -> str:
    """Everything that the shifts are made of; they move on once a day."""
    day = now.astimezone(UTC).date()
    made_of = (content, calendar.schedule.time_zone, calendar.priority, sorted(people, key=lambda each: each.id), day)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()


def decoded(body: bytes) -> str:
    """A file as text. It should be UTF-8; what is not is taken for Western European, as old programs write it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return text.replace("\0", "")


def require_readable(content: str) -> None:
    """CalendarInvalid when this is no calendar."""
    try:
        rules.read(
            content, zone="UTC", people=(), start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2000, 1, 2, tzinfo=UTC)
        )
    except rules.Unreadable as error:
        message = unreadable_words(error.code)
        raise CalendarInvalid(message, fields={"content": [message]}) from error


def unreadable_words(code: str) -> str:
    """Why a file cannot be used."""
    if code == "empty":
        return _("The file is empty.")
    if code == "too-many":
        return _("The calendar has too many events: at most %(events)s, and %(shifts)s shifts in a year.") % {
            "events": rules.MOST_EVENTS, "shifts": rules.MOST_SHIFTS,
        }  # fmt: skip
    return _("This is not a calendar (a file that begins with BEGIN:VCALENDAR). Look for an address that ends in .ics.")


def too_large() -> str:
    return _("The calendar is larger than %(n)s MB, or it was not sent to its end.") % {"n": TOO_LARGE // 1024 // 1024}


def fetch_error(fetched: Fetched) -> str:
    """Why nothing was fetched."""
    return fetched.error or _("The address answered %(status)s instead of the calendar.") % {"status": fetched.status}


def clean_url(url: str) -> str:
    """The address as it can be called; CalendarInvalid otherwise."""
    url = url.strip()
    if url.lower().startswith("webcal://"):
        url = "https://" + url[len("webcal://") :]
    try:
        check_url(url)
    except OutboundError as error:
        raise CalendarInvalid(error.message, fields={"url": [error.message]}) from error
    return url


def audited(calendar: Calendar) -> dict[str, Any]:
    """What the audit trail keeps: of an address only where it is, because the rest may be a secret."""
    return {
        "calendar": calendar.pk, "name": calendar.name, "url": shown_url(calendar), "priority": calendar.priority,
        "as_overrides": calendar.as_overrides,
    }  # fmt: skip


def shown_url(calendar: Calendar) -> str:
    """Where a calendar is read, without what may be a secret; empty for an uploaded one."""
    try:
        return redact_url(sealing.unseal(calendar.url)) if calendar.url else ""
    except sealing.Broken:
        return "…"


def _fill(found: Calendar, given: CalendarInput, now: datetime) -> None:
    name = " ".join(given.name.replace("\0", "").split())
    if not 1 <= len(name) <= 80:
        message = _("Write a name of 1 to 80 characters.")
        raise CalendarInvalid(message, fields={"name": [message]})
    if not 0 <= given.priority <= MOST_PRIORITY:
        message = _("A priority is a number from 0 to %(most)s.") % {"most": MOST_PRIORITY}
        raise CalendarInvalid(message, fields={"priority": [message]})
    if given.url and given.content:
        message = _("Write an address or choose a file, not both.")
        raise CalendarInvalid(message, fields={"url": [message]})
    found.name, found.priority, found.as_overrides = name, given.priority, given.as_overrides
    if given.url:
        found.url = sealing.seal(clean_url(given.url))
        found.etag = found.last_modified = ""
    elif given.content:
        if len(given.content.encode()) > TOO_LARGE:
            raise CalendarInvalid(too_large(), fields={"content": [too_large()]})
        content = given.content.replace("\0", "")
        require_readable(content)
        found.url, found.content, found.etag, found.last_modified = "", content, "", ""
    found.fingerprint, found.error, found.failures, found.due_at = "", "", 0, now
    found.save()
    registry.wake(DUE_KIND)


def _content(found: Calendar, fetched: Fetched | None) -> tuple[str, str]:
    if fetched is None or fetched.unchanged:
        return found.content, ""
    if fetched.error or fetched.status:
        return found.content, fetch_error(fetched)
    return fetched.content, ""


def _keep(
    known: Calendar, now: datetime, reading: Reading, fetched: Fetched | None, content: str, made_of: str,
    said: rules.Reading | None, error: str,
) -> None:  # fmt: skip
    with transaction.atomic():
        found = Calendar.objects.select_for_update().filter(pk=known.pk).first()
        if found is None or (found.url, found.priority) != (known.url, known.priority):
            # It was changed or taken away meanwhile; a change has made it due again.
            return
        if not found.url and found.content != known.content:
            return
        if error:
            _failed(found, now, error)
            return
        if said is not None:
            _replace(found, now, said)
            found.content, found.fingerprint, found.until = content, made_of, now + AHEAD
            found.events = said.events
            found.problems = [{"code": p.code, "text": p.text, "count": p.count} for p in said.problems[:MOST_PROBLEMS]]
        if fetched is not None and not fetched.unchanged:
            found.etag, found.last_modified = fetched.etag, fetched.last_modified
        found.tried_at = found.read_at = now
        found.error, found.failures, found.leased_until = "", 0, None
        found.due_at = now + (EVERY if reading.url else AGAIN)
        found.save()


def _replace(found: Calendar, now: datetime, said: rules.Reading) -> None:
    """What has been stays as it was: only what has not ended is made anew."""
    first = not found.shifts.exists()
    found.shifts.filter(end_at__gt=now).delete()
    found.shifts.filter(end_at__lt=now - AHEAD).delete()
    CalendarShift.objects.bulk_create(
        [
            CalendarShift(
                calendar=found, user_id=each.person, start_at=each.start, end_at=each.end, key=each.key,
                priority=found.priority if each.priority is None else each.priority,
            )
            for each in said.shifts
            if first or each.end > now
        ],
        batch_size=1000,
    )  # fmt: skip


def _failed(found: Calendar, now: datetime, error: str) -> None:
    found.failures = min(found.failures + 1, 1000)
    found.tried_at, found.error, found.leased_until = now, error[:1000], None
    found.due_at = now + RETRY * min(2 ** (found.failures - 1), 12)
    found.save(update_fields=["failures", "tried_at", "error", "leased_until", "due_at"])


def _locked(actor: Actor, calendar_id: int) -> tuple[Schedule, Calendar]:
    schedule_id = Calendar.objects.filter(pk=calendar_id).values_list("schedule_id", flat=True).first()
    schedule = locked(actor, schedule_id) if schedule_id is not None else None
    found = Calendar.objects.select_for_update().filter(pk=calendar_id).first()
    if schedule is None or found is None:
        raise CalendarNotFound(_("There is no such calendar; it may have been removed already."))
    return schedule, found
