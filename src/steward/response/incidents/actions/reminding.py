"""An incident speaks again, or is quiet for a while because everything in it is silenced or in maintenance."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.sentences import gettext as _
from steward.response.incidents.actions.shared import (
    end_shadow,
    entry,
    facts_of,
    locked,
    record,
    save,
    start_escalations,
    subject_of,
)
from steward.response.incidents.models import EntryKind, Incident, IncidentStatus
from steward.response.notifications import actions as notifications
from steward.response.oncall import actions as oncall
from steward.response.oncall import queries as oncall_queries


@transaction.atomic
def tell_again(*, actor: Actor, now: datetime, incident_id: int, why: str, key: str, shadow: bool = False) -> bool:
    """Have whoever is responsible hear of an active incident again: who is on it, else the policy from its first step
    unless it is running; whether anybody was told. ``key`` makes it happen once. ``shadow``: who asks may page nobody,
    though the incident may."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if not incident.is_active or incident.quiet_since is not None or incident.shadow or shadow:
        return False
    if incident.snoozed_until is not None:
        return False
    if incident.status == IncidentStatus.ACKNOWLEDGED and incident.assignee_id is not None:
        return _tell_assignee(incident, now, actor, why, key)
    running = oncall_queries.escalation_of(subject_of(incident))
    if running is not None and running.state == "running":
        entry(incident, now, actor, EntryKind.ESCALATION, _("The escalation goes on"), why)
        save(incident, now)
        return False
    if incident.policy_id is None:
        return False
    entry(incident, now, actor, EntryKind.ESCALATION, _("The escalation begins anew"), why)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=why)
    start_escalations(actor, now, [incident])
    save(incident, now)
    return True


def _tell_assignee(incident: Incident, now: datetime, actor: Actor, why: str, key: str) -> bool:
    asked = notifications.page(
        actor=actor, now=now, user_id=incident.assignee_id or 0, key=f"incident:{incident.pk}:again:{key}",
        subject=subject_of(incident), subject_label=incident.ref, title=incident.title, body=incident.description,
        reason={"why": why, "facts": facts_of(incident)},
    )  # fmt: skip
    text = _("Telling %(name)s again") % {"name": incident.assignee} if asked.deliveries else asked.problem
    entry(incident, now, actor, EntryKind.PAGE, text, why, None if asked.deliveries else {"failed": True})
    save(incident, now)
    return asked.deliveries > 0


@transaction.atomic
def quiet(*, actor: Actor, now: datetime, incident_id: int) -> bool:
    """Page nobody for an active incident while everything that fires in it is held; whether it was loud before."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if not incident.is_active or incident.quiet_since is not None or not incident.firing_count:
        return False
    incident.quiet_since = now
    save(incident, now, "quiet_since")
    why = _("all of its firing alerts are silenced, inhibited or in maintenance")
    entry(incident, now, actor, EntryKind.ESCALATION, _("Nobody is paged for now"), why)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=why)
    record(actor, now, "incident.quiet", incident, {}, {"quiet": True})
    return True


@transaction.atomic
def unquiet(*, actor: Actor, now: datetime, incident_id: int) -> bool:
    """What kept it quiet is over and it still fires: if nobody has acknowledged it, its escalation begins anew."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if incident.quiet_since is None:
        return False
    incident.quiet_since = None
    save(incident, now, "quiet_since")
    record(actor, now, "incident.unquiet", incident, {"quiet": True}, {})
    if incident.is_active:
        why = _("what was silenced, inhibited or in maintenance still fires")
        entry(incident, now, actor, EntryKind.ESCALATION, _("People are paged again"), why)
        # What is snoozed, too, pages when it wakes.
        if incident.status == IncidentStatus.OPEN and incident.snoozed_until is None:
            start_escalations(actor, now, [incident])
    return True


@transaction.atomic
def shadow(*, actor: Actor, now: datetime, incident_id: int) -> bool:
    """Page nobody for an active incident from now on, because its alerts' source is in shadow mode."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if not incident.is_active or incident.shadow:
        return False
    incident.shadow = True
    save(incident, now, "shadow")
    why = _("its source is in shadow mode")
    entry(incident, now, actor, EntryKind.ESCALATION, _("Nobody is paged for now"), why)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=why)
    record(actor, now, "incident.shadow", incident, {"shadow": False}, {"shadow": True})
    return True


@transaction.atomic
def unshadow(*, actor: Actor, now: datetime, incident_id: int) -> bool:
    """People are paged for an incident that shadow mode kept from them; whether it was kept."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    return incident.is_active and end_shadow(incident, now, actor, _("its source is not in shadow mode any more"))
