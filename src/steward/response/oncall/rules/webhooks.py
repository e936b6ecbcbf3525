"""What follows a try to call a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from steward.algorithms.backoff import next_delay

MOST_TRIES: Final = 8
BASE, CAP = timedelta(seconds=2), timedelta(minutes=3)
LONGEST_RETRY_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """How a try ended; ``text`` is what the other side (or the way to it) said."""

    ok: bool
    text: str
    retryable: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What becomes of the call."""

    state: Literal["sent", "retrying", "failed"]
    due_at: datetime | None


def after_call(answer: CallAnswer, *, attempt: int, now: datetime, seed: str) -> CallOutcome:
    """Decide what follows try number ``attempt`` (the first is 1)."""
    if answer.ok:
        return CallOutcome("sent", None)
    if not answer.retryable or attempt >= MOST_TRIES:
        return CallOutcome("failed", None)
    delay = next_delay(attempt, base=BASE, cap=CAP, jitter_seed=seed)
    if answer.retry_after:
        delay = max(delay, min(timedelta(seconds=answer.retry_after), LONGEST_RETRY_AFTER))
    return CallOutcome("retrying", now + delay)
