"""What alerts cost, over the API: everything the pages can do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.debt import actions, queries, wording
from steward.response.debt.models import Line, Verdict
from steward.response.incidents import queries as incidents

router = Router(tags=["alert debt"])
ROUTERS = {"/alert-debt": router}

# Text, because a query has no numbers; and so that the document lists the three.
Days = Literal["7", "30", "90"]
SortWord = Literal["cost", "pages", "wakeups", "noise", "fired"]
ActedWord = Literal["often", "sometimes", "never", "unknown"]
AdviceWord = Literal["delete", "inhibit", "for", "threshold", "record", "runbook"]
AnswerWord = Literal["act", "info", "noise"]
ORDERS = {
    "cost": ("-cost", "-id"), "pages": ("-pages", "-id"), "wakeups": ("-wakeups", "-id"), "noise": ("-noisy", "-id"),
    "fired": ("-fired", "-id"),
}  # fmt: skip
Key = Field(None, ge=1, le=2**63 - 1)


class SuggestionOut(Schema):
    """What to do, why, and the measured figures."""

    kind: AdviceWord
    text: str
    why: str
    evidence: dict[str, Any]


class DebtOut(Schema):
    """What one alert name of one service cost in the period. ``cost`` is in minutes: ``minutes`` plus 30 for each
    wake-up, both as this name's share of incidents with alerts of several names."""

    id: int
    name: str
    service: str | None
    service_id: int | None
    owner: str | None
    severity: str
    days: int
    cost: float
    minutes: float
    wakeups: int
    pages: int
    people: int
    fired: int
    median_seconds: float | None
    firing_seconds: float
    incidents: int
    acted: int
    ignored: int
    noisy: int
    answers: dict[str, int]
    actionability: ActedWord
    suggestions: list[SuggestionOut]
    updated_at: datetime


class DebtPage(Schema):
    items: list[DebtOut]
    next: str | None


class DebtFilter(KeysetQuery):
    days: Days = "30"
    sort: SortWord = "cost"
    name: str = Field("", max_length=300, description="Exactly this alert name.")
    service: int | None = Key
    team: int | None = Field(None, ge=1, le=2**63 - 1, description="The team that owns the service.")
    severity: str = Field("", max_length=40)
    actionability: ActedWord | None = None
    suggestion: AdviceWord | None = Field(None, description="The first suggestion is of this kind.")


class DayOut(Schema):
    day: date
    fired: int
    pages: int
    wakeups: int


class TrendFilter(Schema):
    name: str = Field(max_length=300)
    days: Days = "30"
    service: int | None = Key


class ProgressOut(Schema):
    """How far the figures are: days in all, days that wait to be added up, and when today was added up last."""

    days: int
    waiting: int
    computed_at: datetime | None


class AnswerIn(Schema):
    """Without ``note`` an earlier one of the same person stays."""

    answer: AnswerWord
    note: str | None = Field(None, max_length=500)


class AnswerOut(Schema):
    by: str
    answer: AnswerWord
    note: str
    at: datetime


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _out(line: Line) -> DebtOut:
    service = line.service
    suggestions = [
        SuggestionOut(
            kind=each["kind"], text=wording.advice(each), why=wording.because(each), evidence=each["evidence"]
        )
        for each in line.suggestions
    ]
    return DebtOut(
        id=line.pk, name=line.name, service=service.name if service else None, service_id=line.service_id,
        owner=service.owner_team.name if service and service.owner_team else None, severity=line.severity,
        days=line.days, cost=line.cost, minutes=round(line.minutes, 1), wakeups=line.wakeups, pages=line.pages,
        people=len(line.people), fired=line.fired, median_seconds=line.median_seconds,
        firing_seconds=line.firing_seconds, incidents=line.incidents, acted=line.acted, ignored=line.ignored,
        noisy=line.noisy, answers=line.answers, actionability=cast("ActedWord", line.actionability),
        suggestions=suggestions, updated_at=line.updated_at,
    )  # fmt: skip


def _answer(verdict: Verdict) -> AnswerOut:
    return AnswerOut(
        by=verdict.label, answer=cast("AnswerWord", verdict.answer), note=verdict.note, at=verdict.at
    )  # fmt: skip


@router.get("", response=DebtPage, summary="What alerts cost, the most expensive first")
def list_debt(request: HttpRequest, query: Query[DebtFilter]) -> Any:
    actor = _actor(request)
    actor.require("alerts.view")
    wanted = {
        "name": query.name.replace("\0", "") or None, "service_id": query.service,
        "service__owner_team_id": query.team, "severity": query.severity.replace("\0", "") or None,
        "actionability": query.actionability, "advice": query.suggestion,
    }  # fmt: skip
    found = queries.lines(actor, int(query.days)).filter(**{name: value for name, value in wanted.items() if value})
    return page_of(found, query, ORDERS[query.sort], _out)


@router.get("/trend", response=list[DayOut], summary="One alert name by day")
def trend(request: HttpRequest, query: Query[TrendFilter]) -> Any:
    actor = _actor(request)
    actor.require("alerts.view")
    return queries.trend(actor, query.name.replace("\0", ""), int(query.days), clock.now(), query.service)


@router.get("/progress", response=ProgressOut, summary="How far adding up is")
def progress(request: HttpRequest) -> Any:
    _actor(request).require("alerts.view")
    found = queries.progress(clock.now())
    return ProgressOut(days=found.days, waiting=found.waiting, computed_at=found.computed_at)


@router.post("/rebuild", response=ProgressOut, summary="Have everything added up again")
def rebuild(request: HttpRequest) -> Any:
    now = clock.now()
    actions.rebuild(actor=_actor(request), now=now)
    found = queries.progress(now)
    return ProgressOut(days=found.days, waiting=found.waiting, computed_at=found.computed_at)


@router.post("/stop", response=ProgressOut, summary="Stop adding everything up again")
def stop(request: HttpRequest) -> Any:
    now = clock.now()
    actions.stop(actor=_actor(request), now=now)
    found = queries.progress(now)
    return ProgressOut(days=found.days, waiting=found.waiting, computed_at=found.computed_at)


@router.get("/incidents/{ref}/answers", response=list[AnswerOut], summary="What people say its alert was worth")
def answers(request: HttpRequest, ref: str) -> Any:
    actor = _actor(request)
    incident = incidents.by_ref(actor, ref)
    return [_answer(each) for each in queries.verdicts(actor, incident.pk)]


@router.put("/incidents/{ref}/answer", response=AnswerOut, summary="Say what an incident's alert was worth")
def answer(request: HttpRequest, ref: str, payload: AnswerIn) -> Any:
    actor = _actor(request)
    incident = incidents.by_ref(actor, ref)
    return _answer(
        actions.judge(actor=actor, now=clock.now(), incident_id=incident.pk, answer=payload.answer, note=payload.note)
    )
