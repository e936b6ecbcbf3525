"""Days are due rows, so that each is added up once however many engines there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from steward.foundation.due.registry import DueKind, register
from steward.response.debt import actions
from steward.response.debt.models import Day


def add_up(ids: Sequence[int], now: datetime) -> None:
    actions.run_due(day_ids=ids, now=now)


register(DueKind(actions.KIND, Day, add_up, batch=1))
