"""Alerts whose reason to be held has ended are judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from steward.response.incidents import actions as incidents
from steward.response.incidents import queries as incident_queries
from steward.response.triage import configuration, judging, meanwhile
from steward.response.triage.models import Hold, Reconsideration
from steward.response.triage.opening import TRIAGE
from steward.response.triage.routing import route_changes
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import queries as alert_queries


@transaction.atomic
def judge_anew(*, now: datetime, hold_ids: Sequence[int]) -> None:
    """Judge what these hold again: it may be held by something else, or page now. The alerts are locked before the
    holds are believed, as everywhere."""
    wanted = set(Hold.objects.filter(pk__among=hold_ids).values_list("alert_id", flat=True))
    alerts.lock_alerts(wanted)
    holds = list(
        Hold.objects.select_for_update().filter(pk__among=hold_ids, due_at__lte=now).order_by("alert_id", "pk")
    )
    if not holds:
        return
    rounds = {hold.alert_id: hold.round + 1 for hold in holds}
    flapped = {hold.alert_id for hold in holds if hold.kind == "flapping"}
    notes = meanwhile.told(holds, now)
    Hold.objects.filter(pk__among=[hold.pk for hold in holds]).delete()
    found = alert_queries.as_changed(list(rounds), now, resolved=True)
    alerts.set_standing(dict.fromkeys(rounds))
    # What has resolved meanwhile told so when it did; only a flapping alert's end was held too.
    told = [each for each in found if each.status == "firing" or each.alert_id in flapped]
    route_changes(now=now, changes=told, rounds=rounds, notes=notes)
    _let_speak(now, [each.alert_id for each in told if each.status == "firing"])


def _let_speak(now: datetime, alert_ids: Sequence[int]) -> None:
    """Incidents that were quiet because all of their alerts were held escalate again."""
    free = set(alert_ids) - set(Hold.objects.filter(alert_id__among=alert_ids).values_list("alert_id", flat=True))
    for incident_id in incident_queries.quiet_with(free):
        incidents.unquiet(actor=TRIAGE, now=now, incident_id=incident_id)


def suppression_changed(*, now: datetime, kind: str, ref_id: int) -> None:
    """A silence or window began, ended or is another one: what it held is judged anew at once, and what fires is looked
    at by the engine. In the caller's transaction."""
    judging.release(kind, [(ref_id, None)], now)
    judging.look_again(now)


@transaction.atomic
def reconsider(*, now: datetime, key: int) -> None:
    """Hold what fires in incidents and is silenced, inhibited or in maintenance now; an incident with nothing else goes
    quiet. What asks for another look meanwhile gets it: the row is taken last, as by everybody."""
    asked = Reconsideration.objects.filter(pk=key, due_at__lte=now)
    since = asked.values_list("due_at", flat=True).first()
    if since is None:
        return
    members = incident_queries.firing_members()
    config = configuration.live()
    alert_ids = {alert for alerts_of in members.values() for alert in alerts_of}
    # Only those that something holds are locked: in a storm tens of thousands fire, and their changes must not wait.
    wanted = judging.would_hold(alert_queries.as_changed(sorted(alert_ids), now), config, now)
    alerts.lock_alerts(wanted)
    held = judging.hold_now(alert_queries.as_changed(sorted(wanted), now), config, now)
    for incident_id, alerts_of in sorted(members.items()):
        if held.issuperset(alerts_of):
            incidents.quiet(actor=TRIAGE, now=now, incident_id=incident_id)
    asked.filter(due_at=since).update(due_at=None, leased_until=None)
