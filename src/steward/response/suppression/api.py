"""Silences and maintenance windows over the API: everything their pages can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from steward.algorithms.matching import Matcher, MatcherError, parse_matchers
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.suppression import actions, queries
from steward.response.suppression.errors import SilenceInvalid
from steward.response.suppression.models import MaintenanceWindow, Silence
from steward.response.suppression.scope import Node

silences = Router(tags=["silences"])
maintenance = Router(tags=["maintenance"])
ROUTERS = {"/silences": silences, "/maintenance": maintenance}

MAX_ID = 2**63 - 1
MATCHERS = Field(max_length=20_000, description="Alertmanager's syntax.", examples=['{job="node", env=~"prod.*"}'])
State = Literal["pending", "active", "expired"]


class PlanIn(Schema):
    """When it holds. What recurs says how long each occurrence lasts and in which zone its clock times are."""

    starts_at: datetime | None = Field(None, description="Now, if left out.")
    ends_at: datetime | None = Field(None, description="Needed unless it recurs.")
    rrule: str = Field("", max_length=300, examples=["FREQ=WEEKLY;BYDAY=SU"])
    duration_minutes: int | None = Field(None, ge=1, le=31 * 24 * 60)
    time_zone: str = Field("", max_length=64, examples=["Europe/Berlin"])

    def plan(self, now: datetime) -> actions.Plan:
        length = timedelta(minutes=self.duration_minutes) if self.duration_minutes else None
        return actions.Plan(self.starts_at or now, self.ends_at, self.rrule, length, self.time_zone)


class SilenceIn(PlanIn):
    matchers: str = MATCHERS
    comment: str = Field(min_length=1, max_length=4000)
    notice_minutes: int | None = Field(None, ge=0, le=7 * 24 * 60, description="Tell the author so long before.")


class SilenceChange(SilenceIn):
    version: int | None = Field(None, ge=1, description="Refused if it has another version by now.")


class SilenceOut(Schema):
    """``id`` is Steward's key, ``uuid`` the id in Alertmanager's API. With a ``source_id``: alerts of it only."""

    id: int
    uuid: str
    state: State
    matchers: str
    comment: str
    author: str
    starts_at: datetime
    ends_at: datetime | None
    rrule: str
    duration_minutes: int | None
    time_zone: str
    holds_from: datetime | None
    holds_until: datetime | None
    notice_minutes: int | None
    source_id: int | None
    replaced_by: int | None
    version: int
    updated_at: datetime


class SilencePage(Schema):
    items: list[SilenceOut]
    next: str | None


class SilenceQuery(KeysetQuery):
    state: State | None = None


class PreviewIn(Schema):
    matchers: str = MATCHERS


class HeldAlert(Schema):
    id: int
    name: str
    labels: dict[str, str]


class HeldOut(Schema):
    """How many firing alerts, the first 50 of them, and the open incidents they are in."""

    count: int
    alerts: list[HeldAlert]
    incidents: list[str]
    more_fire: bool


class GrantIn(Schema):
    source_id: int = Field(ge=1, le=MAX_ID)
    allowed: bool


class WorkIn(PlanIn):
    title: str = Field(min_length=1, max_length=200)
    reason: str = Field("", max_length=4000)
    link: str = Field("", max_length=500)
    service_ids: list[int] = Field([], max_length=500)
    item_ids: list[int] = Field([], max_length=500)
    dependants: bool = Field(False, description="Also what depends on them or runs on them.")
    matchers: str = Field("", max_length=20_000, description="Only alerts with these labels; empty: all in scope.")


class WorkChange(WorkIn):
    version: int | None = Field(None, ge=1)


class ExtendIn(Schema):
    until: datetime


class ScopeQuery(Schema):
    service_ids: list[int] = Field([], max_length=500)
    item_ids: list[int] = Field([], max_length=500)
    dependants: bool = False
    matchers: str = Field("", max_length=20_000)


class ScopeLineOut(Schema):
    kind: Literal["service", "item"]
    id: int
    name: str
    how: str
    path: list[str]


class ScopeOut(Schema):
    covered: list[ScopeLineOut]
    holds: HeldOut


class WindowOut(Schema):
    id: int
    state: State
    title: str
    reason: str
    link: str
    author: str
    scope: list[str]
    dependants: bool
    matchers: str
    starts_at: datetime
    ends_at: datetime | None
    rrule: str
    duration_minutes: int | None
    time_zone: str
    holds_from: datetime | None
    holds_until: datetime | None
    version: int
    updated_at: datetime


class WindowPage(Schema):
    items: list[WindowOut]
    next: str | None


class WindowQuery(KeysetQuery):
    state: State | None = None


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _matchers(text: str) -> tuple[Matcher, ...]:
    try:
        return tuple(parse_matchers(text))
    except MatcherError as error:
        message = error.words.said(_)
        raise SilenceInvalid(message, fields={"matchers": [message]}) from error


_SAME = ("author", "starts_at", "ends_at", "rrule", "time_zone", "holds_from", "holds_until", "version", "updated_at")


def _plan(row: Silence | MaintenanceWindow) -> dict[str, Any]:
    minutes = int(row.duration.total_seconds() // 60) if row.duration else None
    return {
        "id": row.pk, "state": row.state_at(clock.now()), "duration_minutes": minutes,
        **{name: getattr(row, name) for name in _SAME},
    }  # fmt: skip


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        **_plan(silence), "uuid": str(silence.uuid), "matchers": queries.matchers_text(silence),
        "comment": silence.comment, "notice_minutes": silence.notice_minutes, "source_id": silence.source_id,
        "replaced_by": silence.replaced_by_id,
    }  # fmt: skip


def _window(window: MaintenanceWindow) -> dict[str, Any]:
    same = ("title", "reason", "link", "dependants")
    return {
        **_plan(window), **{name: getattr(window, name) for name in same}, "scope": window.scope_names,
        "matchers": queries.window_matchers_text(window),
    }  # fmt: skip


def _held(held: queries.Held) -> dict[str, Any]:
    return {
        "count": held.count, "more_fire": held.cut, "incidents": [each.ref for each in held.incidents],
        "alerts": [{"id": each.pk, "name": each.name, "labels": each.labels} for each in held.alerts],
    }  # fmt: skip


def _wish(payload: SilenceIn, now: datetime) -> actions.Wish:
    return actions.Wish(_matchers(payload.matchers), payload.comment, payload.plan(now), payload.notice_minutes)


def _work(payload: WorkIn, now: datetime) -> actions.Work:
    return actions.Work(
        title=payload.title, plan=payload.plan(now), service_ids=payload.service_ids, item_ids=payload.item_ids,
        dependants=payload.dependants, matchers=_matchers(payload.matchers), reason=payload.reason, link=payload.link,
    )  # fmt: skip


@silences.get("", response=SilencePage, summary="List silences, newest first")
def list_silences(request: HttpRequest, query: Query[SilenceQuery]) -> dict[str, Any]:
    _actor(request).require("silences.view")
    found = queries.silences(_actor(request))
    if query.state:
        found = getattr(found, query.state)(clock.now())
    return page_of(found, query, ("-id",), _silence)


@silences.post("", response={201: SilenceOut}, summary="Make a silence")
def create_silence(request: HttpRequest, payload: SilenceIn) -> Any:
    now, actor = clock.now(), _actor(request)
    actor.require("silences.manage")
    return Status(201, _silence(actions.create_silence(actor=actor, now=now, wish=_wish(payload, now))))


@silences.post("/preview", response=HeldOut, summary="Which firing alerts such a silence would hold now")
def preview_silence(request: HttpRequest, payload: PreviewIn) -> dict[str, Any]:
    _actor(request).require("silences.view")
    return _held(queries.would_hold(_actor(request), _matchers(payload.matchers)))


@silences.put("/keys", response={204: None}, summary="Whether a source's key may manage silences of its alerts")
def let_source_silence(request: HttpRequest, payload: GrantIn) -> Any:
    actions.let_source_silence(
        actor=_actor(request), now=clock.now(), source_id=payload.source_id, allowed=payload.allowed
    )
    return Status(204, None)


@silences.get("/{int:silence_id}", response=SilenceOut, summary="One silence")
def get_silence(request: HttpRequest, silence_id: int) -> dict[str, Any]:
    _actor(request).require("silences.view")
    return _silence(queries.silence_by_id(_actor(request), silence_id))


@silences.put("/{int:silence_id}", response=SilenceOut, summary="Change a silence; other matchers make a new one")
def update_silence(request: HttpRequest, silence_id: int, payload: SilenceChange) -> dict[str, Any]:
    now, actor = clock.now(), _actor(request)
    actor.require("silences.manage")
    wish = _wish(payload, now)
    return _silence(
        actions.update_silence(actor=actor, now=now, silence_id=silence_id, wish=wish, version=payload.version)
    )


@silences.get("/{int:silence_id}/held", response=HeldOut, summary="The firing alerts that it concerns")
def silence_holds(request: HttpRequest, silence_id: int) -> dict[str, Any]:
    _actor(request).require("silences.view")
    found = queries.silence_by_id(_actor(request), silence_id)
    return _held(queries.would_hold(_actor(request), found.parsed, source_id=found.source_id))


@silences.post("/{int:silence_id}/expire", response=SilenceOut, summary="End a silence now")
def expire_silence(request: HttpRequest, silence_id: int) -> dict[str, Any]:
    return _silence(actions.expire_silence(actor=_actor(request), now=clock.now(), silence_id=silence_id))


@maintenance.get("", response=WindowPage, summary="List maintenance windows, newest first")
def list_windows(request: HttpRequest, query: Query[WindowQuery]) -> dict[str, Any]:
    _actor(request).require("maintenance.view")
    found = queries.windows(_actor(request))
    if query.state:
        found = getattr(found, query.state)(clock.now())
    return page_of(found, query, ("-id",), _window)


@maintenance.post("", response={201: WindowOut}, summary="Plan maintenance")
def create_window(request: HttpRequest, payload: WorkIn) -> Any:
    now, actor = clock.now(), _actor(request)
    actor.require("maintenance.manage")
    return Status(201, _window(actions.create_window(actor=actor, now=now, work=_work(payload, now))))


@maintenance.post("/preview", response=ScopeOut, summary="What such a scope covers, and what it would hold now")
def preview_window(request: HttpRequest, payload: ScopeQuery) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("maintenance.manage")
    chosen: list[Node] = [("service", key) for key in payload.service_ids]
    chosen += [("item", key) for key in payload.item_ids]
    matchers = _matchers(payload.matchers)
    lines = queries.scope_of(actor, chosen, dependants=payload.dependants)
    return {
        "covered": [
            {
                "kind": each.kind, "id": each.id, "name": each.name, "how": each.how,
                "path": [name for name, _how in each.path],
            }
            for each in lines
        ],
        "holds": _held(queries.scope_holds(actor, chosen, matchers, dependants=payload.dependants)),
    }  # fmt: skip


@maintenance.get("/{int:window_id}", response=WindowOut, summary="One maintenance window")
def get_window(request: HttpRequest, window_id: int) -> dict[str, Any]:
    _actor(request).require("maintenance.view")
    return _window(queries.window_by_id(_actor(request), window_id))


@maintenance.put("/{int:window_id}", response=WindowOut, summary="Change a maintenance window")
def update_window(request: HttpRequest, window_id: int, payload: WorkChange) -> dict[str, Any]:
    now, actor = clock.now(), _actor(request)
    actor.require("maintenance.manage")
    return _window(
        actions.update_window(
            actor=actor, now=now, window_id=window_id, work=_work(payload, now), version=payload.version
        )
    )


@maintenance.get("/{int:window_id}/held", response=HeldOut, summary="The firing alerts in its scope")
def window_holds(request: HttpRequest, window_id: int) -> dict[str, Any]:
    _actor(request).require("maintenance.view")
    return _held(queries.window_holds(_actor(request), queries.window_by_id(_actor(request), window_id)))


@maintenance.post("/{int:window_id}/end", response=WindowOut, summary="End maintenance now, for good")
def end_window(request: HttpRequest, window_id: int) -> dict[str, Any]:
    return _window(actions.end_window(actor=_actor(request), now=clock.now(), window_id=window_id))


@maintenance.post("/{int:window_id}/extend", response=WindowOut, summary="Let maintenance go on until later")
def extend_window(request: HttpRequest, window_id: int, payload: ExtendIn) -> dict[str, Any]:
    return _window(
        actions.extend_window(actor=_actor(request), now=clock.now(), window_id=window_id, until=payload.until)
    )
