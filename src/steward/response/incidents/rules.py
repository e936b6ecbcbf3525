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


def closes_at(resolved_at: datetime) -> datetime:
    return resolved_at + QUIET_PERIOD


@dataclass(frozen=True, slots=True)
class IncidentState:
    """What others need to decide on an incident."""

    id: int
    ref: str
    status: str
    resolved_at: datetime | None


def may_reopen(*, status: str, resolved_at: datetime | None, now: datetime, window: timedelta) -> bool:
    """Whether an alert that fires again belongs to this incident rather than to a new one."""
    return status == "resolved" and resolved_at is not None and now - resolved_at <= window
