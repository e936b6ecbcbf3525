"""The clocks of escalations and of the webhooks that they call."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from steward.foundation.due import registry
from steward.foundation.history import registry as history
from steward.response.oncall import actions, calling, fetching
from steward.response.oncall.models import Calendar, Escalation, Swap, WebhookCall


def run_one(escalation_id: int, now: datetime) -> None:
    actions.run_escalation(now=now, escalation_id=escalation_id)


def past_due(swap_id: int, now: datetime) -> None:
    actions.swap_past_due(now=now, swap_id=swap_id)


registry.register(registry.DueKind("oncall.swap", Swap, registry.each(past_due), batch=20, workers=1))


def call_one(call_id: int, now: datetime) -> None:
    """Make one try; its time is the claim's time plus what has passed since."""
    began = time.monotonic()
    begun = actions.begin_call(now=now, call_id=call_id)
    if begun is None:
        return
    if not connection.in_atomic_block:
        # Back to the pool: a slow server must not keep a database connection from the other workers.
        connection.close()
    answer = calling.call(begun, now)
    actions.end_call(now=now + timedelta(seconds=time.monotonic() - began), calling=begun, answer=answer)


def read_one(calendar_id: int, now: datetime) -> None:
    """Read one calendar; its time is the claim's time plus what has passed since."""
    began = time.monotonic()
    reading = actions.begin_reading(now=now, calendar_id=calendar_id)
    if reading is None:
        return
    if not connection.in_atomic_block:
        connection.close()
    fetched = fetching.fetch(reading.url, reading.etag, reading.last_modified) if reading.url else None
    actions.end_reading(now=now + timedelta(seconds=time.monotonic() - began), reading=reading, fetched=fetched)


registry.register(
    registry.DueKind(
        "oncall.calendar", Calendar, registry.each(read_one), lease=timedelta(seconds=60), batch=1, workers=2,
        stranded=Q(due_at=None),
    )
)  # fmt: skip
registry.register(
    registry.DueKind(
        "oncall.escalation", Escalation, registry.each(run_one), batch=10, workers=2,
        stranded=Q(state="running", due_at=None),
    )
)  # fmt: skip
registry.register(
    registry.DueKind(
        "oncall.webhook", WebhookCall, registry.each(call_one), lease=timedelta(seconds=30), batch=1, workers=4,
        stranded=Q(state__in=["waiting", "sending", "retrying"], due_at=None),
    )
)  # fmt: skip
history.register(history.Cleaner("webhook calls", actions.remove_old_calls))
