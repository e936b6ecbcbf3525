"""API of schedules, their layers and overrides, and of who is on call."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from pydantic import BeforeValidator

from steward.algorithms import rotation
from steward.foundation import clock
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.oncall import actions, queries
from steward.response.oncall.api.common import MAX_ID, OnCallPerson, actor_of
from steward.response.oncall.errors import LayerInvalid, ScheduleInvalid
from steward.response.oncall.models import Layer, Override, Schedule, Swap
from steward.response.oncall.queries import ShiftView
from steward.response.oncall.queries.layers import windows_of

schedules = Router(tags=["schedules"])
LONGEST_RANGE = timedelta(days=366)
# A local time has no offset, so it is no RFC 3339 time.
LocalTime = Annotated[str, BeforeValidator(str)]
Key = Annotated[int, Field(ge=1, le=MAX_ID)]


class ShiftOut(Schema):
    """From ``start`` until just before ``end``, this person is on call; perhaps together with others."""

    user: OnCallPerson
    start: datetime
    end: datetime
    source: Literal["rotation", "override"]
    layer: str = Field(description="The name of the layer; empty for an override.")
    reason: str


class GapOut(Schema):
    start: datetime
    end: datetime


class ShiftsOut(Schema):
    shifts: list[ShiftOut]
    gaps: list[GapOut]


class BoardLine(Schema):
    """One schedule with who is on call, who begins next, and when nobody is in the next four weeks."""

    schedule_id: int
    schedule: str
    shifts: list[ShiftOut]
    following: ShiftOut | None
    gaps: list[GapOut]


class BoardOut(Schema):
    at: datetime
    schedules: list[BoardLine]


class WhoOut(Schema):
    at: datetime
    shifts: list[ShiftOut] = Field(description="The whole shifts that hold the time; empty when nobody is on call.")


class HoursIn(Schema):
    """Hours of the week. From 00:00 to 00:00 is the whole day; an end that is not later is on the next day."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7, description="Monday is 0.")
    start: time = time(0)
    end: time = time(0)


class LayerIn(Schema):
    """People taking turns. A layer of a higher priority covers those below it; equal ones are on call together."""

    id: int | None = Field(None, ge=1, le=MAX_ID, description="The layer that this changes; none for a new one.")
    name: str = Field("", max_length=80)
    priority: int = Field(0, ge=0, le=99)
    time_zone: str = Field("", max_length=64, description="Empty: the schedule's.")
    unit: Literal["hour", "day", "week", "month"] = "week"
    length: int = Field(1, ge=1, le=366 * 24, description="How many units a turn lasts, at most about a year.")
    start: date = Field(description="The first turn is the one that this day falls into.")
    handover_weekday: int = Field(0, ge=0, le=6, description="For turns of weeks. Monday is 0.")
    handover_time: time = time(9)
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    windows: list[HoursIn] = Field([], max_length=20, description="On call only within these hours; empty: always.")
    own_zones: bool = Field(False, description="The hours are in each person's own time zone (follow the sun).")
    turns: list[Annotated[list[Key], Field(min_length=1, max_length=100)]] = Field(
        max_length=100, description="Keys of the people of each turn, in order."
    )


class HoursOut(Schema):
    days: list[int]
    start: LocalTime
    end: LocalTime


class LayerOut(Schema):
    id: int
    name: str
    priority: int
    time_zone: str
    unit: str
    length: int
    start: date
    handover_weekday: int
    handover_time: LocalTime = Field(examples=["09:00:00"])
    begins_at: datetime | None
    ends_at: datetime | None
    windows: list[HoursOut]
    own_zones: bool
    turns: list[list[OnCallPerson]]


class ScheduleIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    time_zone: str = Field(max_length=64, examples=["Europe/Berlin"])
    team_id: int | None = Field(None, ge=1, le=MAX_ID)
    layers: list[LayerIn] = Field(max_length=20)


class ScheduleOut(Schema):
    id: int
    slug: str
    name: str
    team_id: int | None
    time_zone: str
    layers: list[LayerOut]


class SchedulePage(Schema):
    items: list[ScheduleOut]
    next: str | None


class OverrideIn(Schema):
    user_id: Key
    replaces_id: Key | None = Field(None, description="Only in this person's place, whenever they would be on call.")
    start_at: datetime
    end_at: datetime
    reason: str = Field("", max_length=200)


class ReplaceIn(Schema):
    """``by_id`` stands in for ``user_id`` in every schedule."""

    user_id: Key
    by_id: Key
    start_at: datetime
    end_at: datetime
    reason: str = Field("", max_length=200)


class OverrideOut(Schema):
    id: int
    schedule_id: int
    user: OnCallPerson
    replaces: OnCallPerson | None
    start_at: datetime
    end_at: datetime
    reason: str


class OverridePage(Schema):
    items: list[OverrideOut]
    next: str | None


class SwapIn(Schema):
    """Ask for cover. A key asks for somebody (``user_id``) and needs oncall.manage."""

    user_id: Key
    start_at: datetime
    end_at: datetime
    offered_to_id: Key | None = Field(None, description="Who is asked; none: anybody may take it.")
    note: str = Field("", max_length=200)


class TakeIn(Schema):
    user_id: Key = Field(description="Who takes the shift.")


class SwapOut(Schema):
    id: int
    schedule_id: int
    state: Literal["open", "taken", "declined", "withdrawn", "past_due"]
    asker: OnCallPerson
    offered_to: OnCallPerson | None
    taken_by: OnCallPerson | None
    override_id: int | None
    start_at: datetime
    end_at: datetime
    note: str
    created_at: datetime


class SwapPage(Schema):
    items: list[SwapOut]
    next: str | None


class SwapQuery(KeysetQuery):
    state: Literal["", "open", "taken", "declined", "withdrawn", "past_due"] = ""
    schedule_id: int | None = Field(None, ge=1, le=MAX_ID)


class NeedOut(Schema):
    """From ``start`` until ``end`` this person is on call and away."""

    schedule_id: int
    schedule: str
    user: OnCallPerson
    start: datetime
    end: datetime
    kind: Literal["leave", "holiday"]
    name: str = Field(description="The public holiday; empty for leave.")
    swap_id: int | None = Field(description="Cover is asked for already.")


def _shift(view: ShiftView) -> dict[str, Any]:
    same = {name: getattr(view, name) for name in ("start", "end", "source", "layer", "reason")}
    return {"user": _person(view.user), **same}


def _person(user: Any) -> dict[str, Any]:
    return {"id": user.pk, "name": str(user)}


def _line(line: queries.NowOnCall) -> dict[str, Any]:
    return {
        "schedule_id": line.schedule.pk, "schedule": line.schedule.name,
        "shifts": [_shift(each) for each in line.shifts],
        "following": _shift(line.following) if line.following else None,
        "gaps": [{"start": start, "end": end} for start, end in line.gaps],
    }  # fmt: skip


def _layer(layer: Layer) -> dict[str, Any]:
    names = (
        "id", "name", "priority", "time_zone", "unit", "length", "start", "handover_weekday", "handover_time",
        "begins_at", "ends_at", "own_zones",
    )  # fmt: skip
    windows = [{"days": sorted(w.days), "start": w.start, "end": w.end} for w in windows_of(layer.windows)]
    turns: dict[int, list[dict[str, Any]]] = {}
    for each in layer.members.all():
        turns.setdefault(each.turn, []).append(_person(each.user))
    return {**{name: getattr(layer, name) for name in names}, "windows": windows, "turns": list(turns.values())}


def _schedule(schedule: Schedule) -> dict[str, Any]:
    names = ("id", "slug", "name", "team_id", "time_zone")
    return {
        **{name: getattr(schedule, name) for name in names}, "layers": [_layer(each) for each in schedule.layers.all()]
    }  # fmt: skip


def _override(override: Override) -> dict[str, Any]:
    return {
        "id": override.pk, "schedule_id": override.schedule_id, "user": _person(override.user),
        "replaces": _person(override.replaces) if override.replaces else None, "start_at": override.start_at,
        "end_at": override.end_at, "reason": override.reason,
    }  # fmt: skip


@schedules.get("", response=SchedulePage, summary="List schedules")
def list_schedules(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.view")
    return page_of(queries.with_members(queries.schedules(actor)), query, ("name", "id"), _schedule)


@schedules.post("", response={201: ScheduleOut}, summary="Create a schedule")
def create_schedule(request: HttpRequest, payload: ScheduleIn) -> Status[dict[str, Any]]:
    made = actions.create_schedule(
        actor=actor_of(request), now=clock.now(), layers=_layers(payload), **payload.dict(exclude={"layers"})
    )
    return Status(201, _schedule(queries.schedule_by_id(actor_of(request), made.pk)))


@schedules.get("/on-call", response=BoardOut, summary="Who is on call in every schedule at a time (default: now)")
def on_call(request: HttpRequest, at: datetime | None = None) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.view")
    moment = _instant(at or clock.now(), "at")
    return {"at": moment, "schedules": [_line(each) for each in queries.board(actor, moment)]}


@schedules.get("/{int:schedule_id}", response=ScheduleOut, summary="One schedule")
def get_schedule(request: HttpRequest, schedule_id: int) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    return _schedule(queries.schedule_by_id(actor_of(request), schedule_id))


@schedules.put("/{int:schedule_id}", response=ScheduleOut, summary="Change a schedule")
def update_schedule(request: HttpRequest, schedule_id: int, payload: ScheduleIn) -> dict[str, Any]:
    actions.update_schedule(
        actor=actor_of(request), now=clock.now(), schedule_id=schedule_id, layers=_layers(payload),
        **payload.dict(exclude={"layers"}),
    )  # fmt: skip
    return _schedule(queries.schedule_by_id(actor_of(request), schedule_id))


@schedules.delete("/{int:schedule_id}", response={204: None}, summary="Delete a schedule that no policy uses")
def delete_schedule(request: HttpRequest, schedule_id: int) -> Status[None]:
    actions.delete_schedule(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id)
    return Status(204, None)


@schedules.get("/{int:schedule_id}/who", response=WhoOut, summary="Who is on call at a time (default: now)")
def who(request: HttpRequest, schedule_id: int, at: datetime | None = None) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    moment = _instant(at or clock.now(), "at")
    roster = queries.roster_of(actor_of(request), schedule_id, moment - queries.AROUND, moment + queries.AROUND)
    return {"at": moment, "shifts": [_shift(each) for each in roster.at(moment)]}


@schedules.get("/{int:schedule_id}/shifts", response=ShiftsOut, summary="Shifts and gaps of a range")
def shifts(request: HttpRequest, schedule_id: int, start: datetime, end: datetime) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    start, end = _instant(start, "start"), _instant(end, "end")
    if not start < end <= start + LONGEST_RANGE:
        message = _("The range must end after it starts and be at most a year long.")
        raise ScheduleInvalid(message, fields={"end": [message]})
    roster = queries.roster_of(actor_of(request), schedule_id, start, end)
    return {
        "shifts": [_shift(each) for each in roster.between(start, end)],
        "gaps": [{"start": opens, "end": closes} for opens, closes in roster.gaps(start, end)],
    }


@schedules.get("/{int:schedule_id}/overrides", response=OverridePage, summary="Overrides of a schedule")
def list_overrides(request: HttpRequest, schedule_id: int, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    schedule = queries.schedule_by_id(actor_of(request), schedule_id)
    return page_of(schedule.overrides.select_related("user", "replaces"), query, ("-start_at", "-id"), _override)


@schedules.post("/{int:schedule_id}/overrides", response={201: OverrideOut}, summary="Have somebody take over")
def add_override(request: HttpRequest, schedule_id: int, payload: OverrideIn) -> Status[dict[str, Any]]:
    made = actions.add_override(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id, **payload.dict())
    return Status(201, _override(made))


@schedules.delete("/overrides/{int:override_id}", response={204: None}, summary="Remove an override")
def remove_override(request: HttpRequest, override_id: int) -> Status[None]:
    actions.remove_override(actor=actor_of(request), now=clock.now(), override_id=override_id)
    return Status(204, None)


@schedules.post("/replacements", response={201: list[OverrideOut]}, summary="Stand in for somebody in every schedule")
def replace_everywhere(request: HttpRequest, payload: ReplaceIn) -> Status[list[dict[str, Any]]]:
    made = actions.replace_everywhere(actor=actor_of(request), now=clock.now(), **payload.dict())
    return Status(201, [_override(each) for each in made])


@schedules.get("/cover", response=list[NeedOut], summary="Shifts of the next 30 days whose person is away")
def cover(request: HttpRequest) -> list[dict[str, Any]]:
    actor = actor_of(request)
    actor.require("oncall.view")
    return [
        {
            "schedule_id": need.shift.schedule_id, "schedule": need.shift.schedule, "user": _person(need.shift.user),
            "start": need.start, "end": need.end, "kind": need.absence.kind, "name": need.absence.name,
            "swap_id": need.swap.pk if need.swap else None,
        }
        for need in queries.needs_of(actor, clock.now())
    ]  # fmt: skip


@schedules.get("/swaps", response=SwapPage, summary="List requests for cover")
def list_swaps(request: HttpRequest, query: Query[SwapQuery]) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.view")
    found = queries.swaps(actor)
    if query.state:
        found = found.filter(state=query.state)
    if query.schedule_id is not None:
        found = found.filter(schedule_id=query.schedule_id)
    return page_of(found, query, ("-start_at", "-id"), _swap)


@schedules.post("/{int:schedule_id}/swaps", response={201: SwapOut}, summary="Ask for cover")
def ask_for_cover(request: HttpRequest, schedule_id: int, payload: SwapIn) -> Status[dict[str, Any]]:
    made = actions.ask_for_cover(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id, **payload.dict())
    return Status(201, _swap(made))


@schedules.post("/swaps/{int:swap_id}/take", response=SwapOut, summary="Take somebody's shift")
def take_swap(request: HttpRequest, swap_id: int, payload: TakeIn) -> dict[str, Any]:
    taken = actions.take_swap(actor=actor_of(request), now=clock.now(), swap_id=swap_id, user_id=payload.user_id)
    return _swap(queries.swaps(actor_of(request)).get(pk=taken.pk))


@schedules.post("/swaps/{int:swap_id}/decline", response=SwapOut, summary="Say no for who was asked")
def decline_swap(request: HttpRequest, swap_id: int) -> dict[str, Any]:
    return _swap(actions.decline_swap(actor=actor_of(request), now=clock.now(), swap_id=swap_id))


@schedules.post("/swaps/{int:swap_id}/withdraw", response=SwapOut, summary="Take a request for cover back")
def withdraw_swap(request: HttpRequest, swap_id: int) -> dict[str, Any]:
    return _swap(actions.withdraw_swap(actor=actor_of(request), now=clock.now(), swap_id=swap_id))


def _swap(swap: Swap) -> dict[str, Any]:
    names = ("id", "schedule_id", "state", "override_id", "start_at", "end_at", "note", "created_at")
    people = {name: getattr(swap, name) for name in ("asker", "offered_to", "taken_by")}
    return {
        **{name: getattr(swap, name) for name in names},
        **{name: _person(user) if user else None for name, user in people.items()},
    }


def _layers(payload: ScheduleIn) -> list[actions.LayerInput]:
    return [_input(each, number) for number, each in enumerate(payload.layers)]


def _input(given: LayerIn, number: int) -> actions.LayerInput:
    try:
        windows = tuple(rotation.Window(frozenset(w.days), w.start, w.end) for w in given.windows)
    except rotation.RotationError as error:
        raise LayerInvalid(str(error), fields={f"layers.{number}.windows": [str(error)]}) from error
    if given.handover_time.tzinfo is not None:
        message = _("The handover time is a local time: write 09:00, without a zone.")
        raise LayerInvalid(message, fields={f"layers.{number}.handover_time": [message]})
    return actions.LayerInput(**given.dict(exclude={"windows"}), windows=windows)


def _instant(moment: datetime, name: str) -> datetime:
    """A time that the calendar can work with: with a zone, and not at the ends of what can be written down."""
    if moment.tzinfo is None or not 1990 <= moment.year <= 2200:
        message = _("Write a time with a zone, from 1990 to 2200, such as 2026-03-01T09:00:00+01:00.")
        raise ScheduleInvalid(message, fields={name: [message]})
    return moment
