"""What a schedule, or a person, is given as a calendar: one event for each shift, named so that it stays itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from steward.algorithms.rotation import Piece
from steward.config.environment import load
from steward.response.oncall.models import CalendarLink, Schedule
from steward.response.oncall.queries.schedules import Roster, rosters, taking_part

PAST = timedelta(days=30)
AHEAD = timedelta(days=180)
# An override and a turn last up to about a year: so far off must be looked for what touches the range.
LONGEST = timedelta(days=372)


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event; ``kind`` is rotation, override, calendar or gap."""

    uid: str
    kind: str
    start: datetime
    end: datetime
    summary: str
    description: str
    url: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar to hand out."""

    name: str
    events: tuple[FeedEvent, ...]


def range_at(now: datetime) -> tuple[datetime, datetime]:
    """The days that a calendar covers. It moves once a day, so that it stays the same in between."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return today - PAST, today + AHEAD


def feed_of(link: CalendarLink, now: datetime) -> Feed:
    """All that the link gives out: a schedule's shifts and gaps, or the shifts of one person."""
    start, end = range_at(now)
    if link.user is not None:
        own = Schedule.objects.filter(pk__in=Schedule.objects.filter(taking_part(link.user.pk, start)).values("pk"))
        found = rosters(own, start - LONGEST, end + LONGEST)
        events = [each for roster in found for each in _shifts(roster, start, end, link.user_id)]
        name = _("On call: %(name)s") % {"name": link.user}
    else:
        found = rosters(Schedule.objects.filter(pk=link.schedule_id or 0), start - LONGEST, end + LONGEST)
        events = [each for roster in found for each in (*_shifts(roster, start, end), *_gaps(roster, now, end))]
        name = _("On call: %(name)s") % {"name": found[0].schedule.name if found else ""}
    return Feed(name, tuple(sorted(events, key=lambda each: (each.start, each.uid))))


def _shifts(roster: Roster, start: datetime, end: datetime, user_id: int | None = None) -> Iterable[FeedEvent]:
    schedule, url = roster.schedule, _page(roster.schedule)
    for piece in roster.pieces(start, end):
        user = roster.person(int(piece.member))
        if user_id is not None and user.pk != user_id:
            continue
        kind, key, words = _origin(roster, piece)
        said = [*words, _("Schedule: %(schedule)s") % {"schedule": schedule.name}, url]
        yield FeedEvent(
            uid_of(f"{key}:{user.pk}:{piece.part}"), kind, piece.start, piece.end,
            _("%(person)s on call: %(schedule)s") % {"person": user, "schedule": schedule.name}, "\n".join(said), url,
            str(user), user.email,
        )  # fmt: skip


def _origin(roster: Roster, piece: Piece) -> tuple[str, str, Sequence[str]]:
    """What makes the shift, a name of it that stays, and the same in words."""
    if piece.override is not None:
        override = roster.overrides[piece.override]
        said = [_("Override: %(why)s") % {"why": override.reason} if override.reason else _("Override")]
        if override.replaces is not None:
            said.append(_("In the place of %(person)s") % {"person": override.replaces})
        return "override", f"override:{override.pk}", said
    number = piece.layer or 0
    if number < len(roster.layers):
        layer = roster.layers[number]
        name = layer.name or _("Layer %(number)s") % {"number": layer.position + 1}
        return "rotation", f"layer:{layer.pk}:{_stamp(piece.origin)}", [_("Layer: %(layer)s") % {"layer": name}]
    entry = roster.entries[number - len(roster.layers)]
    shift = next(
        (
            each for each in entry.shifts
            if (each.start_at, each.end_at, each.user_id) == (piece.origin, piece.whole_end, piece.member)
        ),
        None,
    )  # fmt: skip
    key = shift.key if shift else _stamp(piece.origin)
    calendar = entry.shifts[0].calendar_id
    return "calendar", f"calendar:{calendar}:{key}", [_("Calendar: %(calendar)s") % {"calendar": entry.name}]


def _gaps(roster: Roster, start: datetime, end: datetime) -> Iterable[FeedEvent]:
    schedule, url = roster.schedule, _page(roster.schedule)
    # From the present day on, so that a gap that has begun does not begin anew with each reading.
    first = datetime.combine(start.astimezone(UTC).date(), time(), UTC)
    for opens, closes in roster.gaps(first, end):
        yield FeedEvent(
            uid_of(f"gap:{schedule.pk}:{_stamp(opens)}"), "gap", opens, closes,
            _("Nobody on call: %(schedule)s") % {"schedule": schedule.name}, url, url,
        )  # fmt: skip


def uid_of(key: str) -> str:
    """A name that no other installation gives: it is made with this one's own secret."""
    return salted_hmac("steward.oncall.uid", key, algorithm="sha256").hexdigest()[:40] + "@steward"


def _page(schedule: Schedule) -> str:
    return f"{load().public_url}/schedules/{schedule.slug}/"


def _stamp(moment: datetime) -> str:
    return str(int(moment.timestamp()))
