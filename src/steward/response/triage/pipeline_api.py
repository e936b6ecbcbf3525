"""Inhibition rules, time intervals and the pipeline's settings over the API."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.triage import actions, queries
from steward.response.triage.models import InhibitionRule, Settings, TimeInterval

router = Router(tags=["pipeline"])
MAX_LENGTH = 20_000


class InhibitionIn(Schema):
    """Matchers in Alertmanager's syntax."""

    name: str = Field(min_length=1, max_length=120)
    source: str = Field(min_length=1, max_length=MAX_LENGTH, examples=['alertname="HostDown"'])
    target: str = Field(min_length=1, max_length=MAX_LENGTH, examples=['severity="warning"'])
    equal: list[str] = Field([], max_length=50)
    enabled: bool = True


class InhibitionOut(InhibitionIn):
    id: int
    version: int
    holds: int = Field(description="Alerts that it holds now.")


class InhibitionPage(Schema):
    items: list[InhibitionOut]
    next: str | None


class IntervalIn(Schema):
    """``spec`` in the form of Alertmanager's ``time_intervals``."""

    name: str = Field(min_length=1, max_length=120)
    spec: list[dict[str, Any]] = Field(
        max_length=50, examples=[[{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]]
    )


class IntervalOut(IntervalIn):
    id: int
    version: int


class IntervalPage(Schema):
    items: list[IntervalOut]
    next: str | None


class PipelineOut(Schema):
    """``flap_changes`` within ``flap_window`` seconds make an alert flap (0: never)."""

    flap_changes: int
    flap_window: int
    flap_quiet: int
    topology: bool
    topology_delay: int
    revision: int


class PipelineChange(Schema):
    """Only what is sent is changed."""

    flap_changes: int = Field(6, ge=0, le=1000)
    flap_window: int = Field(600, ge=0, le=604_800)
    flap_quiet: int = Field(600, ge=0, le=604_800)
    topology: bool = True
    topology_delay: int = Field(0, ge=0, le=3600)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _inhibition(rule: InhibitionRule) -> dict[str, Any]:
    return {**_fields(rule), "holds": queries.held_by("inhibition", rule.pk)}


def _interval(interval: TimeInterval) -> dict[str, Any]:
    return {name: getattr(interval, name) for name in ("id", "name", "spec", "version")}


def _settings(settings: Settings) -> dict[str, Any]:
    names = ("flap_changes", "flap_window", "flap_quiet", "topology", "topology_delay", "revision")
    return {name: getattr(settings, name) for name in names}


@router.get("", response=PipelineOut, summary="Flap detection and topology, for every alert")
def get_settings(request: HttpRequest) -> dict[str, Any]:
    return _settings(queries.settings(_actor(request)))


@router.patch("", response=PipelineOut, summary="Change flap detection and topology")
def change_settings(request: HttpRequest, payload: PipelineChange) -> dict[str, Any]:
    values = payload.dict(exclude_unset=True)
    return _settings(actions.save_settings(actor=_actor(request), now=clock.now(), **values))


@router.get("/inhibitions", response=InhibitionPage, summary="List inhibition rules")
def list_inhibitions(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("routes.view")
    held = queries.held_counts("inhibition")
    found = page_of(queries.inhibitions(_actor(request)), query, ("name", "id"), lambda rule: rule)
    items = [{**_fields(rule), "holds": held.get(rule.pk, 0)} for rule in found["items"]]
    return {**found, "items": items}


def _fields(rule: InhibitionRule) -> dict[str, Any]:
    return {
        "id": rule.pk, "name": rule.name, "source": queries.text_of(rule.source_matchers),
        "target": queries.text_of(rule.target_matchers), "equal": rule.equal, "enabled": rule.enabled,
        "version": rule.version,
    }  # fmt: skip


@router.post("/inhibitions", response={201: InhibitionOut}, summary="Make an inhibition rule")
def create_inhibition(request: HttpRequest, payload: InhibitionIn) -> Any:
    made = actions.save_inhibition(actor=_actor(request), now=clock.now(), **payload.dict())
    return Status(201, _inhibition(made))


@router.get("/inhibitions/{int:rule_id}", response=InhibitionOut, summary="One inhibition rule")
def get_inhibition(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return _inhibition(queries.inhibition_by_id(_actor(request), rule_id))


@router.put("/inhibitions/{int:rule_id}", response=InhibitionOut, summary="Change an inhibition rule")
def change_inhibition(request: HttpRequest, rule_id: int, payload: InhibitionIn) -> dict[str, Any]:
    made = actions.save_inhibition(actor=_actor(request), now=clock.now(), rule_id=rule_id, **payload.dict())
    return _inhibition(made)


@router.delete("/inhibitions/{int:rule_id}", response={204: None}, summary="Remove an inhibition rule")
def delete_inhibition(request: HttpRequest, rule_id: int) -> Any:
    actions.delete_inhibition(actor=_actor(request), now=clock.now(), rule_id=rule_id)
    return Status(204, None)


@router.get("/intervals", response=IntervalPage, summary="List the named times of routes")
def list_intervals(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return page_of(queries.intervals(_actor(request)), query, ("name", "id"), _interval)


@router.put("/intervals", response=IntervalOut, summary="Make or change the named times of this name")
def put_interval(request: HttpRequest, payload: IntervalIn) -> dict[str, Any]:
    return _interval(actions.save_interval(actor=_actor(request), now=clock.now(), **payload.dict()))


@router.delete("/intervals/{int:interval_id}", response={204: None}, summary="Remove named times that no route uses")
def delete_interval(request: HttpRequest, interval_id: int) -> Any:
    actions.delete_interval(actor=_actor(request), now=clock.now(), interval_id=interval_id)
    return Status(204, None)
