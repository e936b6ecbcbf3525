"""Deliveries: written down, sent, written down again."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from steward.foundation.due import registry
from steward.response.notifications import actions, rules, sending
from steward.response.notifications.models import Delivery

log = logging.getLogger(__name__)
# Longer than any try (see sending.py), so that a lease ends only when its holder is gone.
LEASE = timedelta(seconds=75)


def deliver(ids: Sequence[int], now: datetime) -> None:
    """Make one try for each delivery. Its time is the claim's time plus what has passed since."""
    began = time.monotonic()
    for delivery_id in ids:
        try:
            _one(delivery_id, now, began)
        except Exception:
            log.exception("delivery %s failed inside Steward; it comes again when its lease ends", delivery_id)


def _one(delivery_id: int, now: datetime, began: float) -> None:
    begun = actions.begin_attempt(now=_passed(now, began), delivery_id=delivery_id)
    if begun is None:
        return
    if not connection.in_atomic_block:
        # Back to the pool: a slow server must not keep a database connection from the other workers.
        connection.close()
    try:
        answer = sending.send(begun, _passed(now, began))
    except Exception as error:
        log.exception("sending delivery %s failed inside Steward", delivery_id)
        answer = rules.Answer(False, f"{type(error).__name__} inside Steward; see its log", retryable=True)
    actions.end_attempt(now=_passed(now, began), sending=begun, answer=answer)


def _passed(now: datetime, began: float) -> datetime:
    return now + timedelta(seconds=time.monotonic() - began)


# One delivery a claim: a slow server holds up only its own worker, never the pages behind it.
registry.register(registry.DueKind("notifications.delivery", Delivery, deliver, lease=LEASE, batch=1, workers=12))
