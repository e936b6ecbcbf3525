"""Who is on call as flat rows, for Grafana, scripts and sheets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.response.oncall import queries
from steward.response.oncall.api.common import actor_of
from steward.response.oncall.errors import ScheduleInvalid
from steward.response.oncall.models import Schedule
from steward.response.oncall.queries import NowOnCall, Roster, ShiftView

rows = Router(tags=["schedules"])
LONGEST_RANGE = timedelta(days=366)
_TIME = "A time with a zone, such as 2026-03-01T09:00:00Z, or milliseconds since 1970 as Grafana writes them."


class Row(Schema):
    """One person on call in one schedule; a schedule without anybody has one row of its own, with state ``nobody``."""

    schedule: str
    schedule_id: int
    slug: str
    team: str = Field(description="Empty: the schedule belongs to no team.")
    time_zone: str
    state: Literal["on call", "nobody"]
    person: str
    user_id: int | None
    username: str
    email: str
    start: datetime | None = Field(description="When the shift, or the gap if it is within the range, begins.")
    until: datetime | None = Field(description="When the shift ends; without anybody, when somebody begins.")
    source: Literal["rotation", "override", ""]
    layer: str
    reason: str


class RowQuery(Schema):
    schedule: str = Field("", max_length=80, description="The slug of one schedule; empty: all.")


class NowQuery(RowQuery):
    at: str = Field("", max_length=40, description=f"Now, if empty. {_TIME}")


class RangeQuery(RowQuery):
    start: str = Field(alias="from", max_length=40, description=_TIME)
    end: str = Field(alias="to", max_length=40, description=_TIME)


@rows.get("/now", response=list[Row], summary="Who is on call at a time, as flat rows")
def now(request: HttpRequest, query: Query[NowQuery]) -> list[dict[str, Any]]:
    actor = actor_of(request)
    actor.require("oncall.view")
    moment = _moment(query.at, "at") if query.at else clock.now()
    found: list[dict[str, Any]] = []
    for line in queries.board(actor, moment):
        if query.schedule in ("", line.schedule.slug):
            found += [_row(line.schedule, shift) for shift in line.shifts] or [_nobody(line)]
    _known(query.schedule, found)
    return found


@rows.get("/shifts", response=list[Row], summary="Shifts and gaps of a range, as flat rows")
def shifts(request: HttpRequest, query: Query[RangeQuery]) -> list[dict[str, Any]]:
    actor = actor_of(request)
    actor.require("oncall.view")
    start, end = _moment(query.start, "from"), _moment(query.end, "to")
    if not start < end <= start + LONGEST_RANGE:
        message = _("The range must end after it starts and be at most a year long.")
        raise ScheduleInvalid(message, fields={"to": [message]})
    wanted = queries.schedules(actor)
    if query.schedule:
        wanted = wanted.filter(slug=query.schedule)
    found = [row for roster in queries.rosters(wanted, start, end) for row in _all(roster, start, end)]
    _known(query.schedule, found)
    return found


def _all(roster: Roster, start: datetime, end: datetime) -> list[dict[str, Any]]:
    found = [_row(roster.schedule, each) for each in roster.between(start, end)]
    found += [
        {**_of(roster.schedule), **_NOBODY, "start": opens, "until": closes}
        for opens, closes in roster.gaps(start, end)
    ]
    return sorted(found, key=lambda each: each["start"])


_NOBODY: dict[str, Any] = {
    "state": "nobody", "person": "", "user_id": None, "username": "", "email": "", "start": None, "until": None,
    "source": "", "layer": "", "reason": "",
}  # fmt: skip


def _of(schedule: Schedule) -> dict[str, Any]:
    team = schedule.team.name if schedule.team else ""
    return {
        "schedule": schedule.name, "schedule_id": schedule.pk, "slug": schedule.slug, "team": team,
        "time_zone": schedule.time_zone,
    }  # fmt: skip


def _row(schedule: Schedule, shift: ShiftView) -> dict[str, Any]:
    user = shift.user
    return {
        **_of(schedule), "state": "on call", "person": str(user), "user_id": user.pk, "username": user.username,
        "email": user.email, "start": shift.start, "until": shift.end, "source": shift.source, "layer": shift.layer,
        "reason": shift.reason,
    }  # fmt: skip


def _nobody(line: NowOnCall) -> dict[str, Any]:
    return {**_of(line.schedule), **_NOBODY, "until": line.until}


def _known(slug: str, found: list[dict[str, Any]]) -> None:
    # Every schedule has a row, so none means that there is no such schedule: an empty answer would say nobody is late.
    if slug and not found:
        queries.no_schedule()


def _moment(text: str, name: str) -> datetime:
    moment: datetime | None
    try:
        moment = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None or moment.tzinfo is None or not 1990 <= moment.year <= 2200:
        message = _("Write a time with a zone, from 1990 to 2200, such as 2026-03-01T09:00:00+01:00.")
        raise ScheduleInvalid(message, fields={name: [message]})
    return moment
