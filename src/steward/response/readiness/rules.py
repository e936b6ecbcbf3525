"""When a test bothers nobody, and what tests say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

EVERY = timedelta(weeks=4)
"""How often a contact method is tested."""
HOURS = (10, 16)
"""Between which hours of the person's own clock."""


def convenient(now: datetime, zone: str) -> bool:
    """Is it the middle of a working day where the person lives?"""
    local = now.astimezone(ZoneInfo(zone))
    return local.weekday() < 5 and HOURS[0] <= local.hour < HOURS[1]


def is_due(asked_at: datetime | None, now: datetime) -> bool:
    """Is it time to test again?"""
    return asked_at is None or now - asked_at >= EVERY


def unreachable(targets: int, proofs: Sequence[str], methods: int) -> bool:
    """Nobody can reach a person who has no way at all, or all of whose ways failed their last test."""
    return targets == 0 or (methods > 0 and len(proofs) == methods and all(state == "failed" for state in proofs))
