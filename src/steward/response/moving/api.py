"""API of moving in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.response.moving import actions, queries

router = Router(tags=["moving in"])
ROUTERS = {"/moving": router}


class MovingIn(Schema):
    source: Literal["pagerduty", "opsgenie", "grafana-oncall", "alertmanager"]
    document: dict[str, Any] = Field(description="The lists of the other system's API under their names.")
    apply: bool = Field(False, description="False answers the plan: all is tried and rolled back.")
    force: bool = Field(False, description="Also what was changed here by hand, or existed before.")


class MovedOut(Schema):
    kind: str
    name: str
    act: Literal["make", "change", "same", "kept", "cannot"]
    why: str


class DifferenceOut(Schema):
    start: datetime
    end: datetime
    theirs: list[str]
    ours: list[str]


class ComparedOut(Schema):
    """``known``: the export says whom the other system would page."""

    schedule: str
    known: bool
    differences: list[DifferenceOut]


class MoveOut(Schema):
    applied: bool
    items: list[MovedOut]
    compared: list[ComparedOut] = Field(description="The next 30 days: where the other system would page others.")


@router.post("", response=MoveOut, summary="Take over another system's people, teams, schedules and policies")
def move(request: HttpRequest, payload: MovingIn) -> dict[str, Any]:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    return queries.told(
        actions.move(
            actor=actor, now=clock.now(), source=payload.source, document=payload.document, apply=payload.apply,
            force=payload.force,
        )
    )  # fmt: skip
