"""The nightly run, a step at a time.

Each step is a claim of the one due row and one transaction: an engine that is told to stop stops after the step, one
that dies loses the step, and several engines take turns instead of meeting.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.db import transaction

from steward.algorithms.calendars import get_zone, to_utc
from steward.config.environment import load
from steward.foundation.events import publish
from steward.foundation.history.events import HistoryCleaned
from steward.foundation.history.models import Cleanup
from steward.foundation.history.registry import Cleaner, Step, cleaners

log = logging.getLogger(__name__)
ONLY = 1
NIGHT = time(3, 30)
LONGEST_ERROR = 300


def schedule(now: datetime) -> None:
    """Make sure that there is a next run; engines call it when they start."""
    first = Cleanup(pk=ONLY, due_at=next_night(now, load().time_zone))
    Cleanup.objects.bulk_create([first], ignore_conflicts=True)


def next_night(now: datetime, zone: str) -> datetime:
    """The next 03:30 of the installation's zone."""
    today = now.astimezone(get_zone(zone)).date()
    nights = (to_utc(datetime.combine(today + timedelta(days=days), NIGHT), zone) for days in range(3))
    return next(night for night in nights if night > now)


def last_run() -> Cleanup | None:
    """The run as it stands; None before any engine started."""
    return Cleanup.objects.filter(pk=ONLY).first()


def take_steps(ids: Sequence[int], now: datetime) -> None:
    """One step of the run, if it is due."""
    for key in ids:
        _take_step(key, now)


@transaction.atomic
def _take_step(key: int, now: datetime) -> None:
    run = Cleanup.objects.select_for_update().filter(pk=key, due_at__lte=now).first()
    if run is None:
        return
    if not run.cleaner:
        run.started_at, run.removed, run.failed = now, {}, {}
    todo = list(cleaners())
    names = [cleaner.name for cleaner, _lifetime in todo]
    # A cleaner that is not there any more (an upgrade in the middle of a run) begins the round again.
    place = names.index(run.cleaner) if run.cleaner in names else 0
    if todo:
        cleaner, lifetime = todo[place]
        step = _clean(run, cleaner, now - lifetime)
        if step.after is None:
            place += 1
        run.after = step.after or 0
    if place < len(todo):
        run.cleaner, run.due_at = names[place], now
    else:
        _finish(run, now)
    run.leased_until = None
    run.save()


def _clean(run: Cleanup, cleaner: Cleaner, before: datetime) -> Step:
    """One step of one cleaner. One that fails is noted and passed over: it must not keep the others from their work."""
    try:
        with transaction.atomic():
            step = cleaner.clean(before, run.after)
    except Exception as error:
        log.exception("history: %s failed; it is tried again in the next run", cleaner.name)
        run.failed[cleaner.name] = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
        return Step(0, None)
    run.removed[cleaner.name] = run.removed.get(cleaner.name, 0) + step.removed
    return step


def _finish(run: Cleanup, now: datetime) -> None:
    run.cleaner, run.finished_at, run.due_at = "", now, next_night(now, load().time_zone)
    removed = {name: number for name, number in run.removed.items() if number}
    log.info("history: removed %s", ", ".join(f"{number} {name}" for name, number in removed.items()) or "nothing")
    publish(HistoryCleaned(removed, dict(run.failed), now))
