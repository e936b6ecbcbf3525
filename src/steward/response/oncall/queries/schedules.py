"""Who is on call, when, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
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
    return _one(with_members(schedules(actor)).filter(pk=schedule_id))


def schedule_by_slug(actor: Actor, slug: str) -> Schedule:
    """One schedule; ScheduleNotFound otherwise."""
    return _one(schedules(actor).filter(slug=slug))


class Roster:
    """One schedule with its members and the overrides around a range, to be asked without further queries."""

    def __init__(self, schedule: Schedule) -> None:
        """``schedule`` must come from :func:`rosters`, which loads what is needed."""
        self.schedule = schedule
        self.members = [each.user for each in schedule.rotation_members.all()]
        self._overrides = list(schedule.overrides.all())
        self._people: dict[int, User] = {user.pk: user for user in self.members}
        self._people.update({each.user_id: each.user for each in self._overrides})
        self._layers = [layer_of(schedule, [user.pk for user in self.members])]
        self._made = [rotation.Override(each.start_at, each.end_at, each.user_id) for each in self._overrides]

    def at(self, moment: datetime) -> ShiftView | None:
        """The whole shift that holds the moment."""
        found = rotation.at(self._layers, self._made, moment)
        return self._view(found[0]) if found else None

    def between(self, start: datetime, end: datetime) -> list[ShiftView]:
        """The shifts of a range, cut to it."""
        if end <= start:
            return []
        return [self._view(shift) for shift in rotation.resolve(self._layers, self._made, start, end)]

    def gaps(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """When nobody is on call in the range."""
        return _gaps(self.between(start, end), start, end)

    def first_after(self, moment: datetime) -> ShiftView | None:
        """The first shift that begins at or after the moment, within the loaded range."""
        found = self.between(moment, moment + AROUND / 2)
        return next((each for each in found if each.start >= moment), None)

    def overrides_after(self, moment: datetime) -> list[Override]:
        """The overrides that have not ended by then, the next one first."""
        found = [each for each in self._overrides if each.end_at > moment]
        return sorted(found, key=lambda each: (each.start_at, each.pk))

    def _view(self, shift: rotation.Shift) -> ShiftView:
        user_id, reason = int(shift.member), ""
        if shift.source == "override":
            # The last one made that covers the shift is the one that made it.
            for each in self._overrides:
                if each.user_id == user_id and each.start_at <= shift.start and each.end_at > shift.start:
                    reason = each.reason
        schedule = self.schedule
        return ShiftView(
            schedule.pk, schedule.name, self._people[user_id], shift.start, shift.end, shift.source, reason
        )


def rosters(found: QuerySet[Schedule], start: datetime, end: datetime) -> list[Roster]:
    """The schedules with members and the overrides of the range: three queries, however many there are."""
    overrides = Override.objects.filter(start_at__lt=end, end_at__gt=start).select_related("user").order_by("id")
    return [Roster(each) for each in found.prefetch_related(_members(), Prefetch("overrides", overrides))]


def rosters_around(schedule_ids: Iterable[int], now: datetime, ahead: timedelta = AROUND) -> dict[int, Roster]:
    """The named schedules, ready to be asked about times around now."""
    found = Schedule.objects.filter(pk__in=list(schedule_ids))
    return {each.schedule.pk: each for each in rosters(found, now - AROUND, now + ahead)}


def who(schedule_id: int, at: datetime) -> ShiftView | None:
    """The whole shift that holds ``at``; None when nobody is on call then (or there is no such schedule)."""
    roster = rosters_around([schedule_id], at).get(schedule_id)
    return roster.at(at) if roster else None


def shifts(schedule_id: int, start: datetime, end: datetime) -> list[ShiftView]:
    """Who is on call from ``start`` until ``end``, in order, cut to that range; gaps are absent."""
    found = rosters(Schedule.objects.filter(pk=schedule_id), start, end)
    return found[0].between(start, end) if found else []


def gaps(schedule_id: int, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When nobody is on call between ``start`` and ``end``."""
    return _gaps(shifts(schedule_id, start, end), start, end)


def on_call_now(actor: Actor, now: datetime) -> list[tuple[Schedule, User | None, datetime | None]]:
    """Every schedule with who is on call and until when; (schedule, None, when somebody is again) for a gap."""
    found: list[tuple[Schedule, User | None, datetime | None]] = []
    for roster in rosters(schedules(actor), now - AROUND, now + AROUND):
        shift = roster.at(now)
        if shift is not None:
            found.append((roster.schedule, shift.user, shift.end))
        else:
            following = roster.first_after(now)
            found.append((roster.schedule, None, following.start if following else None))
    return found


def board(actor: Actor, now: datetime, *, ahead: timedelta = timedelta(weeks=4)) -> list[NowOnCall]:
    """Every schedule with the present shift, the following one, and the gaps ahead."""
    return overview(actor, now, ahead=ahead)[0]


def overview(actor: Actor, now: datetime, *, ahead: timedelta = timedelta(weeks=4)) -> tuple[list[NowOnCall], Duty]:
    """The board, and the actor's own duty in the schedules on it."""
    found = rosters(schedules(actor), now - AROUND, now + AROUND)
    lines = []
    for roster in found:
        shift = roster.at(now)
        following = roster.first_after(shift.end if shift else now)
        lines.append(NowOnCall(roster.schedule, shift, following, tuple(roster.gaps(now, now + ahead))))
    return lines, _duty(found, actor.user_id, now)


def duty_of(user_id: int, now: datetime) -> Duty:
    """When this person is on call: now, and next."""
    mine = Schedule.objects.filter(
        Q(rotation_members__user_id=user_id) | Q(overrides__user_id=user_id, overrides__end_at__gt=now)
    ).distinct()
    return _duty(rosters(mine, now - AROUND, now + AROUND), user_id, now)


def layer_of(schedule: Schedule, user_ids: Sequence[int]) -> rotation.Layer:
    """The schedule's rotation in the terms of the algorithm: people taking turns one by one."""
    return rotation.Layer(
        zone=schedule.time_zone,
        start=schedule.start,
        turns=tuple((user_id,) for user_id in user_ids),
        unit="week",
        length=schedule.weeks,
        handover_time=schedule.handover_time,
        handover_weekday=schedule.handover_weekday,
    )


def _one(found: QuerySet[Schedule]) -> Schedule:
    schedule = found.first()
    if schedule is None:
        raise ScheduleNotFound(_("There is no such schedule, or you may not see it."))
    return schedule


def _members() -> Prefetch[str]:
    return Prefetch("rotation_members", RotationMember.objects.select_related("user").order_by("position"))


def _duty(found: Sequence[Roster], user_id: int | None, now: datetime) -> Duty:
    present: list[ShiftView] = []
    coming: list[ShiftView] = []
    for roster in found:
        shift = roster.at(now)
        if shift is not None and shift.user.pk == user_id:
            present.append(shift)
        later = (each for each in roster.between(now, now + AROUND) if each.user.pk == user_id and each.start > now)
        coming.extend(islice(later, 1))
    return Duty(
        tuple(sorted(present, key=lambda each: each.end)),
        min(coming, key=lambda each: each.start, default=None),
    )


def _gaps(found: Sequence[ShiftView], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    covered, holes = start, []
    for each in found:
        if each.start > covered:
            holes.append((covered, each.start))
        covered = max(covered, each.end)
    if covered < end:
        holes.append((covered, end))
    return holes
