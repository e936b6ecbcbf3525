"""API of schedules and escalation policies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from pydantic import BeforeValidator

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.oncall import actions, queries, rules
from steward.response.oncall.errors import ScheduleInvalid
from steward.response.oncall.models import EscalationPolicy, Override, Schedule
from steward.response.oncall.queries import ShiftView
from steward.response.oncall.queries.policies import plan_of, with_steps

schedules = Router(tags=["schedules"])
policies = Router(tags=["policies"])
ROUTERS = {"/schedules": schedules, "/policies": policies}
LONGEST_RANGE = timedelta(days=366)
# What the database's key type can hold.
MAX_ID = 2**63 - 1


class OnCallPerson(Schema):
    id: int
    name: str


class ShiftOut(Schema):
    """From ``start`` until just before ``end``, this person is on call."""

    user: OnCallPerson
    start: datetime
    end: datetime
    source: Literal["rotation", "override"]
    reason: str


class GapOut(Schema):
    start: datetime
    end: datetime


class ShiftsOut(Schema):
    shifts: list[ShiftOut]
    gaps: list[GapOut]


class BoardLine(Schema):
    """One schedule with who is on call, who follows, and when nobody is in the next four weeks."""

    schedule_id: int
    schedule: str
    shift: ShiftOut | None
    following: ShiftOut | None
    gaps: list[GapOut]


class BoardOut(Schema):
    at: datetime
    schedules: list[BoardLine]


class WhoOut(Schema):
    at: datetime
    shift: ShiftOut | None


class ScheduleIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    time_zone: str = Field(max_length=64, examples=["Europe/Berlin"])
    start: date
    handover_weekday: int = Field(0, ge=0, le=6, description="Monday is 0.")
    handover_time: time = time(9)
    weeks: int = Field(1, ge=1, le=52)
    team_id: int | None = Field(None, ge=1, le=MAX_ID)
    members: list[int] = Field(max_length=100, description="Keys of people, in the order of their turns.")


class ScheduleOut(Schema):
    id: int
    slug: str
    name: str
    team_id: int | None
    time_zone: str
    start: date
    handover_weekday: int
    handover_time: Annotated[str, BeforeValidator(str)] = Field(
        examples=["09:00:00"]
    )  # local time, so no RFC 3339 offset
    weeks: int
    members: list[OnCallPerson]


class SchedulePage(Schema):
    items: list[ScheduleOut]
    next: str | None


class OverrideIn(Schema):
    user_id: int = Field(ge=1, le=MAX_ID)
    start_at: datetime
    end_at: datetime
    reason: str = Field("", max_length=200)


class OverrideOut(Schema):
    id: int
    user: OnCallPerson
    start_at: datetime
    end_at: datetime
    reason: str


class OverridePage(Schema):
    items: list[OverrideOut]
    next: str | None


class StepIn(Schema):
    """One step: whom to notify by ``id``, or how many ``minutes`` to wait."""

    kind: Literal["notify_schedule", "notify_user", "notify_team", "wait"]
    id: int | None = Field(None, ge=1, le=MAX_ID)
    minutes: int | None = Field(None, ge=1, le=rules.LONGEST_WAIT)


class PolicyStepOut(Schema):
    kind: str
    id: int | None
    label: str
    minutes: int | None


class PolicyIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    team_id: int | None = Field(None, ge=1, le=MAX_ID)
    repeat: int = Field(2, ge=0, le=rules.MOST_REPEATS)
    steps: list[StepIn] = Field(max_length=rules.MOST_STEPS)


class PolicyOut(Schema):
    id: int
    slug: str
    name: str
    team_id: int | None
    repeat: int
    version: int
    steps: list[PolicyStepOut]


class PolicyPage(Schema):
    items: list[PolicyOut]
    next: str | None


class ReachedOut(Schema):
    user_id: int
    name: str
    why: str


class PreviewOut(Schema):
    """A step as it would go if the policy started now; ``after_seconds`` from the start."""

    number: int
    kind: str
    label: str
    minutes: int
    after_seconds: int
    people: list[ReachedOut]
    problems: list[str]
    skipped: bool


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _shift(view: ShiftView) -> dict[str, Any]:
    return {
        "user": {"id": view.user.pk, "name": str(view.user)}, "start": view.start, "end": view.end,
        "source": view.source, "reason": view.reason,
    }  # fmt: skip


def _line(line: queries.NowOnCall) -> dict[str, Any]:
    return {
        "schedule_id": line.schedule.pk, "schedule": line.schedule.name,
        "shift": _shift(line.shift) if line.shift else None,
        "following": _shift(line.following) if line.following else None,
        "gaps": [{"start": start, "end": end} for start, end in line.gaps],
    }  # fmt: skip


def _schedule(schedule: Schedule) -> dict[str, Any]:
    names = ("id", "slug", "name", "team_id", "time_zone", "start", "handover_weekday", "handover_time", "weeks")
    members = [{"id": each.user_id, "name": str(each.user)} for each in schedule.rotation_members.all()]
    return {**{name: getattr(schedule, name) for name in names}, "members": members}


def _override(override: Override) -> dict[str, Any]:
    return {
        "id": override.pk, "user": {"id": override.user_id, "name": str(override.user)}, "start_at": override.start_at,
        "end_at": override.end_at, "reason": override.reason,
    }  # fmt: skip


def _policy(policy: EscalationPolicy) -> dict[str, Any]:
    steps = [
        {"kind": s.kind, "id": s.target_id, "label": s.label, "minutes": s.wait_minutes or None}
        for s in plan_of(policy).steps
    ]
    names = ("id", "slug", "name", "team_id", "repeat", "version")
    return {**{name: getattr(policy, name) for name in names}, "steps": steps}


@schedules.get("", response=SchedulePage, summary="List schedules")
def list_schedules(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("oncall.view")
    return page_of(queries.with_members(queries.schedules(actor)), query, ("name", "id"), _schedule)


@schedules.post("", response={201: ScheduleOut}, summary="Create a schedule")
def create_schedule(request: HttpRequest, payload: ScheduleIn) -> Status[dict[str, Any]]:
    made = actions.create_schedule(
        actor=_actor(request), now=clock.now(), member_ids=payload.members, **payload.dict(exclude={"members"})
    )
    return Status(201, _schedule(queries.schedule_by_id(_actor(request), made.pk)))


@schedules.get("/on-call", response=BoardOut, summary="Who is on call in every schedule at a time (default: now)")
def on_call(request: HttpRequest, at: datetime | None = None) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("oncall.view")
    moment = _instant(at or clock.now(), "at")
    return {"at": moment, "schedules": [_line(each) for each in queries.board(actor, moment)]}


@schedules.get("/{int:schedule_id}", response=ScheduleOut, summary="One schedule")
def get_schedule(request: HttpRequest, schedule_id: int) -> dict[str, Any]:
    _actor(request).require("oncall.view")
    return _schedule(queries.schedule_by_id(_actor(request), schedule_id))


@schedules.put("/{int:schedule_id}", response=ScheduleOut, summary="Change a schedule")
def update_schedule(request: HttpRequest, schedule_id: int, payload: ScheduleIn) -> dict[str, Any]:
    actions.update_schedule(
        actor=_actor(request), now=clock.now(), schedule_id=schedule_id, member_ids=payload.members,
        **payload.dict(exclude={"members"}),
    )  # fmt: skip
    return _schedule(queries.schedule_by_id(_actor(request), schedule_id))


@schedules.delete("/{int:schedule_id}", response={204: None}, summary="Delete a schedule that no policy uses")
def delete_schedule(request: HttpRequest, schedule_id: int) -> Status[None]:
    actions.delete_schedule(actor=_actor(request), now=clock.now(), schedule_id=schedule_id)
    return Status(204, None)


@schedules.get("/{int:schedule_id}/who", response=WhoOut, summary="Who is on call at a time (default: now)")
def who(request: HttpRequest, schedule_id: int, at: datetime | None = None) -> dict[str, Any]:
    _actor(request).require("oncall.view")
    queries.schedule_by_id(_actor(request), schedule_id)
    moment = _instant(at or clock.now(), "at")
    found = queries.who(schedule_id, moment)
    return {"at": moment, "shift": _shift(found) if found else None}


@schedules.get("/{int:schedule_id}/shifts", response=ShiftsOut, summary="Shifts and gaps of a range")
def shifts(request: HttpRequest, schedule_id: int, start: datetime, end: datetime) -> dict[str, Any]:
    _actor(request).require("oncall.view")
    queries.schedule_by_id(_actor(request), schedule_id)
    start, end = _instant(start, "start"), _instant(end, "end")
    if not start < end <= start + LONGEST_RANGE:
        message = _("The range must end after it starts and be at most a year long.")
        raise ScheduleInvalid(message, fields={"end": [message]})
    found = queries.shifts(schedule_id, start, end)
    holes = queries.gaps(schedule_id, start, end)
    return {"shifts": [_shift(each) for each in found], "gaps": [{"start": a, "end": b} for a, b in holes]}


@schedules.get("/{int:schedule_id}/overrides", response=OverridePage, summary="Overrides of a schedule")
def list_overrides(request: HttpRequest, schedule_id: int, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("oncall.view")
    schedule = queries.schedule_by_id(_actor(request), schedule_id)
    return page_of(schedule.overrides.select_related("user"), query, ("-start_at", "-id"), _override)


@schedules.post("/{int:schedule_id}/overrides", response={201: OverrideOut}, summary="Have somebody take over")
def add_override(request: HttpRequest, schedule_id: int, payload: OverrideIn) -> Status[dict[str, Any]]:
    made = actions.add_override(actor=_actor(request), now=clock.now(), schedule_id=schedule_id, **payload.dict())
    return Status(201, _override(made))


@schedules.delete("/overrides/{int:override_id}", response={204: None}, summary="Remove an override")
def remove_override(request: HttpRequest, override_id: int) -> Status[None]:
    actions.remove_override(actor=_actor(request), now=clock.now(), override_id=override_id)
    return Status(204, None)


@policies.get("", response=PolicyPage, summary="List escalation policies")
def list_policies(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("oncall.view")
    return page_of(with_steps(queries.policies(actor)), query, ("name", "id"), _policy)


@policies.post("", response={201: PolicyOut}, summary="Create an escalation policy")
def create_policy(request: HttpRequest, payload: PolicyIn) -> Status[dict[str, Any]]:
    made = actions.create_policy(
        actor=_actor(request), now=clock.now(), steps=_steps(payload.steps), **payload.dict(exclude={"steps"})
    )
    return Status(201, _policy(queries.policy_by_id(_actor(request), made.pk)))


@policies.get("/{int:policy_id}", response=PolicyOut, summary="One escalation policy")
def get_policy(request: HttpRequest, policy_id: int) -> dict[str, Any]:
    _actor(request).require("oncall.view")
    return _policy(queries.policy_by_id(_actor(request), policy_id))


@policies.put("/{int:policy_id}", response=PolicyOut, summary="Change an escalation policy")
def update_policy(request: HttpRequest, policy_id: int, payload: PolicyIn) -> dict[str, Any]:
    actions.update_policy(
        actor=_actor(request), now=clock.now(), policy_id=policy_id, steps=_steps(payload.steps),
        **payload.dict(exclude={"steps"}),
    )  # fmt: skip
    return _policy(queries.policy_by_id(_actor(request), policy_id))


@policies.delete("/{int:policy_id}", response={204: None}, summary="Delete a policy that no route uses")
def delete_policy(request: HttpRequest, policy_id: int) -> Status[None]:
    actions.delete_policy(actor=_actor(request), now=clock.now(), policy_id=policy_id)
    return Status(204, None)


@policies.get("/{int:policy_id}/preview", response=list[PreviewOut], summary="Whom the policy would page now")
def preview_policy(request: HttpRequest, policy_id: int) -> list[dict[str, Any]]:
    _actor(request).require("oncall.view")
    queries.policy_by_id(_actor(request), policy_id)
    return [
        {
            "number": step.number, "kind": step.kind, "label": step.label, "minutes": step.wait_minutes,
            "after_seconds": int(step.after.total_seconds()), "problems": list(step.problems), "skipped": step.skipped,
            "people": [{"user_id": p.user_id, "name": p.label, "why": p.why} for p in step.people],
        }
        for step in queries.who_would_be_paged(policy_id, clock.now())
    ]  # fmt: skip


def _steps(given: Sequence[StepIn]) -> list[actions.StepInput]:
    return [actions.StepInput(step.kind, step.id, wait_minutes=step.minutes or 0) for step in given]


def _instant(moment: datetime, name: str) -> datetime:
    """A time that the calendar can work with: with a zone, and not at the ends of what can be written down."""
    if moment.tzinfo is None or not 1990 <= moment.year <= 2200:
        message = _("Write a time with a zone, from 1990 to 2200, such as 2026-03-01T09:00:00+01:00.")
        raise ScheduleInvalid(message, fields={name: [message]})
    return moment
