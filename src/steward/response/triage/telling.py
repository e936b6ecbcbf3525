"""What a group tells the responders of its incident after the first page: more alerts have joined (group interval), it
still fires (repeat interval); and the log of all that groups told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from steward.foundation.due.registry import wake
from steward.response.incidents import actions as incidents
from steward.response.triage import rules, wording
from steward.response.triage.models import AlertGroup, Notice
from steward.response.triage.opening import TRIAGE
from steward.signals.alerts.events import ChangedAlert

if TYPE_CHECKING:
    from steward.response.triage.routing import Batch

MOST_NAMED = 1000


def begins(group: AlertGroup, route: rules.RouteSpec, kind: str, firing: Sequence[ChangedAlert], batch: Batch) -> None:
    """The group has told people for the first time (of this incident): its clock begins."""
    now = batch.now
    group.began_at = group.told_at = now
    group.news = False
    _next(group, route, batch)
    batch.notices.append(
        Notice(
            group=group, incident_id=group.incident_id, at=now, kind=kind, firing=len(firing),
            data={"alerts": named(firing)},
        )
    )  # fmt: skip


def named(firing: Sequence[ChangedAlert]) -> list[int]:
    """Which alerts a notice was about, as many as a log can bear."""
    return [change.alert_id for change in firing[:MOST_NAMED]]


def news(group: AlertGroup, route: rules.RouteSpec, batch: Batch) -> None:
    """Alerts have joined what people know of already; they hear of it at the next group interval."""
    if group.began_at is None or not route.group_interval or group.news:
        return
    group.news = True
    _next(group, route, batch)


def look(
    group: AlertGroup, route: rules.RouteSpec, incident: rules.IncidentState, firing: Sequence[ChangedAlert],
    batch: Batch,
) -> None:  # fmt: skip
    """The group's time to speak again has come. If nothing of it may page just now it says nothing."""
    spoken = _spoken(group, batch.now)
    kind = rules.tells(route, spoken, batch.now, news=group.news)
    if kind and firing:
        text = wording.still_firing(kind, len(firing))
        told = incidents.tell_again(
            actor=TRIAGE, now=batch.now, incident_id=incident.id, why=text,
            key=f"{group.pk}:{batch.now.isoformat()}", shadow=group.shadow,
        )  # fmt: skip
        batch.notices.append(
            Notice(
                group=group, incident_id=incident.id, at=batch.now, kind=kind, firing=len(firing), text=text,
                data={"told": told, "alerts": named(firing)},
            )
        )  # fmt: skip
        group.told_at = batch.now
        group.news = False
    _next(group, route, batch)


def _next(group: AlertGroup, route: rules.RouteSpec, batch: Batch) -> None:
    due = rules.next_look(route, _spoken(group, batch.now), batch.now, news=group.news)
    if due is not None and due <= batch.now:
        due = rules.next_look(route, rules.Spoken(batch.now, batch.now), batch.now, news=group.news)
    group.due_at, group.leased_until = due, None
    batch.changed(group)
    batch.waits = batch.waits or due is not None


def _spoken(group: AlertGroup, now: datetime) -> rules.Spoken:
    return rules.Spoken(group.began_at or now, group.told_at or now)


def settle(batch: Batch) -> None:
    """Write the log; wake the engine for the groups' new clocks."""
    Notice.objects.bulk_create(batch.notices)
    if batch.waits:
        wake("triage.group")
