"""Jobs that ended: the worker removes those that succeeded at once, the others stay for a month to be looked at."""

from __future__ import annotations

from datetime import datetime, timedelta

from steward.foundation.history.registry import Cleaner, Step, register
from steward.foundation.jobs.worker import app

REMOVE = "builtin:procrastinate.builtin_tasks.remove_old_jobs"
KEPT = timedelta(days=30)


def remove_old_jobs(_before: datetime, _after: int) -> Step:
    """Have Procrastinate remove them; its job joins this transaction and runs in any engine."""
    hours = int(KEPT.total_seconds() // 3600)
    app.configure_task(REMOVE).defer(
        max_hours=hours, remove_failed=True, remove_cancelled=True, remove_aborted=True
    )  # fmt: skip
    return Step(0, None)


register(Cleaner("jobs", remove_old_jobs, lifetime=KEPT))
