"""API of readiness."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Router, Schema

from steward.foundation.actors import Actor
from steward.response.readiness import queries

router = Router(tags=["readiness"])
ROUTERS = {"/readiness": router}


class WarningOut(Schema):
    """This person is on call from ``shift_at`` and cannot be reached."""

    schedule_id: int
    schedule: str
    user_id: int
    name: str
    shift_at: datetime
    told_at: datetime


@router.get("", response=list[WarningOut], summary="Who is on call in the next 30 days and cannot be reached")
def warnings(request: HttpRequest) -> list[dict[str, Any]]:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    actor.require("oncall.view")
    return [
        {
            "schedule_id": each.schedule_id, "schedule": each.schedule.name, "user_id": each.user_id,
            "name": str(each.user), "shift_at": each.shift_at, "told_at": each.told_at,
        }
        for each in queries.warnings(actor)
    ]  # fmt: skip
