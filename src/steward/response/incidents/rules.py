"""What may happen to an incident in which state, decided without a database or a clock."""

from __future__ import annotations

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


def may_reopen(*, status: str, resolved_at: datetime | None, now: datetime, window: timedelta) -> bool:
    """Whether an alert that fires again belongs to this incident rather than to a new one."""
    return status == "resolved" and resolved_at is not None and now - resolved_at <= window
