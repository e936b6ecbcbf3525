"""API of burden, reports, notes and pay."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.accounts import queries as accounts
from steward.response.burden import actions, queries, rules
from steward.response.burden.errors import PayInvalid
from steward.response.burden.models import ShiftReport
from steward.response.burden.rules import Burden
from steward.response.oncall import queries as oncall

router = Router(tags=["burden"])
ROUTERS = {"/burden": router}
MAX_ID = 2**63 - 1
Amount = Annotated[Decimal, Field(ge=0, lt=100_000, decimal_places=2)]


class Person(Schema):
    id: int
    name: str


class BurdenOut(Schema):
    """Hours on call, and of them at night, at weekends and on public holidays; ``worked`` and ``rating`` as said."""

    points: float
    hours: float
    night_hours: float
    weekend_hours: float
    holiday_hours: float
    pages: int
    wake_ups: int
    worked: float | None
    rating: float | None


class PersonBurdenOut(Schema):
    user: Person
    behind: BurdenOut
    ahead: BurdenOut = Field(description="Planned for the next 30 days.")
    share: float = Field(description="Of everybody's points, from 0 to 1.")
    too_much: list[Literal["share", "nights", "pages"]]


class BurdenQuery(Schema):
    days: int = Field(90, ge=1, le=366)
    schedule_id: int | None = Field(None, ge=1, le=MAX_ID)


class TurnChangeOut(Schema):
    start: datetime
    end: datetime
    now: Person
    proposed: Person


class ProposalOut(Schema):
    """Who should take which turn of the next eight weeks; fairness is Jain's index, from 0 to 1."""

    fairness_before: float
    fairness_after: float
    changes: list[TurnChangeOut]


class ReportOut(Schema):
    id: int
    schedule_id: int
    user: Person
    start_at: datetime
    end_at: datetime
    hours_worked: float | None
    rating: int | None
    comment: str
    answered_at: datetime | None


class ReportPage(Schema):
    items: list[ReportOut]
    next: str | None


class ReportIn(Schema):
    hours_worked: Decimal | None = Field(None, ge=0, le=744, decimal_places=1)
    rating: int | None = Field(None, ge=1, le=5, description="1 is quiet, 5 is awful.")
    comment: str = Field("", max_length=500)


class NoteOut(Schema):
    id: int
    author: Person
    text: str
    created_at: datetime


class GuardIn(Schema):
    pages: int = Field(ge=0, le=50, description="After more pages a night the next shift is offered; 0: never.")


class RatesIn(Schema):
    currency: str = Field(min_length=3, max_length=3, examples=["EUR"])
    hour: Amount = Decimal(0)
    night_hour: Amount = Decimal(0)
    weekend_hour: Amount = Decimal(0)
    holiday_hour: Amount = Decimal(0)
    page: Amount = Decimal(0)
    wake_up: Amount = Decimal(0)
    worked_hour: Amount = Decimal(0)
    off_per_worked: Decimal = Field(Decimal(0), ge=0, lt=100, decimal_places=2)
    off_per_wake_up: Decimal = Field(Decimal(0), ge=0, lt=100, decimal_places=2)


class RatesOut(RatesIn):
    """An empty currency: nothing is agreed."""

    currency: str


class PayRowOut(Schema):
    user: Person
    schedule_id: int
    schedule: str
    start: datetime
    end: datetime
    burden: BurdenOut
    amount: str
    currency: str
    hours_off: str


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@router.get("", response=list[PersonBurdenOut], summary="What on-call costs people")
def burden(request: HttpRequest, query: Query[BurdenQuery]) -> list[dict[str, Any]]:
    actor = _actor(request)
    actor.require("oncall.view")
    found = queries.burden(actor, clock.now(), days=query.days, schedule_id=query.schedule_id)
    return [
        {
            "user": _person(each.user), "behind": _burden(each.behind), "ahead": _burden(each.ahead),
            "share": round(each.share, 4), "too_much": list(each.too_much),
        }
        for each in found
    ]  # fmt: skip


@router.get("/proposals/{schedule_slug}", response=ProposalOut, summary="A fairer rota of a schedule")
def proposal(request: HttpRequest, schedule_slug: str) -> dict[str, Any]:
    actor, now = _actor(request), clock.now()
    actor.require("oncall.view")
    found = queries.quality(actor, now, schedule_slug).proposal
    return {
        "fairness_before": round(found.before, 4), "fairness_after": round(found.after, 4),
        "changes": [
            {"start": each.start, "end": each.end, "now": _person(each.now), "proposed": _person(each.proposed)}
            for each in found.changes
        ],
    }  # fmt: skip


@router.post(
    "/proposals/{schedule_slug}/apply", response=int, summary="Make the fairer rota real; answers how many overrides"
)
def apply_proposal(request: HttpRequest, schedule_slug: str) -> int:
    return actions.apply_proposal(actor=_actor(request), now=clock.now(), slug=schedule_slug)


@router.get("/reports", response=ReportPage, summary="Reports of shifts, the last first")
def list_reports(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("oncall.view")
    return page_of(queries.reports(actor), query, ("-end_at", "-id"), _report)


@router.put("/reports/{int:report_id}", response=ReportOut, summary="Say how a shift was")
def answer_report(request: HttpRequest, report_id: int, payload: ReportIn) -> dict[str, Any]:
    actor = _actor(request)
    return _report(actions.answer_report(actor=actor, now=clock.now(), report_id=report_id, **payload.dict()))


@router.get("/notes/{int:schedule_id}", response=list[NoteOut], summary="The last handoff notes of a schedule")
def notes(request: HttpRequest, schedule_id: int) -> list[dict[str, Any]]:
    from_room = _schedule(request, schedule_id)
    return [
        {"id": each.pk, "author": _person(each.author), "text": each.text, "created_at": each.created_at}
        for each in queries.handoff_notes(from_room, 20)
    ]


@router.get("/guards/{int:schedule_id}", response=GuardIn, summary="When the next shift is offered for cover")
def get_guard(request: HttpRequest, schedule_id: int) -> dict[str, int]:
    return {"pages": queries.guard_of(_schedule(request, schedule_id))}


@router.put("/guards/{int:schedule_id}", response=GuardIn, summary="Choose when the next shift is offered for cover")
def set_guard(request: HttpRequest, schedule_id: int, payload: GuardIn) -> dict[str, int]:
    found = actions.set_guard(actor=_actor(request), now=clock.now(), schedule_id=schedule_id, pages=payload.pages)
    return {"pages": found.pages}


@router.get("/pay", response=list[PayRowOut], summary="Every shift between two days with what it earns")
def pay(request: HttpRequest, first: date, last: date) -> list[dict[str, Any]]:
    actor = _actor(request)
    actor.require("oncall.pay")
    if not (1990 <= first.year <= 2200 and 0 <= (last - first).days <= 366):
        message = _("Choose the first and the last day, at most a year apart.")
        raise PayInvalid(message, fields={"last": [message]})
    return [
        {
            "user": _person(row.shift.user), "schedule_id": row.shift.schedule_id, "schedule": row.shift.schedule,
            "start": row.shift.start, "end": row.shift.end, "burden": _burden(row.burden),
            "amount": str(row.earned.amount), "currency": row.currency, "hours_off": str(row.earned.hours_off),
        }
        for row in queries.pay_rows(actor, first, last)
    ]  # fmt: skip


@router.get("/rates/{int:organisation_id}", response=RatesOut, summary="What an organisation pays")
def get_rates(request: HttpRequest, organisation_id: int) -> Any:
    actor = _actor(request)
    actor.require("oncall.pay")
    accounts.visible_organisation(actor, organisation_id)
    return queries.pay_rule(organisation_id) or rules.Rates()


@router.put("/rates/{int:organisation_id}", response=RatesIn, summary="Choose what an organisation pays")
def set_rates(request: HttpRequest, organisation_id: int, payload: RatesIn) -> Any:
    rates = rules.Rates(**payload.dict())
    return actions.set_pay_rule(actor=_actor(request), now=clock.now(), organisation_id=organisation_id, rates=rates)


def _schedule(request: HttpRequest, schedule_id: int) -> int:
    actor = _actor(request)
    actor.require("oncall.view")
    return oncall.schedule_by_id(actor, schedule_id).pk


def _person(user: Any) -> dict[str, Any]:
    return {"id": user.pk, "name": str(user)}


def _burden(burden: Burden) -> dict[str, Any]:
    weight = burden.weight
    return {
        "points": round(burden.points, 2), "hours": round(burden.hours, 2), "night_hours": round(weight.night / 3600, 2),
        "weekend_hours": round(weight.weekend / 3600, 2), "holiday_hours": round(weight.holiday / 3600, 2),
        "pages": burden.pages, "wake_ups": burden.wake_ups, "worked": burden.worked, "rating": burden.rating,
    }  # fmt: skip


def _report(report: ShiftReport) -> dict[str, Any]:
    names = ("id", "schedule_id", "start_at", "end_at", "rating", "comment", "answered_at")
    worked = float(report.hours_worked) if report.hours_worked is not None else None
    return {
        **{name: getattr(report, name) for name in names}, "user": _person(report.user), "hours_worked": worked
    }  # fmt: skip
