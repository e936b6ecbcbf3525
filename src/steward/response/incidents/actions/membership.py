"""Alerts in an incident: joining, firing again, being resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from steward.foundation.actors import Actor
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import ngettext
from steward.response.incidents import rules
from steward.response.incidents.actions.joining import (
    SPOKEN_ONE_BY_ONE,
    Join,
    breakdowns,
    is_huge,
    join_locked,
    leave_shadow,
)
from steward.response.incidents.actions.severity import NO_RULE, Rule, raise_severity
from steward.response.incidents.actions.shared import (
    JoiningAlert,
    locked,
    names_of,
    new_entry,
    refuse,
    save,
    told_why,
    write_entries,
)
from steward.response.incidents.actions.states import resolve_locked
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, TimelineEntry


def add_alerts(*, actor: Actor, now: datetime, incident_id: int, alerts: Sequence[JoiningAlert]) -> Incident:
    """Let alerts join an active incident."""
    return alerts_changed(actor=actor, now=now, incident_id=incident_id, firing=alerts, auto_resolve=False)


@transaction.atomic
def alerts_changed(
    *, actor: Actor, now: datetime, incident_id: int, firing: Sequence[JoiningAlert] = (),
    resolved: Sequence[JoiningAlert] = (), auto_resolve: bool = True, rule: Rule = NO_RULE, largest: int = 0,
) -> Incident:  # fmt: skip
    """Take over that alerts join or fire again, and that members are resolved; with the last one the incident
    resolves itself if ``auto_resolve``.

    An alert that fires cannot join what is over: the caller reopens it, or opens a new one. One that is worse than the
    incident raises it, because of ``rule``; also one that fires in it already and has become worse. With more than
    ``largest`` alerts in it they are counted and not told.
    """
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if firing and not incident.is_active:
        refuse(incident)
    came = join_locked([(incident, Join(incident.pk, firing, rule, largest))], now, actor)[incident.pk]
    gone = _settle(incident, now, actor, resolved, largest)
    # Before the severity is raised: what is paged from now on may be told of it.
    leave_shadow(incident, now, actor, firing)
    raise_severity(incident, now, actor, [*came.fresh, *came.changed], rule)
    if gone and incident.firing_count == 0 and auto_resolve and incident.is_active:
        left = resolved[-1].reason.get("code") == "left"
        why = _("its last firing alert belongs elsewhere now") if left else _("its last firing alert is resolved")
        resolve_locked(incident, now, actor, why, via="")
    return incident


def _settle(incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert], largest: int) -> bool:
    """Mark members as resolved; whether any was firing until now."""
    if not alerts:
        return False
    members = IncidentAlert.objects.filter(
        incident=incident, alert_id__in=[alert.alert_id for alert in alerts], firing=True
    )
    gone = set(members.values_list("alert_id", flat=True))
    if not gone:
        return False
    members.update(firing=False)
    incident.firing_count = max(0, incident.firing_count - len(gone))
    save(incident, now, "firing_count")
    over = list({alert.alert_id: alert for alert in alerts if alert.alert_id in gone}.values())
    if not is_huge(incident, largest) or incident.firing_count == 0:
        write_entries(_entries_of_ends(incident, now, actor, over))
    return True


def _entries_of_ends(
    incident: Incident, now: datetime, actor: Actor, over: Sequence[JoiningAlert]
) -> list[TimelineEntry]:
    few = len(over) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in over if few else ():
        data = {"alert": alert.alert_id, "firing": False}
        left = alert.reason.get("code") == "left"
        text = (_("%(name)s left") if left else _("%(name)s resolved")) % {"name": alert.name}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(alert), data))
    if not few:
        text = ngettext("%(n)s alert resolved", "%(n)s alerts resolved", len(over)) % {"n": len(over)}
        shown = {"alerts": [alert.alert_id for alert in over], "firing": False, "detail": names_of(over)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(over[0]), shown))
    return entries


def recount(incident: Incident, now: datetime) -> None:
    """Set counts and breakdown from the memberships, under the incident's lock: alerts were moved by hand."""
    found = IncidentAlert.objects.filter(incident=incident).aggregate(
        total=Count("pk"), firing=Count("pk", filter=Q(firing=True))
    )
    incident.alert_count, incident.firing_count = found["total"], found["firing"]
    large = [incident] if incident.alert_count >= rules.BREAKDOWN_FROM else []
    kept = {name: value for name, value in incident.breakdown.items() if name != "by"}
    by = breakdowns(large).get(incident.pk)
    incident.breakdown = {**kept, "by": by} if by else {}
    save(incident, now, "alert_count", "firing_count", "breakdown")
