"""Opening incidents: by triage in batches, by people one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.people.audit import actions as audit
from steward.response.incidents import events, rules
from steward.response.incidents.actions.joining import breakdowns, entries_of_joining, write_members
from steward.response.incidents.actions.shared import (
    JoiningAlert,
    check_severity,
    new_entry,
    one_line,
    start_escalations,
    subject_of,
    write_entries,
)
from steward.response.incidents.models import EntryKind, Incident, TimelineEntry
from steward.response.oncall import queries as oncall


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident to be opened. ``origin`` says what opened it and by which rule and version; ``pages``: its policy
    starts at once."""

    title: str
    severity: str
    service_id: int | None
    policy_id: int | None
    origin: dict[str, Any]
    alerts: Sequence[JoiningAlert] = ()
    why: str = ""
    description: str = ""
    pages: bool = True
    # Nobody is paged: all of its alerts come from sources in shadow mode.
    shadow: bool = False


@transaction.atomic
def open_incidents(*, actor: Actor, now: datetime, openings: Sequence[Opening]) -> list[Incident]:
    """Open incidents with their first alerts and start their escalations; returned in the given order.

    The rows are written together, because a storm of alerts may open hundreds at once.
    """
    actor.require("incidents.declare")
    if not openings:
        return []
    for opening in openings:
        check_severity(opening.severity)
    services = {key: configuration.service_by_id(key) for key in {o.service_id for o in openings} if key}
    incidents = Incident.objects.bulk_create(
        _incident(number, opening, services.get(opening.service_id or 0), now)
        for number, opening in zip(_numbers(len(openings)), openings, strict=True)
    )
    entries: list[TimelineEntry] = []
    for incident, opening in zip(incidents, openings, strict=True):
        text = _("Opened as %(severity)s") % {"severity": incident.severity}
        entries.append(new_entry(incident, now, actor, EntryKind.OPENED, text, opening.why))
        entries += entries_of_joining(incident, now, actor, opening.alerts, known=frozenset())
    write_entries(entries)
    write_members(_members(incidents, openings, now))
    _break_down(incidents)
    audit.record_all(actor=actor, now=now, entries=map(_audit_entry, incidents))
    for incident in incidents:
        publish(events.IncidentOpened(incident.pk, now))
    loud = [incident for incident, opening in zip(incidents, openings, strict=True) if opening.pages]
    start_escalations(actor, now, loud)
    return incidents


def _members(
    incidents: Sequence[Incident], openings: Sequence[Opening], now: datetime
) -> Iterator[tuple[Incident, JoiningAlert, datetime]]:
    for incident, opening in zip(incidents, openings, strict=True):
        for alert in {alert.alert_id: alert for alert in opening.alerts}.values():
            yield incident, alert, now


def _break_down(incidents: Sequence[Incident]) -> None:
    """Count what those with many alerts are made of."""
    large = [incident for incident in incidents if incident.alert_count >= rules.BREAKDOWN_FROM]
    for key, by in breakdowns(large).items():
        Incident.objects.filter(pk=key).update(breakdown={"by": by})


def _audit_entry(incident: Incident) -> audit.Entry:
    after = {"severity": incident.severity, "title": incident.title}
    return audit.Entry("incident.open", subject_of(incident), incident.ref, after=after)


def open_incident(
    *, actor: Actor, now: datetime, title: str, severity: str, service_id: int | None, policy_id: int | None,
    origin: dict[str, Any], alerts: Sequence[JoiningAlert] = (), why: str = "", description: str = "",
) -> Incident:  # fmt: skip
    """Open one incident."""
    opening = Opening(title, severity, service_id, policy_id, origin, alerts, why, description)
    return open_incidents(actor=actor, now=now, openings=[opening])[0]


@transaction.atomic
def declare(
    *, actor: Actor, now: datetime, title: str, severity: str, service_id: int | None = None,
    policy_id: int | None = None, description: str = "",
) -> Incident:  # fmt: skip
    """Open an incident by hand."""
    actor.require("incidents.declare")
    if not title.strip():
        raise Invalid(_("Say what is wrong."), fields={"title": [_("Say what is wrong.")]})
    if service_id and not configuration.services(actor).filter(pk=service_id).exists():
        text = _("There is no such service.")
        raise Invalid(text, fields={"service": [text]})
    if policy_id and not oncall.policies(actor).filter(pk=policy_id).exists():
        text = _("There is no such escalation policy.")
        raise Invalid(text, fields={"policy": [text]})
    origin = {"kind": "person", "id": actor.id, "name": actor.label}
    return open_incident(
        actor=actor, now=now, title=title, severity=severity, service_id=service_id, policy_id=policy_id,
        origin=origin, why=_("declared by %(who)s") % {"who": actor.label}, description=description.strip(),
    )  # fmt: skip


def _incident(number: int, opening: Opening, service: Any, now: datetime) -> Incident:
    return Incident(
        number=number, title=one_line(opening.title), description=opening.description, severity=opening.severity,
        service=service, supplier_id=service.supplier_id if service else None, policy_id=opening.policy_id,
        severity_by_hand=opening.origin.get("kind") == "person", shadow=opening.shadow, origin=opening.origin,
        opened_at=now, updated_at=now,
        alert_count=len({alert.alert_id for alert in opening.alerts}),
        firing_count=len({alert.alert_id for alert in opening.alerts if alert.firing}),
    )  # fmt: skip


def _numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incident_number') FROM generate_series(1, %s)", [count])
        return sorted(int(row[0]) for row in cursor.fetchall())
