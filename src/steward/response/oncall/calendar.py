"""The calendar picture of a schedule: weeks as rows of seven days, shifts as coloured bars in them.

Positions are percentages of a week, as text ready for SVG attributes: a strict content security policy forbids inline
styles, but not attributes, and percentages keep the words at their size on a phone. A day is the local day of the
schedule's zone; on days when the clocks change, an hour is a little narrower or wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from steward.foundation.moments import written
from steward.response.oncall.queries import Need, ShiftView

DAYS = 7
COLOURS = 8
# Heights in pixels: the line of days, one lane with the space below it, and what is left under the last.
HEAD, LANE, FOOT = 26, 36, 4


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a week."""

    x: str
    weekday: str
    number: str
    today: bool
    weekend: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A shift (or a gap: no person) in one week, in its lane from the top. ``begins`` and ``ends`` say whether the shift
    does so in this week; ``start`` and ``end`` are the whole shift's; ``away`` says why it needs cover."""

    x: str
    width: str
    label: str
    title: str
    kind: str
    colour: int
    begins: bool
    ends: bool
    y: int
    start: datetime
    end: datetime
    user_id: int | None = None
    away: str = ""


@dataclass(frozen=True, slots=True)
class Week:
    """One row; ``now`` is where the present is, if it is in this week; ``midnights`` are the Unix times at which its
    days begin, and the next week."""

    label: str
    days: tuple[Day, ...]
    bars: tuple[Bar, ...]
    now: str
    height: int
    midnights: str


def first_day(now: datetime, zone: str) -> date:
    """The Monday of the present week in the schedule's zone."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return today - timedelta(days=today.weekday())


def range_of(first: date, weeks: int, zone: str) -> tuple[datetime, datetime]:
    """The instants at which the picture begins and ends."""
    return _midnight(first, zone), _midnight(first + timedelta(days=DAYS * weeks), zone)


def colours(order: Sequence[int]) -> dict[int, int]:
    """The colour (0 to 7) of each member, in the order of their turns, so that neighbours differ."""
    return {user_id: index % COLOURS for index, user_id in enumerate(dict.fromkeys(order))}


def picture(
    shifts: Sequence[ShiftView], *, first: date, weeks: int, zone: str, now: datetime, order: Sequence[int],
    needs: Sequence[Need] = (),
) -> list[Week]:  # fmt: skip
    """The rows of the picture. ``order`` is the members' keys in the order of their turns: it chooses the colours;
    ``needs`` are the shifts to mark as needing cover."""
    chosen = colours(order)
    rows = []
    for number in range(weeks):
        monday = first + timedelta(days=DAYS * number)
        start, end = range_of(monday, 1, zone)
        bars = tuple(_bars(shifts, start, end, monday, zone, chosen, needs))
        midnights = [_midnight(monday + timedelta(days=day), zone) for day in range(DAYS + 1)]
        rows.append(
            Week(
                label=written(monday, "j M"),
                days=tuple(_days(monday, now, zone)),
                bars=bars,
                now=_percent(_place(now, monday, zone)) if start <= now < end else "",
                height=max((bar.y for bar in bars), default=HEAD) + LANE + FOOT,
                midnights=" ".join(str(int(each.timestamp())) for each in midnights),
            )
        )
    return rows


def _days(monday: date, now: datetime, zone: str) -> Iterable[Day]:
    today = now.astimezone(ZoneInfo(zone)).date()
    for index in range(DAYS):
        day = monday + timedelta(days=index)
        number = written(day, "j M") if day.day == 1 or index == 0 else str(day.day)
        yield Day(_percent(index / DAYS), written(day, "D"), number, day == today, index >= 5)


def _bars(
    shifts: Sequence[ShiftView], start: datetime, end: datetime, monday: date, zone: str, chosen: dict[int, int],
    needs: Sequence[Need],
) -> Iterable[Bar]:  # fmt: skip
    covered = start
    lanes: list[datetime] = []  # until when each is taken
    for shift in sorted(shifts, key=lambda each: each.start):
        if shift.end <= start or shift.start >= end:
            continue
        if shift.start > covered:
            yield _gap(covered, shift.start, monday, zone)
        covered = max(covered, shift.end)
        lane = next((number for number, taken in enumerate(lanes) if taken <= shift.start), len(lanes))
        lanes[lane : lane + 1] = [shift.end]
        left, width = _span(max(shift.start, start), min(shift.end, end), monday, zone)
        colour = chosen.get(shift.user.pk, shift.user.pk % COLOURS)
        away = _away(shift, needs)
        title = _title(shift, zone) + (f" · {away}" if away else "")
        yield Bar(
            left, width, str(shift.user), title, shift.source, colour, shift.start >= start,
            shift.end <= end, HEAD + lane * LANE, shift.start, shift.end, shift.user.pk, away,
        )  # fmt: skip
    if covered < end:
        yield _gap(covered, end, monday, zone)


def _away(shift: ShiftView, needs: Iterable[Need]) -> str:
    """Why the shift needs cover; empty when it does not."""
    for need in needs:
        if need.shift.user.pk == shift.user.pk and need.start < shift.end and need.end > shift.start:
            why = need.absence.name or _("on leave")
            return _("needs cover: %(why)s") % {"why": why}
    return ""


def _title(shift: ShiftView, zone: str) -> str:
    words = {"person": shift.user, "from": _when(shift.start, zone), "to": _when(shift.end, zone)}
    title = _("%(person)s, %(from)s – %(to)s") % words
    if shift.source == "override":
        return title + " · " + (_("override: %(why)s") % {"why": shift.reason} if shift.reason else _("override"))
    return f"{title} · {shift.layer}" if shift.layer else title


def _gap(start: datetime, end: datetime, monday: date, zone: str) -> Bar:
    left, width = _span(start, end, monday, zone)
    title = _("nobody, %(from)s – %(to)s") % {"from": _when(start, zone), "to": _when(end, zone)}
    return Bar(left, width, _("nobody"), title, "gap", 0, True, True, HEAD, start, end)


def _span(start: datetime, end: datetime, monday: date, zone: str) -> tuple[str, str]:
    left = _place(start, monday, zone)
    right = 1.0 if end >= range_of(monday, 1, zone)[1] else _place(end, monday, zone)
    return _percent(left), _percent(max(0.0, right - left))


def _place(instant: datetime, monday: date, zone: str) -> float:
    """Where an instant stands in the week, from 0 to 1. The length of a day is its real one, so that the hour that the
    clocks show twice does not fold back onto itself."""
    local = instant.astimezone(ZoneInfo(zone)).date()
    begin, end = _midnight(local, zone), _midnight(local + timedelta(days=1), zone)
    return ((local - monday).days + (instant - begin) / (end - begin)) / DAYS


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _when(instant: datetime, zone: str) -> str:
    return written(instant.astimezone(ZoneInfo(zone)), "D j M H:i")


def _percent(share: float) -> str:
    return f"{share * 100:.3f}%"
