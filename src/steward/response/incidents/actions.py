"""Every write to incidents. Each locks the incident's row first and looks at its state only then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.incidents import events, rules
from steward.response.incidents.errors import IncidentClosedAlready, IncidentNotFound, NotResolved
from steward.response.incidents.models import (
    EntryKind,
    Incident,
    IncidentAlert,
    IncidentStatus,
    Severity,
    TimelineEntry,
)
from steward.response.oncall import actions as oncall


@dataclass(frozen=True, slots=True)
class JoiningAlert:
    """An alert that joins an incident or changes in it; ``why`` is a sentence for people, ``reason`` its data."""

    alert_id: int
    name: str
    summary: str
    firing: bool
    reason: dict[str, Any] = field(default_factory=dict)
    why: str = ""


def subject_of(incident: Incident) -> SubjectRef:
    return SubjectRef("incident", incident.pk)


@transaction.atomic
def open_incident(
    *, actor: Actor, now: datetime, title: str, severity: str, service_id: int | None, policy_id: int | None,
    origin: dict[str, Any], alerts: Sequence[JoiningAlert] = (), why: str = "", description: str = "",
) -> Incident:  # fmt: skip
    """Open an incident with its first alerts and start its escalation."""
    actor.require("incidents.declare")
    _check_severity(severity)
    service = configuration.service_by_id(service_id) if service_id else None
    incident = Incident.objects.create(
        number=_next_number(), title=_one_line(title), description=description, severity=severity, service=service,
        supplier_id=service.supplier_id if service else None, policy_id=policy_id, origin=origin, opened_at=now,
        updated_at=now,
    )  # fmt: skip
    _entry(incident, now, actor, EntryKind.OPENED, _("opened as %(severity)s") % {"severity": severity}, why)
    _join(incident, now, actor, alerts)
    _record(actor, now, "incident.open", incident, after={"severity": severity, "title": incident.title})
    publish(events.IncidentOpened(incident.pk, now))
    _start_escalation(actor, now, incident)
    return incident


@transaction.atomic
def declare(
    *, actor: Actor, now: datetime, title: str, severity: str, service_id: int | None = None,
    policy_id: int | None = None, description: str = "",
) -> Incident:  # fmt: skip
    """Open an incident by hand."""
    if not title.strip():
        raise Invalid(_("Say what is wrong."), fields={"title": [_("Say what is wrong.")]})
    origin = {"kind": "person", "id": actor.id, "name": actor.label}
    return open_incident(
        actor=actor, now=now, title=title, severity=severity, service_id=service_id, policy_id=policy_id,
        origin=origin, why=_("declared by %(who)s") % {"who": actor.label}, description=description,
    )  # fmt: skip


@transaction.atomic
def add_alerts(*, actor: Actor, now: datetime, incident_id: int, alerts: Sequence[JoiningAlert]) -> Incident:
    """Let alerts join an active incident."""
    incident = _lock(incident_id)
    _join(incident, now, actor, alerts)
    return incident


@transaction.atomic
def alerts_changed(
    *, actor: Actor, now: datetime, incident_id: int, firing: Sequence[JoiningAlert] = (),
    resolved: Sequence[JoiningAlert] = (), auto_resolve: bool = True,
) -> Incident:  # fmt: skip
    """Take over that members fire again or are resolved; with the last one the incident resolves itself."""
    incident = _lock(incident_id)
    _join(incident, now, actor, firing)
    ids = [alert.alert_id for alert in resolved]
    members = IncidentAlert.objects.filter(incident=incident, alert_id__in=ids, firing=True)
    gone = set(members.values_list("alert_id", flat=True))
    members.update(firing=False)
    for alert in resolved:
        if alert.alert_id in gone:
            text = _("%(name)s resolved") % {"name": alert.name}
            _entry(incident, now, actor, EntryKind.ALERT, text, alert.why, {"alert": alert.alert_id, "firing": False})
    _count(incident, now)
    if gone and incident.firing_count == 0 and auto_resolve:
        _resolve(incident, now, actor, _("all its alerts are resolved"), via="")
    return incident


@transaction.atomic
def acknowledge(*, actor: Actor, now: datetime, incident_id: int, via: str = "") -> Incident:
    """Say "I am on it": stops the escalation. A second acknowledgement changes nothing and returns the first's."""
    actor.require("incidents.acknowledge")
    incident = _lock(incident_id, actor)
    step = rules.move("acknowledge", incident.status)
    if step.refused:
        _refuse(incident)
    if not step.changes:
        return incident
    incident.status, incident.acknowledged_at, incident.unreached = IncidentStatus.ACKNOWLEDGED, now, False
    changed = ["status", "acknowledged_at", "unreached"]
    if incident.assignee_id is None and actor.user_id:
        incident.assignee_id = actor.user_id
        changed.append("assignee")
    _save(incident, now, *changed)
    after = _spoken(now - incident.opened_at)
    why = _("%(time)s after it opened") % {"time": after}
    text = _("acknowledged %(via)s") % {"via": via} if via else _("acknowledged")
    _entry(incident, now, actor, EntryKind.ACKNOWLEDGED, text, why)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=_("acknowledged"))
    _record(actor, now, "incident.acknowledge", incident, {"status": "open"}, {"status": "acknowledged"})
    publish(events.IncidentAcknowledged(incident.pk, now))
    return incident


@transaction.atomic
def resolve(*, actor: Actor, now: datetime, incident_id: int, why: str = "", via: str = "") -> Incident:
    """Say that it is over; resolving twice changes nothing."""
    actor.require("incidents.resolve")
    incident = _lock(incident_id, actor)
    step = rules.move("resolve", incident.status)
    if step.refused:
        _refuse(incident)
    if step.changes:
        _resolve(incident, now, actor, why, via)
    return incident


def _resolve(incident: Incident, now: datetime, actor: Actor, why: str, via: str) -> None:
    before = incident.status
    if not rules.move("resolve", before).changes:
        return
    incident.status, incident.resolved_at, incident.unreached = IncidentStatus.RESOLVED, now, False
    incident.due_at, incident.leased_until = rules.closes_at(now), None
    _save(incident, now, "status", "resolved_at", "unreached", "due_at", "leased_until")
    text = _("resolved %(via)s") % {"via": via} if via else _("resolved")
    took = _("%(time)s after it opened") % {"time": _spoken(now - incident.opened_at)}
    _entry(incident, now, actor, EntryKind.RESOLVED, text, f"{why} · {took}" if why else took)
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=_("resolved"))
    _record(actor, now, "incident.resolve", incident, {"status": before}, {"status": "resolved"})
    publish(events.IncidentResolved(incident.pk, now))


@transaction.atomic
def reopen(
    *, actor: Actor, now: datetime, incident_id: int, why: str = "", alerts: Sequence[JoiningAlert] = ()
) -> Incident:
    """Open a resolved incident again (its escalation starts anew)."""
    actor.require("incidents.resolve")
    incident = _lock(incident_id, actor)
    step = rules.move("reopen", incident.status)
    if step.refused:
        _refuse(incident)
    if step.changes:
        incident.status, incident.resolved_at, incident.acknowledged_at = IncidentStatus.OPEN, None, None
        incident.due_at, incident.leased_until = None, None
        incident.reopened += 1
        _save(incident, now, "status", "resolved_at", "acknowledged_at", "due_at", "leased_until", "reopened")
        _entry(incident, now, actor, EntryKind.REOPENED, _("reopened"), why)
    _join(incident, now, actor, alerts)
    if step.changes:
        _record(actor, now, "incident.reopen", incident, {"status": "resolved"}, {"status": "open"})
        publish(events.IncidentReopened(incident.pk, now))
        _start_escalation(actor, now, incident)
    return incident


@transaction.atomic
def close(*, actor: Actor, now: datetime, incident_id: int, why: str = "") -> Incident:
    """Close a resolved incident for good."""
    actor.require("incidents.resolve")
    incident = _lock(incident_id, actor)
    step = rules.move("close", incident.status)
    if step.refused:
        raise NotResolved(_("%(ref)s is not resolved yet. Resolve it first.") % {"ref": incident.ref})
    if step.changes:
        incident.status, incident.closed_at = IncidentStatus.CLOSED, now
        incident.due_at, incident.leased_until = None, None
        _save(incident, now, "status", "closed_at", "due_at", "leased_until")
        _entry(incident, now, actor, EntryKind.CLOSED, _("closed"), why)
        _record(actor, now, "incident.close", incident, {"status": "resolved"}, {"status": "closed"})
        publish(events.IncidentClosed(incident.pk, now))
    return incident


@transaction.atomic
def close_if_due(*, actor: Actor, now: datetime, incident_id: int) -> None:
    """Close a resolved incident whose quiet period is over; anything else stays as it is."""
    incident = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if incident is None or incident.due_at is None or incident.due_at > now:
        return
    if incident.status == IncidentStatus.RESOLVED:
        close(actor=actor, now=now, incident_id=incident_id, why=_("quiet for 24 hours"))
    else:
        Incident.objects.filter(pk=incident_id).update(due_at=None, leased_until=None)


@transaction.atomic
def assign(*, actor: Actor, now: datetime, incident_id: int, assignee_id: int | None) -> Incident:
    """Give the incident to a person, or to nobody."""
    actor.require("incidents.assign")
    incident = _lock(incident_id, actor)
    person = accounts.person(assignee_id) if assignee_id else None
    if assignee_id and (person is None or not person.is_active):
        raise Invalid(_("There is no such active person."), fields={"assignee": [_("Choose someone else.")]})
    if incident.assignee_id == assignee_id:
        return incident
    before, incident.assignee = incident.assignee, person
    _save(incident, now, "assignee")
    text = _("assigned to %(name)s") % {"name": person} if person else _("assigned to nobody")
    _entry(incident, now, actor, EntryKind.ASSIGNED, text)
    _record(
        actor, now, "incident.assign", incident,
        {"assignee": str(before) if before else None}, {"assignee": str(person) if person else None},
    )  # fmt: skip
    return incident


@transaction.atomic
def set_severity(*, actor: Actor, now: datetime, incident_id: int, severity: str, why: str = "") -> Incident:
    actor.require("incidents.edit")
    _check_severity(severity)
    incident = _lock(incident_id, actor)
    before = incident.severity
    if before == severity:
        return incident
    incident.severity = severity
    _save(incident, now, "severity")
    raised = severity < before
    text = _("severity raised to %(to)s") if raised else _("severity lowered to %(to)s")
    _entry(incident, now, actor, EntryKind.SEVERITY, text % {"to": severity}, why)
    _record(actor, now, "incident.severity", incident, {"severity": before}, {"severity": severity})
    return incident


@transaction.atomic
def add_note(*, actor: Actor, now: datetime, incident_id: int, text: str) -> TimelineEntry:
    actor.require("incidents.note")
    if not text.strip():
        raise Invalid(_("The note is empty."), fields={"text": [_("Write something.")]})
    incident = _lock(incident_id, actor)
    _save(incident, now)
    entry = _entry(incident, now, actor, EntryKind.NOTE, text.strip())
    _record(actor, now, "incident.note", incident, after={"text": text.strip()[:500]})
    return entry


@transaction.atomic
def note_response(
    *, actor: Actor, now: datetime, incident_id: int, kind: str, text: str, why: str = "",
    data: dict[str, Any] | None = None, unreached: bool = False,
) -> None:  # fmt: skip
    """Write what on-call and notifications did into the timeline; ``unreached`` marks an active incident red."""
    incident = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if incident is None:
        return
    if unreached and incident.status == IncidentStatus.OPEN:
        incident.unreached = True
        _save(incident, now, "unreached")
    else:
        _save(incident, now)
    _entry(incident, now, actor, kind, text, why, data)


def lock(*, incident_id: int) -> None:
    """Hold the incident's row until the transaction ends: it is the parent of its escalation and pages, and everyone
    locks the parent first."""
    Incident.objects.select_for_update().filter(pk=incident_id).values_list("pk", flat=True).first()


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incident_number')")
        return int(cursor.fetchone()[0])


def _lock(incident_id: int, actor: Actor | None = None) -> Incident:
    found = Incident.objects.select_for_update().filter(pk=incident_id)
    if actor is not None and actor.kind != "system":
        found = found & Incident.objects.visible_to(actor).select_for_update()
    incident = found.first()
    if incident is None:
        raise IncidentNotFound(_("There is no such incident, or it is not yours to see."))
    return incident


def _save(incident: Incident, now: datetime, *names: str) -> None:
    incident.updated_at = now
    incident.save(update_fields=[*names, "updated_at"])


def _refuse(incident: Incident) -> None:
    if incident.status == IncidentStatus.CLOSED:
        raise IncidentClosedAlready(_("%(ref)s is closed. Declare a new incident.") % {"ref": incident.ref})
    raise NotResolved(_("%(ref)s is resolved. Reopen it first.") % {"ref": incident.ref})


def _entry(
    incident: Incident, now: datetime, actor: Actor, kind: str, text: str, why: str = "",
    data: dict[str, Any] | None = None,
) -> TimelineEntry:  # fmt: skip
    return TimelineEntry.objects.create(
        incident=incident, at=now, kind=kind, actor_label=actor.label, text=text, why=why, data=data or {}
    )


def _join(incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert]) -> None:
    """Add or revive memberships; one timeline entry an alert, one for all when they are many."""
    if not alerts:
        return
    known = dict(
        IncidentAlert.objects.filter(incident=incident, alert_id__in=[a.alert_id for a in alerts]).values_list(
            "alert_id", "firing"
        )
    )
    fresh = [alert for alert in alerts if not known.get(alert.alert_id, False)]
    if not fresh:
        return
    IncidentAlert.objects.bulk_create(
        [
            IncidentAlert(incident=incident, alert_id=a.alert_id, joined_at=now, firing=a.firing, reason=a.reason)
            for a in fresh
        ],
        update_conflicts=True, unique_fields=["incident", "alert"], update_fields=["firing", "reason"],
    )  # fmt: skip
    for alert in fresh[:3] if len(fresh) > 4 else fresh:
        verb = _("%(name)s fires again") if alert.alert_id in known else _("%(name)s fires")
        text = verb % {"name": alert.name} + (f": {alert.summary}" if alert.summary else "")
        _entry(incident, now, actor, EntryKind.ALERT, text, alert.why, {"alert": alert.alert_id, "firing": True})
    if len(fresh) > 4:
        rest = fresh[3:]
        text = _("%(number)s more alerts joined: %(names)s") % {"number": len(rest), "names": _names(rest)}
        _entry(incident, now, actor, EntryKind.ALERT, text, rest[0].why, {"alerts": [a.alert_id for a in rest]})
    _count(incident, now)


def _names(alerts: Sequence[JoiningAlert]) -> str:
    names = list(dict.fromkeys(alert.name for alert in alerts))
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _count(incident: Incident, now: datetime) -> None:
    states = list(IncidentAlert.objects.filter(incident=incident).values_list("firing", flat=True))
    incident.alert_count, incident.firing_count = len(states), sum(states)
    _save(incident, now, "alert_count", "firing_count")


def _start_escalation(actor: Actor, now: datetime, incident: Incident) -> None:
    if incident.policy_id is None:
        why = _("no escalation policy: this route only records")
        _entry(incident, now, actor, EntryKind.ESCALATION, _("nobody is paged"), why)
        return
    service = incident.service.name if incident.service else ""
    oncall.start_escalation(
        actor=actor, now=now, subject=subject_of(incident), subject_label=incident.ref, policy_id=incident.policy_id,
        title=f"{incident.severity} {incident.ref} {incident.title}",
        body="\n".join(part for part in (service, incident.description) if part),
    )  # fmt: skip


def _record(
    actor: Actor, now: datetime, action: str, incident: Incident, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=subject_of(incident), subject_label=incident.ref, before=before,
        after=after,
    )  # fmt: skip


def _check_severity(severity: str) -> None:
    if severity not in Severity.values:
        raise Invalid(_("Severity is one of SEV1, SEV2, SEV3, SEV4."), fields={"severity": [_("SEV1 to SEV4")]})


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _spoken(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return _("%(n)s s") % {"n": seconds}
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return _("%(m)s m %(s)s s") % {"m": minutes, "s": seconds}
    hours, minutes = divmod(minutes, 60)
    return _("%(h)s h %(m)s m") % {"h": hours, "m": minutes}
