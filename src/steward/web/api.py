"""The home page's figures and the search across the rooms, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.web import now as home
from steward.web.search import search as find

router = Router(tags=["now and search"])


class Pulse(Schema):
    """Figures over what the key may see; ``acknowledge_seconds`` is the median of the last seven days."""

    open: int
    unassigned: int = Field(description="Nobody has acknowledged them yet.")
    unreached: int
    services: int
    unhealthy: int
    tier_one: int
    firing: int
    fired_24h: int
    opened_24h: int
    resolved_24h: int
    acknowledge_seconds: float | None
    gaps: int = Field(description="Schedules in which nobody is on call now.")


class NowIncident(Schema):
    ref: str
    title: str
    severity: str
    status: str
    service: str | None
    assignee: str | None
    unreached: bool
    opened_at: datetime


class NowService(Schema):
    slug: str
    name: str
    tier: int
    state: str
    text: str


class NowOnCall(Schema):
    """``until`` is when the shift ends, or when somebody is on call again."""

    schedule_id: int
    schedule: str
    people: list[str] = Field(description="Empty: nobody is on call.")
    until: datetime | None


class NowFiring(Schema):
    name: str
    count: int


class NowOut(Schema):
    now: datetime
    pulse: Pulse
    incidents: list[NowIncident] = Field(description="Open and acknowledged, the worst first; at most twelve.")
    services: list[NowService] = Field(description="The unhealthy first; at most sixteen.")
    on_call: list[NowOnCall]
    firing: list[NowFiring] = Field(description="Firing alerts by service.")


class HitOut(Schema):
    title: str
    detail: str
    url: str = Field(description="The page of the record.")


class HitGroupOut(Schema):
    kind: str
    label: str
    hits: list[HitOut]


class SearchOut(Schema):
    groups: list[HitGroupOut]


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _incident(incident: Any) -> dict[str, Any]:
    names = ("ref", "title", "severity", "status", "unreached", "opened_at")
    return {
        **{name: getattr(incident, name) for name in names},
        "service": incident.service.name if incident.service else None,
        "assignee": str(incident.assignee) if incident.assignee else None,
    }


def _service(tile: home.ServiceTile) -> dict[str, Any]:
    same = {name: getattr(tile.service, name) for name in ("slug", "name", "tier")}
    return {**same, "state": tile.state, "text": tile.text}


def _on_call(row: home.OnCallRow) -> dict[str, Any]:
    return {
        "schedule_id": row.schedule.pk, "schedule": row.schedule.name, "until": row.until,
        "people": list(row.people),
    }  # fmt: skip


@router.get("/now", response=NowOut, summary="Is anything wrong, and who is on it")
def now(request: HttpRequest) -> dict[str, Any]:
    found = home.gather(_actor(request), clock.now())
    return {
        "now": found["now"], "pulse": found["pulse"], "firing": found["firing"],
        "incidents": [_incident(each) for each in found["incidents"]],
        "services": [_service(each) for each in found["services"]],
        "on_call": [_on_call(each) for each in found["on_call"]],
    }  # fmt: skip


@router.get("/search", response=SearchOut, summary="A few hits of every kind")
def search(request: HttpRequest, q: str = "") -> dict[str, Any]:
    return {"groups": find(_actor(request), q)}
