"""The engine's part in tests: claim what is due and handle it."""

from __future__ import annotations

from datetime import datetime

from steward.foundation.due.registry import claim, kinds
from steward.response.notifications.models import Delivery
from steward.response.notifications.tests.factories import NOW

KIND = next(kind for kind in kinds() if kind.name == "notifications.delivery")


def engine(now: datetime = NOW) -> int:
    """Claim and handle everything that is due at ``now``, as the engine does; returns how many."""
    handled = 0
    while ids := claim(KIND, now):
        KIND.handle(ids, now)
        handled += len(ids)
    return handled


def engine_until_done(now: datetime = NOW) -> None:
    for _try in range(50):
        engine(now)
        following = Delivery.objects.filter(due_at__isnull=False).order_by("due_at").first()
        if following is None or following.due_at is None:
            return
        now = following.due_at
    raise AssertionError("the deliveries do not end")
