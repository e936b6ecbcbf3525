"""Routes and decisions over the API: everything their pages can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.triage import actions, meanwhile_api, pipeline_api, queries
from steward.response.triage.models import Decision, Route

router = Router(tags=["routes"])
decisions = Router(tags=["decisions"])
ROUTERS = {
    "/routes": router, "/decisions": decisions, "/pipeline": pipeline_api.router, "/maintenance": meanwhile_api.router,
}  # fmt: skip

SeverityWord = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
MAX_ID = 2**63 - 1


class MatcherOut(Schema):
    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str


class RouteRef(Schema):
    id: int
    name: str


class RouteOut(Schema):
    """A route. ``matchers_text`` is the same matchers in Alertmanager's syntax."""

    id: int
    position: int
    name: str
    is_default: bool
    enabled: bool
    matchers: list[MatcherOut]
    matchers_text: str
    group_by: list[str]
    group_wait: int
    continues: bool
    service: RouteRef | None
    severity_map: dict[str, SeverityWord]
    policy: RouteRef | None
    opens_incident: bool
    auto_resolve: bool
    reopen_minutes: int
    parent: RouteRef | None
    group_interval: int
    repeat_interval: int
    mute_times: list[str]
    active_times: list[str]
    largest_group: int
    storm_groups: int
    version: int


class RoutePage(Schema):
    items: list[RouteOut]
    next: str | None


class RouteIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    enabled: bool = True
    matchers: str = Field(
        "", max_length=20_000, description="Alertmanager's syntax.", examples=['{severity="critical", env=~"prod.*"}']
    )
    group_by: list[str] = Field([], max_length=actions.MOST_NAMES)
    group_wait: int = Field(30, ge=0, le=actions.LONGEST_WAIT, description="Seconds.")
    continues: bool = False
    service_id: int | None = Field(None, ge=1, le=MAX_ID)
    severity_map: dict[str, SeverityWord] = Field({}, description="The alert's severity → ours; * for all others.")
    policy_id: int | None = Field(None, ge=1, le=MAX_ID, description="Who is paged; null pages nobody.")
    opens_incident: bool = True
    auto_resolve: bool = True
    reopen_minutes: int = Field(30, ge=0, le=actions.LONGEST_REOPEN)
    parent_id: int | None = Field(None, ge=1, le=MAX_ID, description="The route above; null: the default route.")
    group_interval: int = Field(0, ge=0, le=actions.LONGEST_INTERVAL, description="Seconds; 0 is never.")
    repeat_interval: int = Field(0, ge=0, le=actions.LONGEST_INTERVAL, description="Seconds; 0 is never.")
    mute_times: list[str] = Field([], max_length=actions.MOST_NAMES)
    active_times: list[str] = Field([], max_length=actions.MOST_NAMES)
    largest_group: int = Field(1000, ge=0, le=actions.MOST_STORM)
    storm_groups: int = Field(50, ge=0, le=actions.MOST_STORM, description="Incidents a minute; 0 is never.")


class RouteChange(Schema):
    """Only what is sent is changed."""

    name: str = Field("", min_length=1, max_length=120)
    enabled: bool = True
    matchers: str = Field("", max_length=20_000)
    group_by: list[str] = Field([], max_length=actions.MOST_NAMES)
    group_wait: int = Field(30, ge=0, le=actions.LONGEST_WAIT)
    continues: bool = False
    service_id: int | None = Field(None, ge=1, le=MAX_ID)
    severity_map: dict[str, SeverityWord] = {}
    policy_id: int | None = Field(None, ge=1, le=MAX_ID)
    opens_incident: bool = True
    auto_resolve: bool = True
    reopen_minutes: int = Field(30, ge=0, le=actions.LONGEST_REOPEN)
    parent_id: int | None = Field(None, ge=1, le=MAX_ID, description="The route above; null: the default route.")
    group_interval: int = Field(0, ge=0, le=actions.LONGEST_INTERVAL, description="Seconds; 0 is never.")
    repeat_interval: int = Field(0, ge=0, le=actions.LONGEST_INTERVAL, description="Seconds; 0 is never.")
    mute_times: list[str] = Field([], max_length=actions.MOST_NAMES)
    active_times: list[str] = Field([], max_length=actions.MOST_NAMES)
    largest_group: int = Field(1000, ge=0, le=actions.MOST_STORM)
    storm_groups: int = Field(50, ge=0, le=actions.MOST_STORM, description="Incidents a minute; 0 is never.")


class MoveIn(Schema):
    direction: Literal["up", "down"]


class TryIn(Schema):
    labels: dict[str, str] = Field(max_length=200, examples=[{"alertname": "DiskFull", "severity": "critical"}])


class MatcherResultOut(Schema):
    matcher: str
    matched: bool
    actual: str


class WalkOut(Schema):
    """One route held against the labels; ``reached`` is false behind a route that stopped the walk."""

    route: RouteRef
    matched: bool
    reached: bool
    results: list[MatcherResultOut]


class PersonToPage(Schema):
    id: int
    name: str
    why: str


class StepToPage(Schema):
    kind: str
    label: str
    wait_minutes: int
    after_seconds: int
    skipped: bool
    people: list[PersonToPage]
    problems: list[str]


class OutcomeOut(Schema):
    route: RouteRef
    version: int
    severity: SeverityWord
    group: dict[str, str]
    service: str
    service_why: str
    then: str
    pages: list[StepToPage]


class TrialOut(Schema):
    walked: list[WalkOut]
    outcomes: list[OutcomeOut]


class DecisionQuery(KeysetQuery):
    alert_id: int = Field(ge=1, le=MAX_ID)


class DecisionOut(Schema):
    id: int
    alert_id: int
    change_id: int
    at: datetime
    outcome: str
    reason: str
    route: RouteRef | None
    route_version: int | None
    incident: str | None


class DecisionPage(Schema):
    items: list[DecisionOut]
    next: str | None


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _named(record: Any) -> dict[str, Any] | None:
    return None if record is None else {"id": record.pk, "name": record.name}


def _route(route: Route) -> dict[str, Any]:
    same = (
        "position", "name", "is_default", "enabled", "matchers", "group_by", "group_wait", "continues",
        "severity_map", "opens_incident", "auto_resolve", "reopen_minutes", "version", "group_interval",
        "repeat_interval", "mute_times", "active_times", "largest_group", "storm_groups",
    )  # fmt: skip
    return {
        "id": route.pk, **{name: getattr(route, name) for name in same},
        "matchers_text": queries.matchers_text(route), "service": _named(route.service),
        "policy": _named(route.policy), "parent": _named(route.parent),
    }  # fmt: skip


def _decision(decision: Decision) -> dict[str, Any]:
    same = ("alert_id", "change_id", "at", "outcome", "route_version")
    return {
        "id": decision.pk, **{name: getattr(decision, name) for name in same}, "reason": decision.told,
        "route": _named(decision.route),
        "incident": decision.incident.ref if decision.incident else None,
    }  # fmt: skip


def _trial(trial: queries.Trial) -> dict[str, Any]:
    walked = [
        {
            "route": {"id": match.route.id, "name": match.route.name}, "matched": match.matched,
            "reached": match.reached,
            "results": [{"matcher": r.text, "matched": r.matched, "actual": r.actual} for r in match.results],
        }
        for match in trial.walked
    ]  # fmt: skip
    return {"walked": walked, "outcomes": [_outcome(each) for each in trial.outcomes]}


def _outcome(outcome: queries.TrialOutcome) -> dict[str, Any]:
    route = outcome.route
    return {
        "route": {"id": route.id, "name": route.name}, "version": route.version, "severity": outcome.severity,
        "group": outcome.group, "service": outcome.service, "service_why": outcome.service_why, "then": outcome.then,
        "pages": [
            {
                "kind": step.kind, "label": step.label, "wait_minutes": step.wait_minutes,
                "after_seconds": int(step.after.total_seconds()), "skipped": step.skipped,
                "people": [{"id": p.user_id, "name": p.label, "why": p.why} for p in step.people],
                "problems": list(step.problems),
            }
            for step in outcome.pages
        ],
    }  # fmt: skip


@router.get("", response=RoutePage, summary="List routes in the order in which they are tried")
def list_routes(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return page_of(queries.routes(_actor(request)), query, ("is_default", "position", "id"), _route)


@router.post("", response={201: RouteOut}, summary="Create a route, before the default one")
def create_route(request: HttpRequest, payload: RouteIn) -> Any:
    made = actions.create_route(actor=_actor(request), now=clock.now(), **payload.dict())
    return Status(201, _route(made))


@router.post("/try", response=TrialOut, summary="Which route would take these labels, and who would be paged now")
def try_labels(request: HttpRequest, payload: TryIn) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return _trial(queries.try_labels(_actor(request), payload.labels, clock.now()))


@router.get("/{int:route_id}", response=RouteOut, summary="One route")
def get_route(request: HttpRequest, route_id: int) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return _route(queries.route_by_id(_actor(request), route_id))


@router.patch("/{int:route_id}", response=RouteOut, summary="Change a route; its version grows")
def update_route(request: HttpRequest, route_id: int, payload: RouteChange) -> dict[str, Any]:
    values = payload.dict(exclude_unset=True)
    return _route(actions.update_route(actor=_actor(request), now=clock.now(), route_id=route_id, **values))


@router.post("/{int:route_id}/move", response=RouteOut, summary="Move a route one place up or down")
def move_route(request: HttpRequest, route_id: int, payload: MoveIn) -> dict[str, Any]:
    up = payload.direction == "up"
    return _route(actions.move_route(actor=_actor(request), now=clock.now(), route_id=route_id, up=up))


@router.delete("/{int:route_id}", response={204: None}, summary="Remove a route")
def delete_route(request: HttpRequest, route_id: int) -> Any:
    actions.delete_route(actor=_actor(request), now=clock.now(), route_id=route_id)
    return Status(204, None)


@decisions.get("", response=DecisionPage, summary="What was decided on an alert and why, newest first")
def list_decisions(request: HttpRequest, query: Query[DecisionQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("routes.view")
    return page_of(queries.decisions_on(actor, query.alert_id), query, ("-id",), _decision)
