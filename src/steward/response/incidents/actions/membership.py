"""Alerts in an incident: joining, firing again, being resolved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from steward.foundation.actors import Actor
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import ngettext
from steward.response.incidents.actions.severity import NO_RULE, Rule, raise_severity
from steward.response.incidents.actions.shared import JoiningAlert, locked, names_of, new_entry, one_line, refuse, save
from steward.response.incidents.actions.states import resolve_locked
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, TimelineEntry

# More changes than this at once are told in one entry: a storm must stay readable.
SPOKEN_ONE_BY_ONE = 4


def add_alerts(*, actor: Actor, now: datetime, incident_id: int, alerts: Sequence[JoiningAlert]) -> Incident:
    """Let alerts join an active incident."""
    return alerts_changed(actor=actor, now=now, incident_id=incident_id, firing=alerts, auto_resolve=False)


@transaction.atomic
def alerts_changed(
    *, actor: Actor, now: datetime, incident_id: int, firing: Sequence[JoiningAlert] = (),
    resolved: Sequence[JoiningAlert] = (), auto_resolve: bool = True, rule: Rule = NO_RULE,
) -> Incident:  # fmt: skip
    """Take over that alerts join or fire again, and that members are resolved; with the last one the incident
    resolves itself if ``auto_resolve``.

    An alert that fires cannot join what is over: the caller reopens it, or opens a new one. One that is worse than the
    incident raises it, because of ``rule``; also one that fires in it already and has become worse.
    """
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if firing and not incident.is_active:
        refuse(incident)
    joined = join(incident, now, actor, firing)
    changed = _note_changed(incident, now, actor, firing, joined)
    gone = _settle(incident, now, actor, resolved)
    if joined or gone:
        recount(incident, now)
    raise_severity(incident, now, actor, [*joined, *changed], rule)
    if gone and incident.firing_count == 0 and auto_resolve and incident.is_active:
        left = resolved[-1].reason.get("code") == "left"
        why = _("its last firing alert belongs elsewhere now") if left else _("its last firing alert is resolved")
        resolve_locked(incident, now, actor, why, via="")
    return incident


def join(incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert]) -> list[JoiningAlert]:
    """Add or revive memberships of a locked incident; returns those that did not fire in it. The caller recounts."""
    if not alerts:
        return []
    ids = [alert.alert_id for alert in alerts]
    known = dict(IncidentAlert.objects.filter(incident=incident, alert_id__in=ids).values_list("alert_id", "firing"))
    fresh = [alert for alert in alerts if not known.get(alert.alert_id, False)]
    if not fresh:
        return []
    IncidentAlert.objects.bulk_create(
        memberships_of(incident, now, fresh), update_conflicts=True, unique_fields=["incident", "alert"],
        update_fields=["firing", "reason"],
    )  # fmt: skip
    TimelineEntry.objects.bulk_create(entries_of_joining(incident, now, actor, fresh, known.keys()))
    return fresh


def _note_changed(
    incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert], joined: Sequence[JoiningAlert]
) -> list[JoiningAlert]:
    """Tell what changed about alerts that fire in the incident already; returns those."""
    fresh = {alert.alert_id for alert in joined}
    changed = [alert for alert in alerts if alert.reason.get("code") == "changed" and alert.alert_id not in fresh]
    if not changed:
        return []
    few = len(changed) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in changed if few else ():
        text = _("%(name)s changed: %(what)s") % {"name": alert.name, "what": _difference(alert)}
        data = {"alert": alert.alert_id, "firing": True, "detail": alert.summary}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, alert.why, data))
    if not few:
        text = ngettext("%(n)s alert changed", "%(n)s alerts changed", len(changed)) % {"n": len(changed)}
        shown = {"alerts": [alert.alert_id for alert in changed], "firing": True, "detail": names_of(changed)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, changed[0].why, shown))
    TimelineEntry.objects.bulk_create(entries)
    save(incident, now)
    return changed


def _difference(alert: JoiningAlert) -> str:
    """The labels as they were and as they are, such as ``severity: warning → critical``."""
    before, after = alert.reason.get("before") or {}, alert.reason.get("after") or {}
    names = sorted({*before, *after})
    return one_line(", ".join(f"{name}: {before.get(name, '—')} → {after.get(name, '—')}" for name in names), 200)


def memberships_of(incident: Incident, now: datetime, alerts: Sequence[JoiningAlert]) -> list[IncidentAlert]:
    unique = {alert.alert_id: alert for alert in alerts}
    return [
        IncidentAlert(incident=incident, alert_id=key, joined_at=now, firing=alert.firing, reason=alert.reason)
        for key, alert in unique.items()
    ]


def entries_of_joining(
    incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert], known: Collection[int]
) -> list[TimelineEntry]:
    """What the timeline says of joining alerts: each by name while they are few, else the first and the number."""
    few = len(alerts) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in alerts if few else alerts[:1]:
        text = (_("%(name)s fires again") if alert.alert_id in known else _("%(name)s fires")) % {"name": alert.name}
        data = {"alert": alert.alert_id, "firing": True, "detail": alert.summary}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, alert.why, data))
    rest = () if few else alerts[1:]
    if rest:
        text = ngettext("%(n)s more alert joined", "%(n)s more alerts joined", len(rest)) % {"n": len(rest)}
        data = {"alerts": [alert.alert_id for alert in rest], "firing": True, "detail": names_of(rest)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, rest[0].why, data))
    return entries


def _settle(incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert]) -> bool:
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
    over = [alert for alert in alerts if alert.alert_id in gone]
    few = len(over) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in over if few else ():
        data = {"alert": alert.alert_id, "firing": False}
        left = alert.reason.get("code") == "left"
        text = (_("%(name)s left") if left else _("%(name)s resolved")) % {"name": alert.name}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, alert.why, data))
    if not few:
        text = ngettext("%(n)s alert resolved", "%(n)s alerts resolved", len(over)) % {"n": len(over)}
        shown = {"alerts": [alert.alert_id for alert in over], "firing": False, "detail": names_of(over)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, over[0].why, shown))
    TimelineEntry.objects.bulk_create(entries)
    return True


def recount(incident: Incident, now: datetime) -> None:
    """Set both counts from the memberships, under the incident's lock."""
    found = IncidentAlert.objects.filter(incident=incident).aggregate(
        total=Count("pk"), firing=Count("pk", filter=Q(firing=True))
    )
    incident.alert_count, incident.firing_count = found["total"], found["firing"]
    save(incident, now, "alert_count", "firing_count")
