"""Who is on call, when, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NoReturn

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.foundation.actors import Actor
from steward.response.oncall.errors import ScheduleNotFound
from steward.response.oncall.models import CalendarShift, EscalationPolicy, Layer, Override, PolicyStep, Schedule
from steward.response.oncall.queries.calendars import CalendarState, Entry, entries_of, states_of_calendars
from steward.response.oncall.queries.layers import layer_of, layers_with_members, manned_layers, turns_of

if TYPE_CHECKING:
    from steward.people.accounts.models import User

_SHIFT = ("user", "start_at", "end_at", "priority", "key")
# Overrides further away than this cannot change who is on call now, nor anything one reads about it.
AROUND = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One person's time on call; ``source`` is rotation or override, ``reason`` what the override says, ``layer`` the
    name of the layer. Shifts of one schedule may overlap: several people are on call together then."""

    schedule_id: int
    schedule: str
    slug: str
    user: User
    start: datetime
    end: datetime
    source: str
    reason: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True)
class NowOnCall:
    """One line of the board: the present shifts, the next one to begin, and the gaps of the next four weeks."""

    schedule: Schedule
    shifts: tuple[ShiftView, ...]
    following: ShiftView | None
    gaps: tuple[tuple[datetime, datetime], ...]

    @property
    def people(self) -> tuple[User, ...]:
        return tuple(each.user for each in self.shifts)

    @property
    def until(self) -> datetime | None:
        """When somebody of those on call leaves next; without anybody, when somebody is on call again."""
        if self.shifts:
            return min(each.end for each in self.shifts)
        return self.following.start if self.following else None


@dataclass(frozen=True, slots=True)
class Duty:
    """A person's own times: on call now, and the next shift that begins later."""

    now: tuple[ShiftView, ...]
    upcoming: ShiftView | None


def schedules(actor: Actor) -> QuerySet[Schedule]:
    """The schedules this actor may see."""
    return Schedule.objects.visible_to(actor).select_related("team")


def with_members(found: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """The same schedules with their layers and members loaded in the order of turns."""
    return found.prefetch_related(layers_with_members())


def schedule_by_id(actor: Actor, schedule_id: int) -> Schedule:
    """One schedule with its layers and members; ScheduleNotFound otherwise."""
    return _one(with_members(schedules(actor)).filter(pk=schedule_id))


def schedule_by_slug(actor: Actor, slug: str) -> Schedule:
    """One schedule; ScheduleNotFound otherwise."""
    return _one(schedules(actor).filter(slug=slug))


class Roster:
    """One schedule with its layers and the overrides around a range, to be asked without further queries."""

    def __init__(
        self, schedule: Schedule, layers: Sequence[Layer], overrides: Sequence[Override],
        said: Sequence[CalendarShift] = (), calendars: Sequence[CalendarState] = (),
    ) -> None:  # fmt: skip
        """``layers`` with their members loaded, ``overrides`` in the order in which they were made, and what its calendars
        say; :func:`rosters` loads them."""
        self.schedule = schedule
        self.layers = list(layers)
        self.calendars = list(calendars)
        self.calendar_shifts = list(said)
        # They stand after the layers of turns, in the numbers that the algorithm gives back.
        self.entries: list[Entry] = entries_of(self.calendar_shifts)
        people = [each.user for layer in self.layers for each in layer.members.all()]
        people += [each.user for each in self.calendar_shifts]
        self.members = list({user.pk: user for user in people}.values())
        self.overrides = list(overrides)
        self._people: dict[int, User] = {user.pk: user for user in self.members}
        self._people.update({each.user_id: each.user for each in self.overrides})
        zones = {user.pk: user.time_zone for user in self.members}
        self._layers: list[rotation.Layer | rotation.Listed] = [
            layer_of(layer, schedule, turns_of(layer), zones) for layer in self.layers
        ]
        self._layers += [each.listed for each in self.entries]
        self._made = [
            rotation.Override(each.start_at, each.end_at, each.user_id, each.replaces_id) for each in self.overrides
        ]

    @property
    def people(self) -> frozenset[int]:
        """Everybody who can be on call in the loaded range."""
        return frozenset(self._people)

    def at(self, moment: datetime) -> list[ShiftView]:
        """The whole shifts that hold the moment; several when people are on call together, none in a gap."""
        return [self._view(shift) for shift in rotation.at(self._layers, self._made, moment)]

    def between(self, start: datetime, end: datetime) -> list[ShiftView]:
        """The shifts of a range, cut to it."""
        if end <= start:
            return []
        return [self._view(shift) for shift in rotation.resolve(self._layers, self._made, start, end)]

    def turns(self, start: datetime, end: datetime) -> list[ShiftView]:
        """The shifts of a range as their layers' turns cut them: two turns of one person in a row are two."""
        found = []
        for shift in rotation.resolve(self._layers, self._made, start, end):
            view = self._view(shift)
            edges = (
                rotation.handovers(self._layers[shift.layer], view.start, view.end) if shift.layer is not None else []
            )
            points = [view.start, *edges, view.end]
            found += [replace(view, start=opens, end=closes) for opens, closes in pairwise(points)]
        return sorted(found, key=lambda each: (each.start, each.end))

    def first_shifts(self, start: datetime, end: datetime) -> list[ShiftView]:
        """The first shift of everybody who is on call in a range, in order."""
        found: dict[int, ShiftView] = {}
        for each in self.between(start, end):
            found.setdefault(each.user.pk, each)
        return list(found.values())

    def gaps(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """When nobody is on call in the range."""
        return _gaps(self.between(start, end), start, end)

    def first_after(self, moment: datetime) -> ShiftView | None:
        """The first shift that begins after the moment, within the loaded range."""
        found = self.between(moment, moment + AROUND / 2)
        return next((each for each in found if each.start > moment), None)

    def overrides_after(self, moment: datetime) -> list[Override]:
        """The overrides that have not ended by then, the next one first."""
        found = [each for each in self.overrides if each.end_at > moment]
        return sorted(found, key=lambda each: (each.start_at, each.pk))

    def pieces(self, start: datetime, end: datetime) -> list[rotation.Piece]:
        """The whole pieces that touch the range. Load the roster a year around it."""
        return rotation.pieces(self._layers, self._made, start, end) if end > start else []

    def person(self, user_id: int) -> User:
        """One of :attr:`people`."""
        return self._people[user_id]

    def _layer_name(self, number: int) -> str:
        count = len(self.layers)
        return self.layers[number].name if number < count else self.entries[number - count].name

    def _view(self, shift: rotation.Shift) -> ShiftView:
        user_id = int(shift.member)
        layer = self._layer_name(shift.layer) if shift.layer is not None else ""
        reason = self._reason(shift, user_id) if shift.source == "override" else ""
        schedule, user = self.schedule, self._people[user_id]
        return ShiftView(
            schedule.pk, schedule.name, schedule.slug, user, shift.start, shift.end, shift.source, reason, layer
        )

    def _reason(self, shift: rotation.Shift, user_id: int) -> str:
        """What the override says: the last one made that covers the beginning of the shift made it."""
        covering = [each for each in self.overrides if each.user_id == user_id and _holds(each, shift.start)]
        return covering[-1].reason if covering else ""


def rosters(found: QuerySet[Schedule], start: datetime, end: datetime) -> list[Roster]:
    """The schedules with the layers in which anybody takes turns, and the overrides of the range: three queries,
    however many there are, and one more when any of them takes shifts from calendars."""
    listed = list(found.annotate(calendar_states=states_of_calendars()))
    keys = [each.pk for each in listed]
    layers = manned_layers(keys)
    overrides: dict[int, list[Override]] = {}
    made = Override.objects.filter(schedule__in=keys, start_at__lt=end, end_at__gt=start)
    for each in made.select_related("user", "replaces").order_by("id"):
        overrides.setdefault(each.schedule_id, []).append(each)
    with_calendars = [each.pk for each in listed if each.calendar_states]
    shifts: dict[int, list[CalendarShift]] = {}
    if with_calendars:
        said = CalendarShift.objects.filter(calendar__schedule__in=with_calendars, start_at__lt=end, end_at__gt=start)
        columns = ("calendar__schedule_id", "calendar__name", "calendar__as_overrides")
        for shift in said.select_related("calendar", "user").only(*_SHIFT, *columns).order_by("start_at", "id"):
            shifts.setdefault(shift.calendar.schedule_id, []).append(shift)
    return [
        Roster(
            each,
            layers.get(each.pk, ()),
            overrides.get(each.pk, ()),
            shifts.get(each.pk, ()),
            [CalendarState.read(state) for state in each.calendar_states],
        )
        for each in listed
    ]


def roster_by_slug(actor: Actor, slug: str, now: datetime, around: timedelta) -> Roster:
    """One schedule ready to be asked about times around now; ScheduleNotFound when the actor does not see it."""
    wanted = schedules(actor).filter(slug=slug).annotate(used_by=policies_using())
    found = rosters(wanted, now - around, now + around)
    return found[0] if found else no_schedule()


def rosters_around(schedule_ids: Iterable[int], now: datetime, ahead: timedelta = AROUND) -> dict[int, Roster]:
    """The named schedules, ready to be asked about times around now."""
    found = Schedule.objects.filter(pk__in=list(schedule_ids))
    return {each.schedule.pk: each for each in rosters(found, now - AROUND, now + ahead)}


def who(schedule_id: int, at: datetime) -> list[ShiftView]:
    """The whole shifts that hold ``at``; none when nobody is on call then (or there is no such schedule)."""
    roster = rosters_around([schedule_id], at).get(schedule_id)
    return roster.at(at) if roster else []


def roster_of(actor: Actor, schedule_id: int, start: datetime, end: datetime) -> Roster:
    """One schedule ready to be asked about the range; ScheduleNotFound when the actor does not see it."""
    found = rosters(schedules(actor).filter(pk=schedule_id), start, end)
    return found[0] if found else no_schedule()


def board(actor: Actor, now: datetime, *, ahead: timedelta = timedelta(weeks=4)) -> list[NowOnCall]:
    """Every schedule with the present shifts, the following one, and the gaps ahead."""
    return overview(actor, now, ahead=ahead)[0]


def overview(
    actor: Actor, now: datetime, *, ahead: timedelta = timedelta(weeks=4)
) -> tuple[list[NowOnCall], Duty, list[Roster]]:
    """The board, the actor's own duty in the schedules on it, and their rosters."""
    found = rosters(schedules(actor), now - AROUND, now + AROUND)
    lines = [
        NowOnCall(
            roster.schedule, tuple(roster.at(now)), roster.first_after(now), tuple(roster.gaps(now, now + ahead))
        )
        for roster in found
    ]  # fmt: skip
    return lines, _duty(found, actor.user_id, now), found


def duty_of(user_id: int, now: datetime) -> Duty:
    """When this person is on call: now, and next."""
    mine = Schedule.objects.filter(taking_part(user_id, now)).distinct()
    return _duty(rosters(mine, now - AROUND, now + AROUND), user_id, now)


def taking_part(user_id: int, after: datetime) -> Q:
    """Schedules in which this person can be on call after then."""
    said = CalendarShift.objects.filter(user_id=user_id, end_at__gt=after)
    return (
        Q(layers__members__user_id=user_id)
        | Q(overrides__user_id=user_id, overrides__end_at__gt=after)
        | Q(pk__in=said.values("calendar__schedule"))
    )


def policies_using() -> ArraySubquery:
    """The policies with a step that notifies the schedule, each with slug and name, in the schedule's own query."""
    used = EscalationPolicy.objects.filter(
        Exists(PolicyStep.objects.filter(policy=OuterRef("pk"), schedule=OuterRef(OuterRef("pk"))))
    )
    return ArraySubquery(used.order_by("name").values(made=JSONObject(slug="slug", name="name")))


def no_schedule() -> NoReturn:
    """Say that there is none."""
    raise ScheduleNotFound(_("There is no such schedule, or you may not see it."))


def _one(found: QuerySet[Schedule]) -> Schedule:
    return found.first() or no_schedule()


def _holds(override: Override, moment: datetime) -> bool:
    return override.start_at <= moment < override.end_at


def _duty(found: Sequence[Roster], user_id: int | None, now: datetime) -> Duty:
    present: list[ShiftView] = []
    coming: list[ShiftView] = []
    for roster in found:
        present.extend(shift for shift in roster.at(now) if shift.user.pk == user_id)
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
