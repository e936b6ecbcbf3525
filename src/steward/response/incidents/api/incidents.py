"""Incidents over the API: everything their pages can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock, sentences
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.foundation.subjects import SubjectRef
from steward.response.incidents import actions, queries
from steward.response.incidents.models import Incident, IncidentAlert, TimelineEntry
from steward.response.oncall import queries as oncall

router = Router(tags=["incidents"])

StatusWord = Literal["open", "acknowledged", "resolved", "closed"]
SeverityWord = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Key = Field(None, ge=1, le=2**63 - 1)


class Named(Schema):
    id: int
    name: str


class IncidentOut(Schema):
    """An incident. ``unreached`` says that nobody could be paged; since ``quiet_since`` everything that fires in it is
    silenced, in maintenance or inhibited; until ``snoozed_until`` somebody lets it rest. ``merged_into`` and ``split_from``
    name other incidents: one that was merged is closed and goes on there."""

    id: int
    ref: str
    number: int
    title: str
    description: str
    status: StatusWord
    severity: SeverityWord
    service: Named | None
    assignee: Named | None
    origin: dict[str, Any]
    unreached: bool
    quiet_since: datetime | None
    snoozed_until: datetime | None
    alerts: int
    firing: int
    reopened: int
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    merged_into: str | None
    split_from: str | None
    updated_at: datetime


class IncidentPage(Schema):
    items: list[IncidentOut]
    next: str | None


class EntryOut(Schema):
    id: int
    at: datetime
    kind: str
    by: str
    text: str
    why: str
    data: dict[str, Any]


class EntryPage(Schema):
    items: list[EntryOut]
    next: str | None


class MemberOut(Schema):
    """An alert in an incident; ``reason`` says why it joined."""

    id: int
    name: str
    labels: dict[str, str]
    source: str
    firing: bool
    joined_at: datetime
    reason: dict[str, Any]


class MemberPage(Schema):
    items: list[MemberOut]
    next: str | None


class EscalationOut(Schema):
    """The latest escalation: which policy (as it was then), how far, when it goes on, and how it ended."""

    id: int
    policy_id: int | None
    policy: str
    version: int
    state: Literal["running", "stopped", "exhausted"]
    step: int
    steps: int
    round: int
    rounds: int
    next_at: datetime | None
    people_reached: int
    nobody_reached: bool
    started_at: datetime
    ended_at: datetime | None
    end_reason: str


class EscalationAnswer(Schema):
    """Null for an incident that never paged anybody."""

    escalation: EscalationOut | None


class IncidentFilter(KeysetQuery):
    q: str = Field("", max_length=200, description="A part of the title, or INC-12.")
    status: list[StatusWord] = Field(default_factory=list)
    severity: list[SeverityWord] = Field(default_factory=list)
    service: int | None = Key
    team: int | None = Field(None, ge=1, le=2**63 - 1, description="The team that owns the service.")
    assignee: int | None = Key
    unassigned: bool = False
    unreached: bool = Field(False, description="Only those for which nobody could be reached.")


class Declaration(Schema):
    """``service`` and ``policy`` are ids; without a policy nobody is paged."""

    title: str = Field(min_length=1, max_length=300)
    severity: SeverityWord = "SEV3"
    description: str = Field("", max_length=10_000)
    service: int | None = Key
    policy: int | None = Key


class Why(Schema):
    why: str = Field("", max_length=500)


class Terms(Schema):
    """``minutes``: open again, and paging others, when nothing is noted for so long. ``remind_minutes``: how often the
    owner is reminded while nothing is noted."""

    minutes: int | None = Field(None, ge=1, le=24 * 60)
    remind_minutes: int | None = Field(None, ge=1, le=24 * 60)


class Assignment(Schema):
    """The person's id, or null for nobody."""

    assignee: int | None = Field(ge=1, le=2**63 - 1)


class SeverityChange(Why):
    severity: SeverityWord


class Merging(Why):
    """The incident to merge into, as INC-12 or 12."""

    into: str = Field(min_length=1, max_length=40)


class SplitOff(Why):
    """What is to be an incident of its own: alerts by id, or whole groups (see `/groups`) with what will come in them.
    ``page``: the policy starts at once."""

    title: str = Field(min_length=1, max_length=300)
    severity: SeverityWord
    alerts: list[int] = Field(default_factory=list, max_length=20_000)
    groups: list[int] = Field(default_factory=list, max_length=1_000)
    policy: int | None = Key
    page: bool = True


class MergeCandidate(Schema):
    """An open incident that may be the same, and why: opened ``minutes_apart``, labels that both have."""

    incident: IncidentOut
    score: float
    same_service: bool
    minutes_apart: float
    labels: dict[str, str]


class MergeCandidates(Schema):
    items: list[MergeCandidate]


class GroupOfAlerts(Schema):
    """Alerts that came together; new ones of the group join them."""

    id: int
    label: str
    alerts: list[int]


class GroupsOfAlerts(Schema):
    items: list[GroupOfAlerts]


class Note(Schema):
    text: str = Field(min_length=1, max_length=10_000)


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def out(incident: Incident) -> IncidentOut:
    service, assignee = incident.service, incident.assignee
    return IncidentOut(
        id=incident.pk, ref=incident.ref, number=incident.number, title=incident.title, description=incident.description,
        status=cast("StatusWord", incident.status), severity=cast("SeverityWord", incident.severity),
        service=Named(id=service.pk, name=service.name) if service else None,
        assignee=Named(id=assignee.pk, name=str(assignee)) if assignee else None,
        origin=incident.origin, unreached=incident.unreached, alerts=incident.alert_count,
        firing=incident.firing_count, reopened=incident.reopened, opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at, resolved_at=incident.resolved_at, closed_at=incident.closed_at,
        quiet_since=incident.quiet_since, snoozed_until=incident.snoozed_until,
        merged_into=incident.merged_into.ref if incident.merged_into else None,
        split_from=incident.split_from.ref if incident.split_from else None,
        updated_at=incident.updated_at,
    )  # fmt: skip


def _entry(entry: TimelineEntry) -> EntryOut:
    return EntryOut(
        id=entry.pk, at=entry.at, kind=entry.kind, by=entry.actor_label, text=entry.told, why=entry.told_why,
        data={name: value for name, value in entry.data.items() if name != sentences.SAID},
    )  # fmt: skip


def _member(member: IncidentAlert) -> MemberOut:
    alert = member.alert
    return MemberOut(
        id=alert.pk, name=alert.name, labels=alert.labels, source=alert.source.name, firing=member.firing,
        joined_at=member.joined_at, reason=member.reason,
    )  # fmt: skip


@router.get("", response=IncidentPage, summary="List incidents, the newest first")
def list_incidents(request: HttpRequest, query: Query[IncidentFilter]) -> Any:
    actor, text = actor_of(request), query.q.replace("\0", "")
    actor.require("incidents.view")
    found: Any = queries.search(actor, text) if text else queries.incidents(actor)
    if query.status:
        found = found.filter(status__in=query.status)
    if query.severity:
        found = found.filter(severity__in=query.severity)
    wanted = {"service_id": query.service, "service__owner_team_id": query.team, "assignee_id": query.assignee}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if query.unreached:
        found = found.filter(unreached=True)
    if query.unassigned:
        found = found.filter(assignee__isnull=True)
    return page_of(found, query, ("-opened_at", "-id"), out)


@router.post("", response={201: IncidentOut}, summary="Declare an incident")
def declare(request: HttpRequest, payload: Declaration) -> Any:
    incident = actions.declare(
        actor=actor_of(request), now=clock.now(), title=payload.title, severity=payload.severity,
        service_id=payload.service, policy_id=payload.policy, description=payload.description,
    )  # fmt: skip
    return Status(201, out(incident))


@router.get("/{ref}", response=IncidentOut, summary="One incident, by INC-12 or 12")
def one(request: HttpRequest, ref: str) -> Any:
    return out(queries.by_ref(actor_of(request), ref))


@router.post("/{ref}/acknowledge", response=IncidentOut, summary="Acknowledge: stops the escalation")
def acknowledge(request: HttpRequest, ref: str, payload: Terms | None = None) -> Any:
    actor, terms = actor_of(request), payload or Terms(minutes=None, remind_minutes=None)
    incident = queries.by_ref(actor, ref)
    return out(
        actions.acknowledge(
            actor=actor, now=clock.now(), incident_id=incident.pk, minutes=terms.minutes,
            remind_minutes=terms.remind_minutes,
        )
    )  # fmt: skip


@router.post("/{ref}/resolve", response=IncidentOut, summary="Resolve")
def resolve(request: HttpRequest, ref: str, payload: Why | None = None) -> Any:
    actor, why = actor_of(request), payload.why if payload else ""
    incident = queries.by_ref(actor, ref)
    return out(actions.resolve(actor=actor, now=clock.now(), incident_id=incident.pk, why=why))


@router.post("/{ref}/reopen", response=IncidentOut, summary="Reopen a resolved incident")
def reopen(request: HttpRequest, ref: str, payload: Why | None = None) -> Any:
    actor, why = actor_of(request), payload.why if payload else ""
    incident = queries.by_ref(actor, ref)
    return out(actions.reopen(actor=actor, now=clock.now(), incident_id=incident.pk, why=why))


@router.post("/{ref}/close", response=IncidentOut, summary="Close a resolved incident now; closed is final")
def close(request: HttpRequest, ref: str) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    return out(actions.close(actor=actor, now=clock.now(), incident_id=incident.pk))


@router.post("/{ref}/assign", response=IncidentOut, summary="Give it to a person")
def assign(request: HttpRequest, ref: str, payload: Assignment) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    return out(actions.assign(actor=actor, now=clock.now(), incident_id=incident.pk, assignee_id=payload.assignee))


@router.post("/{ref}/severity", response=IncidentOut, summary="Raise or lower the severity")
def set_severity(request: HttpRequest, ref: str, payload: SeverityChange) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    return out(
        actions.set_severity(
            actor=actor, now=clock.now(), incident_id=incident.pk, severity=payload.severity, why=payload.why
        )
    )


@router.post("/{ref}/notes", response={201: EntryOut}, summary="Add a note to the timeline")
def add_note(request: HttpRequest, ref: str, payload: Note) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    entry = actions.add_note(actor=actor, now=clock.now(), incident_id=incident.pk, text=payload.text)
    return Status(201, _entry(entry))


@router.get("/{ref}/timeline", response=EntryPage, summary="What happened, oldest first")
def timeline(request: HttpRequest, ref: str, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    return page_of(queries.timeline(actor, queries.by_ref(actor, ref)), query, ("at", "id"), _entry)


@router.get("/{ref}/alerts", response=MemberPage, summary="Its alerts, by when they joined")
def alerts(request: HttpRequest, ref: str, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    return page_of(queries.alerts(actor, queries.by_ref(actor, ref)), query, ("joined_at", "id"), _member)


@router.get("/{ref}/escalation", response=EscalationAnswer, summary="How far its escalation is")
def escalation(request: HttpRequest, ref: str) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    actor.require("oncall.view")
    return {"escalation": oncall.escalation_of(SubjectRef("incident", incident.pk))}


@router.get("/{ref}/merge-candidates", response=MergeCandidates, summary="Open incidents that may be the same")
def merge_candidates(request: HttpRequest, ref: str, q: str = "") -> Any:
    actor = actor_of(request)
    found = queries.merge_candidates(actor, queries.by_ref(actor, ref), q.replace("\0", "")[:200])
    return {
        "items": [
            MergeCandidate(
                incident=out(each.incident), score=round(each.likeness.score, 2),
                same_service=each.likeness.same_service, minutes_apart=round(each.likeness.apart.total_seconds() / 60, 1),
                labels=dict(each.likeness.labels),
            )
            for each in found
        ]
    }  # fmt: skip


@router.post("/{ref}/merge", response=IncidentOut, summary="Merge it into another; answers with the other")
def merge(request: HttpRequest, ref: str, payload: Merging) -> Any:
    actor = actor_of(request)
    left, into = queries.by_ref(actor, ref), queries.by_ref(actor, payload.into)
    return out(
        actions.merge(actor=actor, now=clock.now(), incident_id=left.pk, into_id=into.pk, why=payload.why)
    )  # fmt: skip


@router.post("/{ref}/unmerge", response=IncidentOut, summary="Undo its merge: it is one of its own again")
def undo_merge(request: HttpRequest, ref: str, payload: Why | None = None) -> Any:
    actor, why = actor_of(request), payload.why if payload else ""
    incident = queries.by_ref(actor, ref)
    return out(actions.undo_merge(actor=actor, now=clock.now(), incident_id=incident.pk, why=why))


@router.get("/{ref}/groups", response=GroupsOfAlerts, summary="The groups of alerts that it consists of")
def groups(request: HttpRequest, ref: str) -> Any:
    actor = actor_of(request)
    found = queries.groups(actor, queries.by_ref(actor, ref))
    return {"items": [GroupOfAlerts(id=each.id, label=each.label, alerts=list(each.alerts)) for each in found]}


@router.post("/{ref}/split", response={201: IncidentOut}, summary="Split alerts off into a new incident")
def split(request: HttpRequest, ref: str, payload: SplitOff) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    made = actions.split(
        actor=actor, now=clock.now(), incident_id=incident.pk, alert_ids=payload.alerts, group_ids=payload.groups,
        title=payload.title, severity=payload.severity, policy_id=payload.policy, pages=payload.page, why=payload.why,
    )  # fmt: skip
    return Status(201, out(made))


@router.post("/{ref}/unsplit", response=IncidentOut, summary="Move its alerts back; answers with where they came from")
def undo_split(request: HttpRequest, ref: str, payload: Why | None = None) -> Any:
    actor, why = actor_of(request), payload.why if payload else ""
    incident = queries.by_ref(actor, ref)
    return out(actions.undo_split(actor=actor, now=clock.now(), incident_id=incident.pk, why=why))
