"""What fired while a maintenance window held it: for the window's page, and for whoever is paged when it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q

from steward.foundation.actors import Actor
from steward.response.suppression import queries as suppression
from steward.response.suppression.queries import MaintenanceWindow, Run
from steward.response.triage import wording
from steward.response.triage.models import Decision, Hold
from steward.response.triage.opening import TRIAGE
from steward.signals.alerts import queries as alerts

MAINTENANCE = "maintenance"
MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One alert name: how many alerts fired, how many of them still do, and when the first and the last were held."""

    name: str
    fired: int
    firing: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One run of a window. ``lines``: the names with the most alerts that still fire, then with the most that fired; at
    most ``MOST_NAMES``, of ``names``."""

    run: Run
    fired: int
    firing: int
    names: int
    lines: Sequence[Line]


def of_run(actor: Actor, window_id: int, run: Run) -> Meanwhile:
    """What the window held in this run, of what the actor may see."""
    held = Decision.objects.filter(
        outcome=MAINTENANCE, at__gte=run.begins, at__lt=run.ends, data__held__id=window_id
    )  # fmt: skip
    rows = (
        alerts.alerts(actor)
        .filter(pk__in=held.values("alert_id"))
        .values("name")
        .annotate(
            fired=Count("pk"), still=Count("pk", filter=Q(status="firing")), first=Min("starts_at"), last=Max("starts_at")
        )
        .order_by("-still", "-fired", "name")
    )  # fmt: skip
    lines = [Line(row["name"], row["fired"], row["still"], row["first"], row["last"]) for row in rows]
    fired, firing = sum(line.fired for line in lines), sum(line.firing for line in lines)
    return Meanwhile(run, fired, firing, len(lines), lines[:MOST_NAMES])


def of_window(actor: Actor, window: MaintenanceWindow, now: datetime, *, most: int) -> list[Meanwhile]:
    """Its latest runs that have begun, the newest first."""
    return [of_run(actor, window.pk, run) for run in suppression.begun(window, now, most=most)]


def told(holds: Collection[Hold], now: datetime) -> dict[int, str]:
    """By alert that is let go: that its maintenance is over, and what fired meanwhile. Nothing for a window that goes on
    (its scope was changed)."""
    texts: dict[int, str] = {}
    for window in suppression.windows_for_engine({hold.ref_id for hold in holds if hold.kind == MAINTENANCE}):
        runs = suppression.begun(window, now, most=1)
        if runs and runs[0].ends <= now:
            texts[window.pk] = wording.after_maintenance(window.title, of_run(TRIAGE, window.pk, runs[0]))
    return {hold.alert_id: texts[hold.ref_id] for hold in holds if hold.kind == MAINTENANCE and hold.ref_id in texts}
