"""Deliveries: written down, sent, written down again, and removed when they are too old."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection

from steward.foundation.due import registry
from steward.foundation.history import registry as history
from steward.response.notifications import actions, rules, sending
from steward.response.notifications.journal import JOURNAL
from steward.response.notifications.models import Delivery

log = logging.getLogger(__name__)
WRITE_SECONDS = 40.0
# The engine lengthens it while a try lasts. Longer than most kinds' so that an engine that only hangs for some seconds
# does not find its message sent by another.
LEASE = timedelta(seconds=30)


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
    answer = rules.Answer(True, begun.taken) if begun.taken else _send(begun, _passed(now, began))
    if answer.ok and not begun.taken:
        JOURNAL.note(begun.attempt_key, answer.text)
        _surely(lambda: actions.note_taken(now=_passed(now, began), sending=begun, answer=answer))
        JOURNAL.recorded(begun.attempt_key)
    _surely(lambda: actions.end_attempt(now=_passed(now, began), sending=begun, answer=answer))


def _send(begun: actions.Sending, now: datetime) -> rules.Answer:
    try:
        return sending.send(begun, now)
    except Exception as error:
        log.exception("sending delivery %s failed inside Steward", begun.delivery_id)
        return rules.Answer(False, f"{type(error).__name__} inside Steward; see its log", retryable=True)


def _surely(write: Callable[[], object]) -> None:
    """Write down how a try ended, even if the database is away for a moment: what is forgotten is sent again."""
    end = time.monotonic() + WRITE_SECONDS
    while True:
        try:
            write()
            return
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > end:
                raise
            connection.close()
            time.sleep(0.2)


def _passed(now: datetime, began: float) -> datetime:
    return now + timedelta(seconds=time.monotonic() - began)


# One delivery a claim: a slow server holds up only its own worker, never the pages behind it.
registry.register(registry.DueKind("notifications.delivery", Delivery, deliver, lease=LEASE, batch=1, workers=12))
history.register(history.Cleaner("deliveries", actions.remove_old_deliveries))
history.register(history.Cleaner("test messages", actions.remove_old_tests))
