"""What an alert costs, whether anybody acts on it, and what would make it cheaper: pure, with the figures behind it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NIGHT_BEGINS, NIGHT_ENDS = 22, 7  # hours of the paged person's clock
LONGEST_WAIT, LONGEST_WORK = 15.0, 240.0  # minutes
WAKE_UP_MINUTES = 30.0  # what a page at night costs besides the minutes
# What fires again so soon after it ended swings around its threshold.
FLAP = timedelta(minutes=10)
# An alert that begins so soon after another one is counted as its follower.
FOLLOWS_SECONDS = 300
MOST_LEADERS = 20
# Durations are counted in classes, each 9 % longer than the one before, from a second to 90 days.
RATIO = 2 ** (1 / 8)
BOUNDS: tuple[float, ...] = tuple(RATIO**step for step in range(184))

Answer = Literal["act", "info", "noise"]
ANSWERS: tuple[Answer, ...] = ("act", "info", "noise")
Actionability = Literal["often", "sometimes", "never", "unknown"]


def is_night(at: datetime, zone: str) -> bool:
    """Whether a page at this moment wakes somebody who lives in this zone: 22:00 to 07:00 on the clock on their wall,
    also in nights in which it is put forward or back."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    return local.hour >= NIGHT_BEGINS or local.hour < NIGHT_ENDS


@dataclass(frozen=True, slots=True)
class SentPage:
    """A page that reached a channel."""

    user_id: int
    zone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What one incident cost; ``acted`` says that somebody acknowledged or resolved it, ``over`` that it is over."""

    minutes: float
    wakeups: int
    pages: Mapping[int, int]
    acted: bool
    over: bool


def facts_of(
    *, pages: Sequence[SentPage], acknowledged_at: datetime | None, over_at: datetime | None, acted: bool, now: datetime
) -> IncidentFacts:
    """Minutes: of everybody paged, from their first page to the acknowledgement (or the end), at most 15; and from the
    acknowledgement to the end, at most 240."""
    seen = acknowledged_at or over_at or now
    first: dict[int, datetime] = {}
    for page in pages:
        first[page.user_id] = min(page.at, first.get(page.user_id, page.at))
    minutes = sum(_minutes(at, seen, LONGEST_WAIT) for at in first.values())
    if acknowledged_at is not None:
        minutes += _minutes(acknowledged_at, over_at or now, LONGEST_WORK)
    return IncidentFacts(
        minutes=minutes,
        wakeups=sum(1 for page in pages if is_night(page.at, page.zone)),
        pages=dict(Counter(page.user_id for page in pages)),
        acted=acted or acknowledged_at is not None,
        over=over_at is not None,
    )


def _minutes(start: datetime, end: datetime, most: float) -> float:
    return min(max((end - start).total_seconds() / 60, 0.0), most)


def cost(minutes: float, wakeups: float) -> float:
    """Minutes, and half an hour for each wake-up: the one figure that lists are ordered by."""
    return round(minutes + WAKE_UP_MINUTES * wakeups, 1)


def is_noisy(*, facts: IncidentFacts, answers: Mapping[str, int]) -> bool:
    """Whether an incident was for nothing: people say so, or, while nobody says anything, nobody acted until it was
    over."""
    said = sum(answers.values())
    if said:
        return answers.get("act", 0) * 2 < said
    return facts.over and not facts.acted


def class_of(seconds: float) -> int:
    """The class of a duration: the place of the longest bound that is not longer than it."""
    return max(bisect_right(BOUNDS, seconds) - 1, 0)


def percentile(durations: Mapping[int, int], share: float) -> float | None:
    """The duration in seconds that ``share`` of the firings do not exceed, at most 9 % too long; None without any."""
    total = sum(durations.values())
    if not total:
        return None
    left = math.ceil(total * share)
    for place in sorted(durations):
        left -= durations[place]
        if left <= 0:
            return BOUNDS[min(place + 1, len(BOUNDS) - 1)]
    return None


def median(durations: Mapping[int, int]) -> float | None:
    """The median in seconds: the middle of its class, so at most 5 % off."""
    upper = percentile(durations, 0.5)
    return None if upper is None else round(upper / math.sqrt(RATIO), 1)


def shorter_than(durations: Mapping[int, int], seconds: float) -> int:
    """How many firings were certainly shorter than this."""
    return sum(n for place, n in durations.items() if BOUNDS[min(place + 1, len(BOUNDS) - 1)] <= seconds)


def followers(starts: Iterable[tuple[int | None, str, datetime]]) -> dict[tuple[int | None, str], Counter[str]]:
    """For each (service, name), how many of its starts came within five minutes after the start of each other name of
    the same service. ``starts`` is in order of service and time."""
    found: dict[tuple[int | None, str], Counter[str]] = {}
    service: int | None = None
    latest: dict[str, datetime] = {}
    for of, name, at in starts:
        if of != service:
            service, latest = of, {}
        counter = found.setdefault((of, name), Counter())
        for other, began in list(latest.items()):
            if (at - began).total_seconds() > FOLLOWS_SECONDS:
                del latest[other]
            elif other != name and began < at:
                counter[other] += 1
        latest[name] = at
    return found


@dataclass(slots=True)
class Figures:
    """What is known of one alert name of one service over some days."""

    name: str
    service_id: int | None
    severity: str = ""
    fired: int = 0
    starts: int = 0
    firing_seconds: float = 0.0
    flaps: int = 0
    with_runbook: int = 0
    incidents: int = 0
    acted: int = 0
    ignored: int = 0
    noisy: int = 0
    pages: int = 0
    wakeups: int = 0
    minutes: float = 0.0
    wakeup_share: float = 0.0
    durations: Counter[int] = field(default_factory=Counter)
    follows: Counter[str] = field(default_factory=Counter)
    people: Counter[int] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    latest: list[int] = field(default_factory=list)

    @property
    def cost(self) -> float:
        return cost(self.minutes, self.wakeup_share)


def actionability(figures: Figures) -> Actionability:
    """How often its incidents needed somebody: those that people say so of, or, where nobody says anything, those that
    somebody acted on."""
    known = figures.acted + figures.ignored
    if not known:
        return "unknown"
    share = (known - figures.noisy) / known
    return "often" if share >= 0.5 else "sometimes" if share > 0 else "never"


Kind = Literal["delete", "inhibit", "for", "threshold", "record", "runbook"]
KINDS: tuple[Kind, ...] = ("delete", "inhibit", "for", "threshold", "record", "runbook")
# From so many firings, incidents or answers on a share says something.
ENOUGH, ENOUGH_ANSWERS = 5, 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to make an alert cheaper, with the figures that say so."""

    kind: Kind
    evidence: dict[str, float | int | str]


def suggestions(figures: Figures, starts_of: Mapping[str, int]) -> list[Suggestion]:
    """What to do about it, the most effective first. ``starts_of`` is how often the other names of its service began."""
    found = (
        _delete(figures), _inhibit(figures, starts_of), _wait(figures), _threshold(figures), _record(figures),
        _runbook(figures),
    )  # fmt: skip
    return [each for each in found if each is not None]


def _delete(figures: Figures) -> Suggestion | None:
    """Never acted on, and nobody ever said that they had to."""
    if figures.answers["act"] or figures.acted:
        return None
    if figures.ignored < ENOUGH:
        return None
    evidence = {"ignored": figures.ignored, "pages": figures.pages, "noise": figures.answers["noise"]}
    return Suggestion("delete", {**evidence})


def _inhibit(figures: Figures, starts_of: Mapping[str, int]) -> Suggestion | None:
    """Nearly always another alert fires first. One that fires all the time comes before everything and explains
    nothing, so the other must not start much more often."""
    if figures.starts < ENOUGH:
        return None
    for name, number in sorted(figures.follows.items(), key=lambda item: (-item[1], item[0])):
        others = starts_of.get(name, 0)
        if number / figures.starts < 0.8:
            return None
        if others <= 3 * number:
            return Suggestion("inhibit", {"by": name, "after": number, "starts": figures.starts, "others": others})
    return None


def _wait(figures: Figures) -> Suggestion | None:
    """Most firings end soon by themselves: a ``for`` of the measured percentile keeps them back."""
    ended = sum(figures.durations.values())
    if ended < ENOUGH or figures.acted > figures.ignored:
        return None
    short = shorter_than(figures.durations, 600)
    if short * 2 < ended:
        return None
    below = Counter({place: n for place, n in figures.durations.items() if BOUNDS[place + 1] <= 600})
    reach = percentile(below, 0.9) or 60.0
    minutes = max(math.ceil(reach / 60), 1)
    kept_back = shorter_than(figures.durations, minutes * 60)
    return Suggestion("for", {"minutes": minutes, "kept_back": kept_back, "ended": ended})


def _threshold(figures: Figures) -> Suggestion | None:
    if figures.fired < ENOUGH or figures.flaps * 10 < figures.fired * 3:
        return None
    return Suggestion("threshold", {"flaps": figures.flaps, "fired": figures.fired})


def _record(figures: Figures) -> Suggestion | None:
    """Good to know, but not in the moment: it is asked for, or most of its incidents end without anybody."""
    said, info = sum(figures.answers.values()), figures.answers["info"]
    over = figures.acted + figures.ignored
    asked = said >= ENOUGH_ANSWERS and info * 2 >= said
    unneeded = not said and figures.acted > 0 and over >= ENOUGH and figures.ignored * 5 >= over * 4
    if not (asked or unneeded):
        return None
    return Suggestion("record", {"info": info, "answers": said, "ignored": figures.ignored, "over": over})


def _runbook(figures: Figures) -> Suggestion | None:
    """People work on it without being told how."""
    if figures.acted < 2 or figures.with_runbook * 2 >= figures.fired:
        return None
    return Suggestion("runbook", {"acted": figures.acted, "without": figures.fired - figures.with_runbook})
