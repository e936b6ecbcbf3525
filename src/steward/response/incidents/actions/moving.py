"""What merging and splitting share: two incidents held in the order of locks, and memberships that change sides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from steward.foundation.actors import Actor
from steward.foundation.sentences import gettext as _
from steward.response.incidents.actions.membership import recount
from steward.response.incidents.actions.shared import locked
from steward.response.incidents.actions.states import resolve_locked
from steward.response.incidents.models import Incident, IncidentAlert


def hold_both(actor: Actor, first_id: int, second_id: int) -> tuple[Incident, Incident]:
    """Both incidents, locked in the order of their keys whatever the order they are named in."""
    held = {key: locked(key, actor) for key in sorted({first_id, second_id})}
    return held[first_id], held[second_id]


def carry(left: Incident, joined: Incident, alerts: Collection[int], *, keep: Collection[int] = ()) -> list[int]:
    """Let memberships of one locked incident become the other's; returns the alerts that both had. Those in ``keep``
    stay in the first one too. The caller recounts."""
    theirs = IncidentAlert.objects.filter(incident=left, alert_id__in=alerts)
    firing = set(theirs.filter(firing=True).values_list("alert_id", flat=True))
    there = IncidentAlert.objects.filter(incident=joined, alert_id__in=alerts)
    shared = sorted(there.values_list("alert_id", flat=True))
    there.filter(alert_id__in=firing).update(firing=True)
    theirs.filter(alert_id__in=shared).exclude(alert_id__in=keep).delete()
    stays = set(keep).difference(shared)
    IncidentAlert.objects.bulk_create(
        IncidentAlert(
            incident=joined, alert_id=each.alert_id, joined_at=each.joined_at, firing=each.firing, reason=each.reason
        )
        for each in theirs.filter(alert_id__in=stays)
    )
    theirs.exclude(alert_id__in=[*shared, *stays]).update(incident=joined)
    return shared


def settle_left(incident: Incident, now: datetime, actor: Actor, ref: str, *, stays_open: bool) -> None:
    """Count what is left where alerts were taken away. With nothing that fires it resolves itself, as when its last
    alert ends; else nothing would ever end it."""
    fired = incident.firing_count > 0
    recount(incident, now)
    if fired and incident.alert_count and not incident.firing_count and incident.is_active and not stays_open:
        why = _("its last firing alert belongs to %(ref)s now") % {"ref": ref}
        resolve_locked(incident, now, actor, why, via="")
