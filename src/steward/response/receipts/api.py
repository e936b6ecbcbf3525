"""API of receipts: the same assembly as the pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.response.incidents import queries as incidents
from steward.response.receipts import queries, shown
from steward.response.receipts.forms import LONGEST
from steward.response.receipts.queries import Receipt
from steward.response.receipts.wording import verdicts

of_alerts = Router(tags=["receipts"])
of_incidents = Router(tags=["receipts"])
of_pages = Router(tags=["receipts"])
router = Router(tags=["receipts"])
ROUTERS = {"/alerts": of_alerts, "/incidents": of_incidents, "/pages": of_pages, "/receipts": router}
MAX_ID = 2**63 - 1


class RuleOut(Schema):
    """A rule that decided. ``configuration`` is the version of the configuration that was live then, if it is known."""

    kind: str
    id: int
    name: str
    version: int | None
    configuration: int | None
    url: str | None


class ReceiptRequestOut(Schema):
    """The request that brought it, as it came."""

    endpoint: str
    size: int
    text: str


class StepOut(Schema):
    """One step, at its stage; ``code`` is what happened. ``milliseconds`` is the time since the step before it."""

    at: datetime
    stage: str
    code: str
    title: str
    why: str
    milliseconds: int | None
    rule: RuleOut | None
    facts: dict[str, str]
    payload: ReceiptRequestOut | None
    url: str | None


class VerdictOut(Schema):
    """What became of it: a code for programs, sentences for people."""

    code: str
    paged: bool
    text: str
    rule: RuleOut | None


class FiringOut(Schema):
    """One firing of an alert; ``id`` is its first change."""

    id: int
    begins: datetime
    ends: datetime | None


class ReceiptOut(Schema):
    kind: Literal["alert", "incident", "page"]
    id: int
    label: str
    verdict: VerdictOut
    steps: list[StepOut]
    firings: list[FiringOut]
    firing: int | None


class ReceiptFilter(Schema):
    episode: int | None = Field(None, ge=1, le=MAX_ID, description="The firing that this change began or belongs to.")


class WhyFilter(Schema):
    """An incident, or a stretch of at most 31 days (of itself the last 24 hours)."""

    person: int = Field(ge=1, le=MAX_ID)
    incident: str = Field("", max_length=40)
    start: datetime | None = None
    end: datetime | None = None


class AnswerOfIncident(Schema):
    incident: str
    title: str
    opened_at: datetime
    verdict: VerdictOut
    page: int | None


class StillHeldOut(Schema):
    """An alert of that time that something holds just now."""

    alert: int
    name: str
    kind: str
    why: str


class WhyOut(Schema):
    person: str
    paged: int
    incidents: list[AnswerOfIncident]
    more: bool
    held: list[StillHeldOut]


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _rule(rule: Any) -> RuleOut | None:
    if rule is None:
        return None
    return RuleOut(
        kind=rule.kind, id=rule.id, name=rule.name, version=rule.version, configuration=rule.configuration or None,
        url=shown.rule_url(rule) or None,
    )  # fmt: skip


def _verdict(verdict: Any, now: datetime) -> VerdictOut:
    return VerdictOut(
        code=verdict.code, paged=verdict.paged, text=verdicts.sentence(verdict, now), rule=_rule(verdict.rule)
    )


def _step(line: shown.Line) -> StepOut:
    step, took = line.step, line.step.took
    payload = step.payload
    return StepOut(
        at=step.at, stage=step.stage, code=step.code, title=line.title, why=step.why,
        milliseconds=round(took / timedelta(milliseconds=1)) if took is not None else None, rule=_rule(step.rule),
        facts=dict(line.facts), url=line.url or None,
        payload=ReceiptRequestOut(endpoint=payload.endpoint, size=payload.size, text=payload.text) if payload else None,
    )  # fmt: skip


def _receipt(found: Receipt, now: datetime) -> ReceiptOut:
    return ReceiptOut(
        kind=cast("Any", found.facts.kind), id=found.facts.id, label=found.facts.label,
        verdict=_verdict(found.verdict, now), steps=[_step(line) for line in shown.lines(found, now)],
        firings=[FiringOut(id=each.id, begins=each.begins, ends=each.ends) for each in found.episodes],
        firing=found.episode or None,
    )  # fmt: skip


@of_alerts.get("/{int:alert_id}/receipt", response=ReceiptOut, summary="The whole way of an alert, and why it paged")
def alert_receipt(request: HttpRequest, alert_id: int, query: Query[ReceiptFilter]) -> Any:
    actor, now = _actor(request), clock.now()
    actor.require("alerts.view")
    return _receipt(queries.of_alert(actor, alert_id, now, query.episode), now)


@of_incidents.get("/{ref}/receipt", response=ReceiptOut, summary="The whole way of an incident, and whom it paged")
def incident_receipt(request: HttpRequest, ref: str) -> Any:
    actor, now = _actor(request), clock.now()
    actor.require("incidents.view")
    return _receipt(queries.of_incident(actor, incidents.by_ref(actor, ref), now), now)


@of_pages.get("/{int:page_id}/receipt", response=ReceiptOut, summary="The whole way of a page to one person")
def page_receipt(request: HttpRequest, page_id: int) -> Any:
    actor, now = _actor(request), clock.now()
    actor.require("incidents.view")
    return _receipt(queries.of_page(actor, page_id, now), now)


@router.get("/why", response=WhyOut, summary="Why a person was, or was not, paged")
def why(request: HttpRequest, query: Query[WhyFilter]) -> Any:
    actor, now = _actor(request), clock.now()
    end = query.end or now
    start = query.start or end - timedelta(days=1)
    if not query.incident and not timedelta(0) < end - start <= LONGEST:
        raise Invalid(_("Ask about at most 31 days at once, and let them end after they begin."))
    found = queries.about_person(actor, query.person, now, ref=query.incident, start=start, end=end)
    held = () if query.incident else queries.held_between(actor, start, end)
    return WhyOut(
        person=str(found.person), paged=found.paged, more=found.more,
        incidents=[
            AnswerOfIncident(
                incident=each.incident.ref, title=each.incident.title, opened_at=each.incident.opened_at,
                verdict=_verdict(each.verdict, now), page=each.page_id,
            )
            for each in found.found
        ],
        held=[StillHeldOut(alert=each.id, name=each.name, kind=each.kind, why=each.why) for each in held],
    )  # fmt: skip
