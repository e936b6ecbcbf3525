"""The clock of this room: one row, so that each shift is asked about once however many engines there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from steward.foundation.due.registry import DueKind, register
from steward.response.burden import actions
from steward.response.burden.models import Round


def run(_ids: Sequence[int], now: datetime) -> None:
    actions.run_round(now=now)


register(DueKind(actions.KIND, Round, run, batch=1))
