"""What people do with an incident. Triage and signed links use the same actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined
from steward.foundation.ui.spans import duration_words
from steward.people.accounts import queries as accounts
from steward.response.incidents import events, rules
from steward.response.incidents.actions.handing import end_handover
from steward.response.incidents.actions.joining import Join, join_locked
from steward.response.incidents.actions.severity import NO_RULE, Rule, raise_severity
from steward.response.incidents.actions.shared import (
    JoiningAlert,
    check_open_to_change,
    entry,
    locked,
    record,
    refuse,
    save,
    start_escalations,
    subject_of,
)
from steward.response.incidents.actions.states import resolve_locked
from steward.response.incidents.actions.watching import check_terms, keep_terms, terms_words
from steward.response.incidents.models import EntryKind, Incident, IncidentStatus, TimelineEntry
from steward.response.oncall import actions as oncall

MAX_NOTE = 10_000


@transaction.atomic
def acknowledge(
    *, actor: Actor, now: datetime, incident_id: int, via: str = "", minutes: int | None = None,
    remind_minutes: int | None = None,
) -> Incident:  # fmt: skip
    """Say "I am on it": stops the escalation. A second acknowledgement changes nothing and returns the first's, unless it
    names terms: those count from now on.

    Who acknowledges an incident that nobody has leads it from then on. ``minutes``: when nothing is noted for so long, it
    is open again and others are paged. ``remind_minutes``: its owner is reminded so often while nothing is noted.
    """
    actor.require("incidents.acknowledge")
    check_terms(minutes, remind_minutes)
    incident = locked(incident_id, actor)
    step = rules.move("acknowledge", incident.status)
    if step.refused:
        refuse(incident)
    if not step.changes:
        if minutes is not None or remind_minutes is not None:
            _renew(incident, now, actor, minutes, remind_minutes)
        return incident
    incident.status, incident.acknowledged_at, incident.unreached = IncidentStatus.ACKNOWLEDGED, now, False
    changed = ["status", "acknowledged_at", "unreached"]
    if incident.assignee_id is None and actor.user_id:
        incident.assignee_id = actor.user_id
        changed.append("assignee")
    save(incident, now, *changed)
    text = _("Acknowledged %(via)s") % {"via": via} if via else _("Acknowledged")
    why = _("%(time)s after it opened") % {"time": duration_words(now - incident.opened_at)}
    entry(incident, now, actor, EntryKind.ACKNOWLEDGED, text, joined(why, terms_words(minutes)))
    keep_terms(incident, now, minutes, remind_minutes)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=_("acknowledged"))
    record(
        actor, now, "incident.acknowledge", incident, {"status": "open"},
        {"status": incident.status, **({"minutes": minutes} if minutes else {})},
    )  # fmt: skip
    publish(events.IncidentAcknowledged(incident.pk, now))
    return incident


def _renew(incident: Incident, now: datetime, actor: Actor, minutes: int | None, remind_minutes: int | None) -> None:
    """Somebody is still on it: its clocks begin anew."""
    keep_terms(incident, now, minutes, remind_minutes)
    save(incident, now)
    entry(incident, now, actor, EntryKind.ACKNOWLEDGED, _("Still on it"), terms_words(minutes))
    record(actor, now, "incident.still", incident, {}, {"minutes": minutes, "remind_minutes": remind_minutes})


@transaction.atomic
def resolve(*, actor: Actor, now: datetime, incident_id: int, why: str = "", via: str = "") -> Incident:
    """Say that it is over; resolving twice changes nothing."""
    actor.require("incidents.resolve")
    incident = locked(incident_id, actor)
    if rules.move("resolve", incident.status).refused:
        refuse(incident)
    resolve_locked(incident, now, actor, why.strip(), via)
    return incident


@transaction.atomic
def reopen(
    *, actor: Actor, now: datetime, incident_id: int, why: str = "", alerts: Sequence[JoiningAlert] = (),
    rule: Rule = NO_RULE, largest: int = 0,
) -> Incident:  # fmt: skip
    """Open a resolved incident again, with the alerts that fire again; its escalation starts anew."""
    actor.require("incidents.resolve")
    incident = locked(incident_id, actor)
    step = rules.move("reopen", incident.status)
    if step.refused:
        refuse(incident)
    if step.changes:
        incident.status, incident.resolved_at, incident.acknowledged_at = IncidentStatus.OPEN, None, None
        incident.due_at, incident.leased_until = None, None
        incident.reopened += 1
        save(incident, now, "status", "resolved_at", "acknowledged_at", "due_at", "leased_until", "reopened")
        entry(incident, now, actor, EntryKind.REOPENED, _("Reopened"), why.strip())
    came = join_locked([(incident, Join(incident.pk, alerts, rule, largest))], now, actor)[incident.pk]
    if incident.shadow and any(not alert.shadow for alert in alerts):
        # Its escalation starts below.
        incident.shadow = False
        save(incident, now, "shadow")
    if came.fresh:
        raise_severity(incident, now, actor, came.fresh, rule, tell=not step.changes)
    if step.changes:
        record(actor, now, "incident.reopen", incident, {"status": "resolved"}, {"status": "open", "why": why})
        publish(events.IncidentReopened(incident.pk, now))
        start_escalations(actor, now, [incident])
    return incident


@transaction.atomic
def close(*, actor: Actor, now: datetime, incident_id: int, why: str = "") -> Incident:
    """Close a resolved incident for good."""
    actor.require("incidents.resolve")
    incident = locked(incident_id, actor)
    step = rules.move("close", incident.status)
    if step.refused:
        refuse(incident)
    if step.changes:
        incident.status, incident.closed_at = IncidentStatus.CLOSED, now
        incident.due_at, incident.leased_until = None, None
        save(incident, now, "status", "closed_at", "due_at", "leased_until")
        entry(incident, now, actor, EntryKind.CLOSED, _("Closed"), why.strip())
        record(actor, now, "incident.close", incident, {"status": "resolved"}, {"status": "closed"})
        publish(events.IncidentClosed(incident.pk, now))
    return incident


@transaction.atomic
def close_if_due(*, actor: Actor, now: datetime, incident_id: int) -> None:
    """Close a resolved incident whose quiet period is over; anything else stays as it is."""
    incident = Incident.objects.select_for_update(no_key=True).filter(pk=incident_id).first()
    if incident is None or incident.due_at is None or incident.due_at > now:
        return
    if incident.status == IncidentStatus.RESOLVED:
        why = _("resolved and quiet for %(time)s") % {"time": duration_words(rules.QUIET_PERIOD)}
        close(actor=actor, now=now, incident_id=incident_id, why=why)
    else:
        Incident.objects.filter(pk=incident_id).update(due_at=None, leased_until=None)


@transaction.atomic
def assign(*, actor: Actor, now: datetime, incident_id: int, assignee_id: int | None) -> Incident:
    """Give the incident to a person, or to nobody."""
    actor.require("incidents.assign")
    incident = locked(incident_id, actor)
    check_open_to_change(incident)
    person = accounts.person(assignee_id) if assignee_id else None
    # Whoever has it is paged about it, so it can only be given to us or to the supplier whose it is.
    if person and person.organisation.kind != "home" and person.organisation_id != incident.supplier_id:
        person = None
    if assignee_id and (person is None or not person.is_active):
        raise Invalid(_("There is no such active person."), fields={"assignee": [_("Choose someone else.")]})
    if incident.assignee_id == assignee_id:
        return incident
    before, incident.assignee = incident.assignee, person
    save(incident, now, "assignee")
    end_handover(incident, now, actor)
    text = _("Assigned to %(name)s") % {"name": person} if person else _("Assigned to nobody")
    entry(incident, now, actor, EntryKind.ASSIGNED, text)
    record(
        actor, now, "incident.assign", incident,
        {"assignee": str(before) if before else None}, {"assignee": str(person) if person else None},
    )  # fmt: skip
    return incident


@transaction.atomic
def add_note(*, actor: Actor, now: datetime, incident_id: int, text: str) -> TimelineEntry:
    """Write something on the timeline; also after the incident is closed."""
    actor.require("incidents.note")
    text = text.strip()
    if not text:
        raise Invalid(_("The note is empty."), fields={"text": [_("Write something.")]})
    if len(text) > MAX_NOTE:
        message = _("A note has at most %(n)s characters.") % {"n": MAX_NOTE}
        raise Invalid(message, fields={"text": [message]})
    incident = locked(incident_id, actor)
    save(incident, now)
    made = entry(incident, now, actor, EntryKind.NOTE, text)
    record(actor, now, "incident.note", incident, after={"text": text[:500]})
    return made
