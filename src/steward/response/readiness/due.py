"""The clock of this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from steward.foundation.due.registry import DueKind, register
from steward.response.readiness import actions
from steward.response.readiness.models import Watch


def run(_ids: Sequence[int], now: datetime) -> None:
    actions.run_watch(now=now)


register(DueKind(actions.KIND, Watch, run, batch=1))
