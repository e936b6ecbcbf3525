"""Alerts whose route must not tell anybody at this time of day: held for the route until its time comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from steward.response.triage import judging, rules
from steward.response.triage.models import Hold
from steward.signals.alerts import actions as alerts
from steward.signals.alerts.events import ChangedAlert


@dataclass(frozen=True, slots=True)
class Muted:
    """An alert, the route that is muted, until when, and why."""

    change: ChangedAlert
    route: rules.RouteSpec
    until: datetime | None
    why: str


def settle(changes: Sequence[ChangedAlert], muted: Sequence[Muted], rounds: Mapping[int, int], now: datetime) -> None:
    """Hold what is muted; of the others of the batch, forget what their routes held before."""
    over = {change.alert_id for change in changes} - {each.change.alert_id for each in muted}
    if over:
        Hold.objects.filter(alert_id__among=over, route__isnull=False).delete()
    if not muted:
        return
    unique = {(each.change.alert_id, each.route.id): each for each in muted}
    judging.keep(
        [
            Hold(
                alert_id=alert_id, route_id=route_id, kind="muted", ref_id=route_id, since=now,
                due_at=each.until or now + timedelta(days=1), round=rounds.get(alert_id, 0),
            )
            for (alert_id, route_id), each in sorted(unique.items())
        ]
    )  # fmt: skip
    alerts.set_standing(
        {
            each.change.alert_id: judging.stand(
                judging.Held("muted", each.route.id, each.route.version, each.route.name, each.why, each.until), now
            )
            for each in muted
        }
    )
