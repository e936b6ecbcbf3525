"""What fired while a maintenance window held it, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.response.suppression import queries as suppression
from steward.response.triage import meanwhile

router = Router(tags=["maintenance"])


class MeanwhileQuery(Schema):
    runs: int = Field(1, ge=1, le=50, description="How many of its latest runs.")


class MeanwhileLine(Schema):
    """The alerts of one name; ``firing`` of them fire now."""

    name: str
    fired: int
    firing: int
    first: datetime
    last: datetime


class MeanwhileOut(Schema):
    """One run. ``names``: how many names there are; ``lines`` has at most 50."""

    begins: datetime
    ends: datetime
    fired: int
    firing: int
    names: int
    lines: list[MeanwhileLine]


@router.get("/{int:window_id}/meanwhile", response=list[MeanwhileOut], summary="What fired while maintenance held it")
def window_meanwhile(request: HttpRequest, window_id: int, query: Query[MeanwhileQuery]) -> list[dict[str, Any]]:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    actor.require("maintenance.view")
    window = suppression.window_by_id(actor, window_id)
    found = meanwhile.of_window(actor, window, clock.now(), most=query.runs)
    return [
        {
            "begins": each.run.begins, "ends": each.run.ends, "fired": each.fired, "firing": each.firing,
            "names": each.names, "lines": each.lines,
        }
        for each in found
    ]  # fmt: skip
