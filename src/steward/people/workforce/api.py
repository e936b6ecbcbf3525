"""API of leave and workplaces."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.accounts import queries as accounts
from steward.people.workforce import actions, queries
from steward.people.workforce.models import Leave

router = Router(tags=["leave"])
ROUTERS = {"/leave": router}
MAX_ID = 2**63 - 1


class LeaveQuery(KeysetQuery):
    user_id: int | None = Field(None, ge=1, le=MAX_ID)
    since: date | None = Field(None, description="Only leave that has not ended before this day.")


class LeaveIn(Schema):
    user_id: int = Field(ge=1, le=MAX_ID)
    first_day: date
    last_day: date = Field(description="Included. Days of the person's own time zone.")
    note: str = Field("", max_length=200)


class LeaveOut(Schema):
    """``note`` is empty for who may not write this person's leave."""

    id: int
    user_id: int
    name: str
    first_day: date
    last_day: date
    note: str
    created_at: datetime


class LeavePage(Schema):
    items: list[LeaveOut]
    next: str | None


class WorkplaceIn(Schema):
    country: str = Field("", max_length=2, examples=["DE"], description="ISO 3166-1; empty: no public holidays.")
    part: str = Field("", max_length=8, examples=["BY"], description="ISO 3166-2 without the country.")


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@router.get("", response=LeavePage, summary="List leave")
def list_leave(request: HttpRequest, query: Query[LeaveQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("people.view")
    found = queries.leaves(actor)
    if query.user_id is not None:
        found = found.filter(user_id=query.user_id)
    if query.since is not None:
        found = found.filter(last_day__gte=query.since)
    return page_of(found, query, ("first_day", "id"), lambda leave: _leave(actor, leave))


@router.post("", response={201: LeaveOut}, summary="Write leave down")
def add_leave(request: HttpRequest, payload: LeaveIn) -> Status[dict[str, Any]]:
    actor = _actor(request)
    made = actions.add_leave(actor=actor, now=clock.now(), **payload.dict())
    return Status(201, _leave(actor, made))


@router.delete("/{int:leave_id}", response={204: None}, summary="Take leave back")
def remove_leave(request: HttpRequest, leave_id: int) -> Status[None]:
    actions.remove_leave(actor=_actor(request), now=clock.now(), leave_id=leave_id)
    return Status(204, None)


@router.get("/workplaces/{int:user_id}", response=WorkplaceIn, summary="Whose public holidays a person has")
def get_workplace(request: HttpRequest, user_id: int) -> dict[str, str]:
    actor = _actor(request)
    actor.require("people.view")
    accounts.visible_person(actor, user_id)
    found = queries.workplace_of(user_id)
    return {"country": found.country, "part": found.part} if found else {"country": "", "part": ""}


@router.put("/workplaces/{int:user_id}", response=WorkplaceIn, summary="Choose whose public holidays a person has")
def set_workplace(request: HttpRequest, user_id: int, payload: WorkplaceIn) -> dict[str, str]:
    found = actions.set_workplace(actor=_actor(request), now=clock.now(), user_id=user_id, **payload.dict())
    return {"country": found.country, "part": found.part} if found else {"country": "", "part": ""}


def _leave(actor: Actor, leave: Leave) -> dict[str, Any]:
    same = {name: getattr(leave, name) for name in ("id", "user_id", "first_day", "last_day", "created_at")}
    return {**same, "name": str(leave.user), "note": leave.note if queries.may_edit(actor, leave.user_id) else ""}
