"""Who is on call, when, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.foundation.actors import Actor
from steward.response.oncall.errors import ScheduleNotFound
from steward.response.oncall.models import Override, RotationMember, Schedule

if TYPE_CHECKING:
    from steward.people.accounts.models import User

# Overrides further away than this cannot change who is on call now, nor anything one reads about it.
AROUND = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One person's time on call; ``source`` is rotation or override, ``reason`` what the override says."""

    schedule_id: int
    schedule: str
    user: User
    start: datetime
    end: datetime
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NowOnCall:
    """One line of the board: the present shift, what follows it, and the gaps of the next four weeks."""

    schedule: Schedule
    shift: ShiftView | None
    following: ShiftView | None
    gaps: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """A person's own times: on call now, and the next shift that begins later."""

    now: tuple[ShiftView, ...]
    upcoming: ShiftView | None


def schedules(actor: Actor) -> QuerySet[Schedule]:
    """The schedules this actor may see."""
    return Schedule.objects.visible_to(actor).select_related("team")


def with_members(found: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """The same schedules with their members loaded in the order of turns."""
    return found.prefetch_related(_members())


def schedule_by_id(actor: Actor, schedule_id: int) -> Schedule:
    """One schedule with its members; ScheduleNotFound otherwise."""
    return _one(schedules(actor).filter(pk=schedule_id))


def schedule_by_slug(actor: Actor, slug: str) -> Schedule:
    """One schedule with its members; ScheduleNotFound otherwise."""
    return _one(schedules(actor).filter(slug=slug))


def who(schedule_id: int, at: datetime) -> ShiftView | None:
    """The whole shift that holds ``at``; None when nobody is on call then (or there is no such schedule)."""
    for schedule in _loaded(Schedule.objects.filter(pk=schedule_id), at - AROUND, at + AROUND):
        return _at(schedule, at)
    return None


def shifts(schedule_id: int, start: datetime, end: datetime) -> list[ShiftView]:
    """Who is on call from ``start`` until ``end``, in order, cut to that range; gaps are absent."""
    for schedule in _loaded(Schedule.objects.filter(pk=schedule_id), start, end):
        return _between(schedule, start, end)
    return []


def gaps(schedule_id: int, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When nobody is on call between ``start`` and ``end``."""
    return _gaps(shifts(schedule_id, start, end), start, end)


def on_call_now(actor: Actor, now: datetime) -> list[tuple[Schedule, User | None, datetime | None]]:
    """Every schedule with who is on call and until when; (schedule, None, when somebody is again) for a gap."""
    found: list[tuple[Schedule, User | None, datetime | None]] = []
    for schedule in _loaded(schedules(actor), now - AROUND, now + AROUND):
        shift = _at(schedule, now)
        if shift is not None:
            found.append((schedule, shift.user, shift.end))
        else:
            following = _first_after(schedule, now)
            found.append((schedule, None, following.start if following else None))
    return found


def board(actor: Actor, now: datetime, *, ahead: timedelta = timedelta(weeks=4)) -> list[NowOnCall]:
    """Every schedule with the present shift, the following one, and the gaps ahead."""
    found = []
    for schedule in _loaded(schedules(actor), now - AROUND, now + AROUND):
        shift = _at(schedule, now)
        following = _first_after(schedule, shift.end if shift else now)
        coming = _gaps(_between(schedule, now, now + ahead), now, now + ahead)
        found.append(NowOnCall(schedule, shift, following, tuple(coming)))
    return found


def duty_of(user_id: int, now: datetime) -> Duty:
    """When this person is on call: now, and next."""
    mine = Schedule.objects.filter(
        Q(rotation_members__user_id=user_id) | Q(overrides__user_id=user_id, overrides__end_at__gt=now)
    ).distinct()
    present: list[ShiftView] = []
    coming: list[ShiftView] = []
    for schedule in _loaded(mine, now - AROUND, now + AROUND):
        shift = _at(schedule, now)
        if shift is not None and shift.user.pk == user_id:
            present.append(shift)
        later = [each for each in _between(schedule, now, now + AROUND) if each.user.pk == user_id and each.start > now]
        coming.extend(later[:1])
    return Duty(
        tuple(sorted(present, key=lambda each: each.end)),
        min(coming, key=lambda each: each.start, default=None),
    )


def turn_of(schedule: Schedule, user_ids: Sequence[int]) -> rotation.WeeklyRotation:
    """The schedule's rotation in the terms of the algorithm."""
    return rotation.WeeklyRotation(
        zone=schedule.time_zone,
        start=schedule.start,
        handover_weekday=schedule.handover_weekday,
        handover_time=schedule.handover_time,
        members=tuple(user_ids),
        weeks=schedule.weeks,
    )


def _one(found: QuerySet[Schedule]) -> Schedule:
    schedule = with_members(found).first()
    if schedule is None:
        raise ScheduleNotFound(_("There is no such schedule, or you may not see it."))
    return schedule


def _members() -> Prefetch[str]:
    return Prefetch("rotation_members", RotationMember.objects.select_related("user").order_by("position"))


def _loaded(found: QuerySet[Schedule], start: datetime, end: datetime) -> Iterable[Schedule]:
    """The schedules with members and the overrides of the range: three queries, however many there are."""
    overrides = Override.objects.filter(start_at__lt=end, end_at__gt=start).select_related("user").order_by("id")
    return found.prefetch_related(_members(), Prefetch("overrides", overrides))


def _parts(schedule: Schedule) -> tuple[rotation.WeeklyRotation, list[rotation.Override], dict[int, User]]:
    members = list(schedule.rotation_members.all())
    overrides = list(schedule.overrides.all())
    people: dict[int, User] = {each.user_id: each.user for each in members}
    people.update({each.user_id: each.user for each in overrides})
    made = [rotation.Override(each.start_at, each.end_at, each.user_id) for each in overrides]
    return turn_of(schedule, [each.user_id for each in members]), made, people


def _at(schedule: Schedule, at: datetime) -> ShiftView | None:
    turns, overrides, people = _parts(schedule)
    shift = rotation.at(turns, overrides, at)
    return _view(schedule, shift, people) if shift else None


def _between(schedule: Schedule, start: datetime, end: datetime) -> list[ShiftView]:
    if end <= start:
        return []
    turns, overrides, people = _parts(schedule)
    return [_view(schedule, shift, people) for shift in rotation.resolve(turns, overrides, start, end)]


def _first_after(schedule: Schedule, at: datetime) -> ShiftView | None:
    """The first shift that begins at or after ``at``, within the loaded range."""
    found = _between(schedule, at, at + AROUND / 2)
    return next((each for each in found if each.start >= at), None)


def _view(schedule: Schedule, shift: rotation.Shift, people: dict[int, User]) -> ShiftView:
    user_id = int(shift.member)
    reason = ""
    if shift.source == "override":
        # The last one made that covers the shift is the one that made it.
        for each in schedule.overrides.all():
            if each.user_id == user_id and each.start_at <= shift.start and each.end_at > shift.start:
                reason = each.reason
    return ShiftView(schedule.pk, schedule.name, people[user_id], shift.start, shift.end, shift.source, reason)


def _gaps(found: Sequence[ShiftView], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    covered, holes = start, []
    for each in found:
        if each.start > covered:
            holes.append((covered, each.start))
        covered = max(covered, each.end)
    if covered < end:
        holes.append((covered, end))
    return holes
