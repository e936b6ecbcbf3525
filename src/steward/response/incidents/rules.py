"""What may happen to an incident in which state, decided without a database or a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["open", "acknowledged", "resolved", "closed"]
Verb = Literal["acknowledge", "resolve", "reopen", "close"]
# A resolved incident that stays quiet this long is closed.
QUIET_PERIOD = timedelta(hours=24)

# verb → state → the new state; a state that is missing refuses, the same state means "nothing to do".
_TABLE: dict[Verb, dict[str, Status]] = {
    "acknowledge": {"open": "acknowledged", "acknowledged": "acknowledged"},
    "resolve": {"open": "resolved", "acknowledged": "resolved", "resolved": "resolved"},
    "reopen": {"open": "open", "acknowledged": "acknowledged", "resolved": "open"},
    "close": {"resolved": "closed", "closed": "closed"},
}


@dataclass(frozen=True, slots=True)
class Move:
    """Where a verb leads; ``changes`` is false when the incident is there already, ``refused`` when it cannot go."""

    to: Status | None
    changes: bool

    @property
    def refused(self) -> bool:
        return self.to is None


def move(verb: Verb, status: str) -> Move:
    """The outcome of ``verb`` on an incident in ``status``."""
    to = _TABLE[verb].get(status)
    return Move(to, to is not None and to != status)


def raising(current: str, offered: str, *, by_hand: bool) -> Literal["raise", "hold", "keep"]:
    """What an alert of severity ``offered`` does to an incident: SEV1 is the worst, and nothing lowers it. What a
    person has judged is held against it."""
    if offered >= current:
        return "keep"
    return "hold" if by_hand else "raise"


def hears_of_raise(*, status: str, has_policy: bool, has_assignee: bool) -> Literal["anew", "assignee", "nobody"]:
    """Who is told that an incident became worse: who is on it, or everybody from the first step of the policy on."""
    if status == "acknowledged" and has_assignee:
        return "assignee"
    return "anew" if has_policy and status in {"open", "acknowledged"} else "nobody"


def closes_at(resolved_at: datetime) -> datetime:
    return resolved_at + QUIET_PERIOD


@dataclass(frozen=True, slots=True)
class IncidentState:
    """What others need to decide on an incident."""

    id: int
    ref: str
    status: str
    resolved_at: datetime | None
    severity: str = ""
    merged_into: int | None = None


def may_reopen(*, status: str, resolved_at: datetime | None, now: datetime, window: timedelta) -> bool:
    """Whether an alert that fires again belongs to this incident rather than to a new one."""
    return status == "resolved" and resolved_at is not None and now - resolved_at <= window


@dataclass(frozen=True, slots=True)
class Side:
    """An incident that is to be merged: its key, its status, and what it was merged into."""

    id: int
    status: str
    merged_into: int | None = None


Obstacle = Literal["same", "over", "target-over"]


def cannot_merge(left: Side, into: Side) -> Obstacle | None:
    """What keeps ``left`` from being merged into the other: only what people still work on takes over alerts."""
    if left.id == into.id:
        return "same"
    if left.status == "closed":
        return "over"
    return None if into.status in {"open", "acknowledged"} else "target-over"


def restored(before: str, *, firing: int) -> Status:
    """The status of an incident whose merge is undone: the one it had, unless everything in it has ended meanwhile."""
    if before not in {"open", "acknowledged"}:
        return "resolved"
    return "resolved" if not firing else ("acknowledged" if before == "acknowledged" else "open")


NEAR = timedelta(minutes=30)
# What alerts of one sender all share says nothing about their belonging together.
_COMMON = frozenset({"severity", "prometheus", "job", "env", "environment", "cluster", "region"})


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely two incidents are one: a score, and what speaks for it."""

    score: float
    same_service: bool
    apart: timedelta
    labels: tuple[tuple[str, str], ...]

    @property
    def near(self) -> bool:
        return self.apart <= NEAR


def likeness(
    *, services: tuple[int | None, int | None], opened: tuple[datetime, datetime],
    labels: tuple[Mapping[str, str], Mapping[str, str]],
) -> Likeness:  # fmt: skip
    """Compare two incidents: the same service, opened near in time, labels that both have. A shared label counts less
    if it is one that everything of an environment has."""
    same = services[0] is not None and services[0] == services[1]
    apart = abs(opened[0] - opened[1])
    shared = tuple(sorted((name, value) for name, value in labels[0].items() if labels[1].get(name) == value))
    score = 3.0 if same else 0.0
    score += 2.0 * max(0.0, 1 - apart / NEAR / 2)
    score += sum(0.2 if name in _COMMON else 1.0 for name, _value in shared)
    return Likeness(score, same, apart, tuple(sorted(shared, key=lambda each: (each[0] in _COMMON, each))))


# By what an incident with many alerts counts them, in the order in which people read it.
COUNTED = ("alertname", "service", "severity")
# Fewer than this are read one by one.
BREAKDOWN_FROM = 20
# So many values of each are kept apart; a label with a value for each alert must not make the incident's row grow.
MOST_VALUES = 100


def count_up(found: Mapping[str, Mapping[str, int]], more: Iterable[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """The numbers of each value with some more alerts; what has no place of its own any more is counted under ""."""
    counted = {name: dict(found.get(name, {})) for name in COUNTED}
    for values in more:
        for name, numbers in counted.items():
            value = values.get(name, "")
            if value not in numbers and len(numbers) >= MOST_VALUES:
                value = ""
            numbers[value] = numbers.get(value, 0) + 1
    return counted


def most_frequent(numbers: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    """The values with the highest numbers; what is counted under "" comes last."""
    return sorted(numbers.items(), key=lambda each: (not each[0], -each[1], each[0]))[:most]


LONGEST_PROMISE = 24 * 60
LONGEST_SNOOZE = timedelta(days=14)
HANDOVER_MINUTES = 15
# The last reminder before others are paged comes when so large a part of the time is left.
_WARNING = 5

Ring = Literal["wake", "expire", "warn", "remind"]


@dataclass(frozen=True, slots=True)
class Watched:
    """An incident and the terms on which somebody is on it. ``progress_at`` is when a person last did something."""

    status: str
    since: datetime
    ack_minutes: int | None = None
    remind_minutes: int | None = None
    reminded_at: datetime | None = None
    progress_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def quiet_since(self) -> datetime:
        """Since when nothing has been noted."""
        return max(self.since, self.progress_at or self.since)

    @property
    def expires_at(self) -> datetime | None:
        """When it opens again unless something is noted before."""
        if self.status != "acknowledged" or self.ack_minutes is None:
            return None
        return self.quiet_since + timedelta(minutes=self.ack_minutes)


def next_ring(watched: Watched) -> tuple[datetime, Ring] | None:
    """Which of the clocks rings next, and when: None when none will. While it is snoozed only waking counts."""
    if watched.snoozed_until is not None:
        return (watched.snoozed_until, "wake") if watched.status in {"open", "acknowledged"} else None
    if watched.status != "acknowledged":
        return None
    quiet, last = watched.quiet_since, watched.reminded_at
    found: list[tuple[datetime, Ring]] = []
    if (expires := watched.expires_at) is not None and watched.ack_minutes is not None:
        found.append((expires, "expire"))
        warns = expires - timedelta(minutes=max(1, watched.ack_minutes // _WARNING))
        if watched.ack_minutes > 2 and (last is None or last < warns):
            found.append((warns, "warn"))
    if watched.remind_minutes is not None:
        found.append((max(quiet, last or quiet) + timedelta(minutes=watched.remind_minutes), "remind"))
    return min(found, default=None, key=lambda each: (each[0], each[1] != "expire"))
