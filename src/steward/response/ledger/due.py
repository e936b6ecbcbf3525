"""The clock that seals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from steward.foundation.due.registry import DueKind, register
from steward.response.ledger import actions
from steward.response.ledger.models import Clock


def run(_ids: Sequence[int], now: datetime) -> None:
    actions.run_clock(now=now)


register(DueKind(actions.KIND, Clock, run, batch=1))
