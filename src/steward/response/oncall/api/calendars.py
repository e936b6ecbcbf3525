"""API of calendars that schedules take shifts from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from steward.foundation import clock
from steward.response.oncall import actions, queries
from steward.response.oncall.api.common import actor_of
from steward.response.oncall.models import Calendar

calendars = Router(tags=["schedules"])


class CalendarIn(Schema):
    """An address, which is read every 15 minutes, or a content. With neither, a calendar keeps what it has."""

    name: str = Field(min_length=1, max_length=80)
    url: str = Field("", max_length=2000)
    content: str = Field("", max_length=actions.TOO_LARGE, description="A file (text/calendar) instead of an address.")
    priority: int = Field(0, ge=0, le=9, description="Of events without a prefix such as [L2].")
    as_overrides: bool = Field(False, description="Its shifts cover every layer.")


class CalendarProblemOut(Schema):
    """What puts nobody on call, and what to do about it."""

    code: Literal["unknown", "ambiguous", "no-length", "too-long", "too-often", "zone", "unreadable"]
    text: str
    count: int
    message: str
    remedy: str


class CalendarOut(Schema):
    id: int
    schedule_id: int
    name: str
    url: str = Field(description="Where it is read, without what may be a secret; empty for a file.")
    priority: int
    as_overrides: bool
    events: int
    tried_at: datetime | None
    read_at: datetime | None
    until: datetime | None = Field(description="Until when shifts were taken from it.")
    error: str = Field(description="Why it could not be read the last time; what was read before still holds.")
    problems: list[CalendarProblemOut]


@calendars.get("/{int:schedule_id}/calendars", response=list[CalendarOut], summary="Calendars of a schedule")
def list_calendars(request: HttpRequest, schedule_id: int) -> list[dict[str, Any]]:
    actor_of(request).require("oncall.view")
    schedule = queries.schedule_by_id(actor_of(request), schedule_id)
    return [_calendar(each) for each in queries.calendars_of(schedule)]


@calendars.post(
    "/{int:schedule_id}/calendars", response={201: CalendarOut}, summary="Have a schedule take shifts from a calendar"
)
def add_calendar(request: HttpRequest, schedule_id: int, payload: CalendarIn) -> Status[dict[str, Any]]:
    given = actions.CalendarInput(**payload.dict())
    made = actions.add_calendar(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id, calendar=given)
    return Status(201, _calendar(made))


@calendars.get("/calendars/{int:calendar_id}", response=CalendarOut, summary="One calendar")
def get_calendar(request: HttpRequest, calendar_id: int) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    return _calendar(queries.calendar_by_id(actor_of(request), calendar_id))


@calendars.put("/calendars/{int:calendar_id}", response=CalendarOut, summary="Change a calendar")
def update_calendar(request: HttpRequest, calendar_id: int, payload: CalendarIn) -> dict[str, Any]:
    given = actions.CalendarInput(**payload.dict())
    return _calendar(
        actions.update_calendar(actor=actor_of(request), now=clock.now(), calendar_id=calendar_id, calendar=given)
    )


@calendars.delete("/calendars/{int:calendar_id}", response={204: None}, summary="Take a calendar away")
def remove_calendar(request: HttpRequest, calendar_id: int) -> Status[None]:
    actions.remove_calendar(actor=actor_of(request), now=clock.now(), calendar_id=calendar_id)
    return Status(204, None)


@calendars.post("/calendars/{int:calendar_id}/read", response=CalendarOut, summary="Read a calendar now")
def read_calendar(request: HttpRequest, calendar_id: int) -> dict[str, Any]:
    return _calendar(actions.read_again(actor=actor_of(request), now=clock.now(), calendar_id=calendar_id))


def _calendar(found: Calendar) -> dict[str, Any]:
    names = (
        "id", "schedule_id", "name", "priority", "as_overrides", "events", "tried_at", "read_at", "until", "error",
    )  # fmt: skip
    return {
        **{name: getattr(found, name) for name in names}, "url": actions.shown_url(found),
        "problems": [_problem(**each) for each in found.problems],
    }  # fmt: skip


def _problem(code: str, text: str, count: int) -> dict[str, Any]:
    message, remedy = queries.problem_words(code, text)
    return {"code": code, "text": text, "count": count, "message": message, "remedy": remedy}
