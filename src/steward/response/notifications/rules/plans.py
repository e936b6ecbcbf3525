"""How a person wants to be paged: steps over their methods, and hours in which what is not urgent waits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from steward.response.notifications.rules import Method, Target, targets, usable

IMPORTANT, NORMAL, DEFAULT = "important", "normal", "default"
MOST_STEPS = 12
LONGEST_WAIT = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rule."""

    method_id: int
    after_minutes: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery of a page: where to, in which step, and how long after the page was asked for."""

    target: Target
    step: int = 0
    after: timedelta = timedelta(0)


def steps_for(importance: str, steps: Mapping[str, Sequence[Step]]) -> Sequence[Step]:
    """The steps that count for a page: those of its importance, else those for any other, else none."""
    return steps.get(importance) or steps.get(DEFAULT) or ()


def plan(methods: Sequence[Method], email: str, steps: Sequence[Step]) -> list[Planned]:
    """The deliveries of a page. Without a rule that can be followed, every method at once.

    What a step cannot use (off, not confirmed, removed) is left out, and does not keep the next one waiting.
    """
    known = {each.id: each for each in methods if each.enabled and usable(each, email)}
    followed = [(each, known[each.method_id]) for each in steps if each.method_id in known]
    if not followed:
        return [Planned(each) for each in targets(methods, email)]
    early = min(each.after_minutes for each, _method in followed) - min(each.after_minutes for each in steps)
    return [
        Planned(Target(method.id, method.channel, method.target), number, timedelta(minutes=each.after_minutes - early))
        for number, (each, method) in enumerate(followed)
    ]


@dataclass(frozen=True, slots=True)
class Quiet:
    """From ``starts`` until ``ends`` (the next day, if that is not later), beginning on these ISO weekdays."""

    starts: time
    ends: time
    days: Collection[int] = ()


def quiet_until(quiet: Quiet, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that hold at ``now`` (UTC); None when none do. In the person's own time, whatever the
    clocks do: a time that the clocks skip is the moment after."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    for day in (today - _DAY, today):
        if quiet.days and day.isoweekday() not in quiet.days:
            continue
        start = _instant(day, quiet.starts, place)
        end = _instant(day if quiet.ends > quiet.starts else day + _DAY, quiet.ends, place)
        if start <= now < end:
            return end
    return None


def _instant(day: date, at: time, place: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=place).astimezone(UTC)
