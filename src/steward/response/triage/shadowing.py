"""What becomes of that which fires already when a source enters or leaves shadow mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from steward.response.incidents import actions as incidents
from steward.response.incidents import queries as incident_queries
from steward.response.triage.models import AlertGroup
from steward.response.triage.opening import TRIAGE
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import queries as alert_queries
from steward.signals.alerts.events import ChangedAlert


@transaction.atomic
def shadow_begins(*, now: datetime, source_id: int) -> int:
    """Page nobody any more for incidents in which nothing fires but alerts of sources in shadow mode; how many went
    quiet. The source is in shadow mode already."""
    return sum(
        incidents.shadow(actor=TRIAGE, now=now, incident_id=incident_id)
        for incident_id, firing in _incidents(now, source_id)
        if all(change.shadow for change in firing)
    )


@transaction.atomic
def shadow_ends(*, now: datetime, source_id: int) -> int:
    """Page people for what shadow mode kept from them and still fires; for how many incidents. Who does not call this
    pages for what fires from now on only: those alerts' changes are grouped anew."""
    spoken = 0
    for incident_id, _firing in _incidents(now, source_id):
        if incidents.unshadow(actor=TRIAGE, now=now, incident_id=incident_id):
            AlertGroup.objects.filter(incident_id=incident_id, shadow=True).update(shadow=False)
            spoken += 1
    return spoken


def _incidents(now: datetime, source_id: int) -> Iterator[tuple[int, list[ChangedAlert]]]:
    """Active incidents in which an alert of the source fires, with all that fires in them; alerts are locked first, as
    everywhere."""
    members = incident_queries.firing_members()
    alert_ids = sorted({alert for alerts_of in members.values() for alert in alerts_of})
    alerts.lock_alerts(alert_ids)
    changed = {each.alert_id: each for each in alert_queries.as_changed(alert_ids, now)}
    for incident_id, alerts_of in sorted(members.items()):
        firing = [changed[each] for each in alerts_of if each in changed]
        if any(each.source_id == source_id for each in firing):
            yield incident_id, firing
