"""Alerts that change all the time. Pure.

An alert flaps from its N-th change within T on. It is told once, then its changes are held until it has been quiet for
a while; then what it is at that moment counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class FlappingSpec:
    """``changes`` within ``window`` seconds make an alert flap (0: never); ``quiet`` seconds without one end it."""

    changes: int = 0
    window: int = 600
    quiet: int = 600


def enters(spec: FlappingSpec, changes: Sequence[datetime], now: datetime) -> bool:
    """Whether these changes (times, the newest included) make it flap."""
    if not spec.changes:
        return False
    start = now - timedelta(seconds=spec.window)
    return sum(1 for at in changes if at > start) >= spec.changes


def quiet_at(spec: FlappingSpec, last_change: datetime) -> datetime:
    """When it counts as quiet, if it does not change again."""
    return last_change + timedelta(seconds=spec.quiet)
