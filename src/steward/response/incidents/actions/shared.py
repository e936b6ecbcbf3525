"""What every write of the room needs: the locked row, its timeline, its audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from django.db import connection

from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.foundation.database.rowsets import Rowset
from steward.foundation.errors import Invalid
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.incidents.errors import IncidentClosedAlready, IncidentNotFound, NotResolved
from steward.response.incidents.models import (
    EntryKind,
    Incident,
    IncidentStatus,
    Severity,
    TimelineEntry,
)
from steward.response.oncall import actions as oncall

_ENTRIES = Rowset(i="bigint", t="timestamptz", k="text", a="text", x="text", w="text", d="jsonb")


@dataclass(frozen=True, slots=True)
class JoiningAlert:
    """An alert that joins an incident or changes in it; ``why`` is a sentence for people, ``reason`` its data,
    ``source`` where it comes from.
    ``severity`` is what the incident should have at least because of it; empty leaves the incident's. ``counted``:
    the values by which an incident with many alerts counts them. ``shadow``: nobody may be paged because of it."""

    alert_id: int
    name: str
    summary: str
    firing: bool
    reason: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    severity: str = ""
    counted: Mapping[str, str] = field(default_factory=dict)
    shadow: bool = False
    source: str = ""


def told_why(alert: JoiningAlert) -> str:
    """What a timeline says of why it is here. Of the thousands of a storm only a few are told by themselves."""
    if not alert.source:
        return alert.why
    return _("from %(source)s · %(why)s") % {"source": alert.source, "why": alert.why}


def subject_of(incident: Incident) -> SubjectRef:
    return SubjectRef("incident", incident.pk)


def locked(incident_id: int, actor: Actor) -> Incident:
    """The incident as it is once nobody else is changing it; an unseen one does not exist.

    NO KEY: whoever only refers to the incident (a new timeline entry, a decision of triage) need not wait.
    """
    found = Incident.objects.visible_to(actor).select_for_update(no_key=True).filter(pk=incident_id).first()
    if found is None:
        raise IncidentNotFound(_("There is no such incident, or it is not yours to see."))
    return found


def save(incident: Incident, now: datetime, *names: str) -> None:
    """Write only these fields. ``updated_at`` never stands still, because pages compare it to see that something
    happened."""
    incident.updated_at = max(now, incident.updated_at)
    incident.revision += 1
    incident.save(update_fields=[*names, "updated_at", "revision"])


def new_entry(
    incident: Incident, now: datetime, actor: Actor, kind: str, text: str, why: str = "",
    data: dict[str, Any] | None = None,
) -> TimelineEntry:  # fmt: skip
    """A timeline entry that is not stored yet. ``by`` tells people from automatic entries; ``said`` is what its
    sentences are made of, so that everyone reads them in their own language."""
    said = sentences.packed(text=text, why=why)
    return TimelineEntry(
        incident=incident, at=now, kind=kind, actor_label=actor.label[:200], text=text, why=why,
        data={"by": actor.kind, **(data or {}), **({sentences.SAID: said} if said else {})},
    )  # fmt: skip


def entry(
    incident: Incident, now: datetime, actor: Actor, kind: str, text: str, why: str = "",
    data: dict[str, Any] | None = None,
) -> TimelineEntry:  # fmt: skip
    made = new_entry(incident, now, actor, kind, text, why, data)
    made.save(force_insert=True)
    return made


def write_entries(entries: Sequence[TimelineEntry]) -> None:
    """Write entries together, in their order."""
    if not entries:
        return
    rows = [(e.incident_id, e.at, e.kind, e.actor_label, str(e.text), str(e.why), e.data) for e in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_timelineentry (incident_id, at, kind, actor_label, text, why, data)"
            f" SELECT * FROM {_ENTRIES.sql}",
            [_ENTRIES.of(rows)],
        )


def record(
    actor: Actor, now: datetime, action: str, incident: Incident, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=subject_of(incident), subject_label=incident.ref, before=before,
        after=after,
    )  # fmt: skip


def start_escalations(actor: Actor, now: datetime, incidents: Sequence[Incident]) -> None:
    """Have somebody paged, or say on the timeline why nobody is."""
    write_entries([_nobody_paged(each, now, actor) for each in incidents if each.policy_id is None or each.shadow])
    starts = [
        oncall.Start(subject_of(each), each.ref, each.policy_id, each.title, each.description, facts_of(each))
        for each in incidents
        if each.policy_id is not None and not each.shadow
    ]
    oncall.start_escalations(actor=actor, now=now, starts=starts)


def end_shadow(incident: Incident, now: datetime, actor: Actor, why: str) -> bool:
    """A locked incident leaves shadow mode, and people are paged unless somebody is on it; whether it was in it."""
    if not incident.shadow:
        return False
    incident.shadow = False
    save(incident, now, "shadow")
    entry(incident, now, actor, EntryKind.ESCALATION, _("People are paged from now on"), why)
    record(actor, now, "incident.unshadow", incident, {"shadow": True}, {"shadow": False})
    if incident.status == IncidentStatus.OPEN and incident.quiet_since is None and incident.snoozed_until is None:
        start_escalations(actor, now, [incident])
    return True


def _nobody_paged(incident: Incident, now: datetime, actor: Actor) -> TimelineEntry:
    why = _("its source is in shadow mode") if incident.shadow else _("no escalation policy was chosen")
    return new_entry(incident, now, actor, EntryKind.ESCALATION, _("Nobody is paged"), why)


def facts_of(incident: Incident) -> dict[str, str]:
    """What every message about the incident says beside its title."""
    facts = {"severity": incident.severity, "service": incident.service.name if incident.service else ""}
    return {name: value for name, value in facts.items() if value}


def refuse(incident: Incident) -> NoReturn:
    """Say why the state does not allow it, and what to do instead."""
    if incident.status == IncidentStatus.CLOSED:
        raise IncidentClosedAlready(_("%(ref)s is closed. Declare a new incident.") % {"ref": incident.ref})
    if incident.status == IncidentStatus.RESOLVED:
        raise NotResolved(_("%(ref)s is resolved already. Reopen it first.") % {"ref": incident.ref})
    raise NotResolved(_("%(ref)s is not resolved yet. Resolve it first.") % {"ref": incident.ref})


def check_open_to_change(incident: Incident) -> None:
    """Closed is closed: only notes may still be added."""
    if incident.status == IncidentStatus.CLOSED:
        refuse(incident)


def check_severity(severity: str) -> None:
    if severity not in Severity.values:
        text = _("Severity is one of SEV1, SEV2, SEV3, SEV4.")
        raise Invalid(text, fields={"severity": [text]})


def one_line(text: str, length: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def names_of(alerts: Sequence[JoiningAlert]) -> str:
    names = list(dict.fromkeys(alert.name for alert in alerts))
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
