"""Who is on an incident and on which terms: letting it rest, handing it over, more hands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from steward.foundation import clock
from steward.response.incidents import actions, queries, rules
from steward.response.incidents.api.incidents import IncidentOut, Named, Why, actor_of, out
from steward.response.incidents.teamwork import as_json, teamwork

router = Router(tags=["incidents"])
Key = Field(ge=1, le=2**63 - 1)


class HandoverOut(Schema):
    """Somebody is asked to take over; ``from`` keeps it until they accept."""

    id: int
    from_: str = Field(alias="from")
    to: Named
    note: str
    asked_at: datetime
    until: datetime | None


class HelpAnswerOut(Schema):
    """``coming`` is null until the person has answered."""

    id: int
    name: str
    coming: bool | None
    at: datetime | None


class HelpOut(Schema):
    id: int
    asked_by: str
    policy: str
    why: str
    asked_at: datetime
    ended: bool
    answers: list[HelpAnswerOut]


class TeamworkOut(Schema):
    """The terms of the acknowledgement (``expires_at``: open again then, unless something is noted), who is asked to take
    over, and who to help."""

    expires_at: datetime | None
    minutes: int | None
    remind_minutes: int | None
    handover: HandoverOut | None
    help: list[HelpOut]


class Rest(Why):
    """Nobody is paged until then; at most 14 days."""

    until: datetime


class HandoverIn(Schema):
    """Whom to ask, and how long they have to answer."""

    to: int = Key
    note: str = Field("", max_length=2000)
    minutes: int = Field(rules.HANDOVER_MINUTES, ge=1, le=rules.LONGEST_PROMISE)


class Acceptance(Why):
    accept: bool


class HelpIn(Why):
    """People, a policy that finds them, or both."""

    people: list[int] = Field(default_factory=list, max_length=30)
    policy: int | None = Field(None, ge=1, le=2**63 - 1)


class Coming(Why):
    """``user``: who it is about, if a key says so; people speak for themselves."""

    coming: bool
    user: int | None = Field(None, ge=1, le=2**63 - 1)


def _shown(request: HttpRequest, ref: str) -> dict[str, Any]:
    actor = actor_of(request)
    return as_json(teamwork(actor, queries.by_ref(actor, ref)))


@router.get(
    "/{ref}/teamwork", response=TeamworkOut, by_alias=True, summary="Who is on it, on which terms, and who is asked"
)
def get_teamwork(request: HttpRequest, ref: str) -> Any:
    return _shown(request, ref)


@router.post("/{ref}/snooze", response=IncidentOut, summary="Let it rest: nobody is paged until then")
def snooze(request: HttpRequest, ref: str, payload: Rest) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    return out(
        actions.snooze(actor=actor, now=clock.now(), incident_id=incident.pk, until=payload.until, why=payload.why)
    )


@router.post("/{ref}/unsnooze", response=IncidentOut, summary="End the rest now")
def unsnooze(request: HttpRequest, ref: str) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    return out(actions.unsnooze(actor=actor, now=clock.now(), incident_id=incident.pk))


@router.post("/{ref}/handovers", response={201: TeamworkOut}, by_alias=True, summary="Ask somebody to take over")
def ask_handover(request: HttpRequest, ref: str, payload: HandoverIn) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    actions.ask_handover(
        actor=actor, now=clock.now(), incident_id=incident.pk, to_id=payload.to, note=payload.note,
        minutes=payload.minutes,
    )  # fmt: skip
    return Status(201, _shown(request, ref))


@router.post(
    "/{ref}/handovers/{int:handover_id}/answer", response=IncidentOut, summary="Accept or decline; only who was asked"
)
def answer_handover(request: HttpRequest, ref: str, handover_id: int, payload: Acceptance) -> Any:
    actor = actor_of(request)
    queries.handover_of(queries.by_ref(actor, ref), handover_id)
    return out(
        actions.answer_handover(
            actor=actor, now=clock.now(), handover_id=handover_id, accept=payload.accept, why=payload.why
        )
    )


@router.post("/{ref}/handovers/{int:handover_id}/withdraw", response=IncidentOut, summary="Withdraw the question")
def withdraw_handover(request: HttpRequest, ref: str, handover_id: int) -> Any:
    actor = actor_of(request)
    queries.handover_of(queries.by_ref(actor, ref), handover_id)
    return out(actions.withdraw_handover(actor=actor, now=clock.now(), handover_id=handover_id))


@router.post("/{ref}/help", response={201: TeamworkOut}, by_alias=True, summary="Ask for more hands")
def ask_help(request: HttpRequest, ref: str, payload: HelpIn) -> Any:
    actor = actor_of(request)
    incident = queries.by_ref(actor, ref)
    actions.ask_help(
        actor=actor, now=clock.now(), incident_id=incident.pk, people=payload.people, policy_id=payload.policy,
        why=payload.why,
    )  # fmt: skip
    return Status(201, _shown(request, ref))


@router.post("/{ref}/help/{int:call_id}/answer", response=IncidentOut, summary="Say whether you come")
def answer_help(request: HttpRequest, ref: str, call_id: int, payload: Coming) -> Any:
    actor = actor_of(request)
    queries.call_of(queries.by_ref(actor, ref), call_id)
    return out(
        actions.answer_help(
            actor=actor, now=clock.now(), call_id=call_id, coming=payload.coming, why=payload.why, user_id=payload.user
        )
    )  # fmt: skip
