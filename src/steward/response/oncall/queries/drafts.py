"""Layers as somebody wants them, and what would come of them before they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from steward.algorithms import rotation
from steward.people.accounts import queries as accounts
from steward.response.oncall.models import Layer, LayerMember, Schedule
from steward.response.oncall.queries.layers import stored_windows, with_rows
from steward.response.oncall.queries.schedules import Roster, rosters

_UNSAVED = -1


@dataclass(frozen=True, slots=True)
class LayerInput:
    """One layer as somebody wants it. ``turns`` are the keys of the people of each turn; ``id`` that of the layer it
    changes; an empty ``time_zone`` is the schedule's."""

    start: date
    turns: Sequence[Sequence[int]]
    id: int | None = None
    name: str = ""
    priority: int = 0
    time_zone: str = ""
    unit: str = "week"
    length: int = 1
    handover_weekday: int = 0
    handover_time: time = time(9)
    windows: Sequence[rotation.Window] = ()
    own_zones: bool = False
    begins_at: datetime | None = None
    ends_at: datetime | None = None


def drafted(schedule: Schedule, layer: LayerInput) -> Layer:
    """The layer, not saved."""
    return filled(Layer(schedule=schedule), layer)


def filled(found: Layer, layer: LayerInput) -> Layer:
    """The layer with what the input says, not saved."""
    found.name = " ".join(layer.name.replace("\0", "").split())
    found.priority, found.time_zone, found.unit, found.length = (
        layer.priority, layer.time_zone, layer.unit, layer.length
    )  # fmt: skip
    found.start, found.handover_weekday, found.handover_time = (
        layer.start, layer.handover_weekday, layer.handover_time
    )  # fmt: skip
    found.begins_at, found.ends_at = layer.begins_at, layer.ends_at
    found.windows, found.own_zones = stored_windows(layer.windows), layer.own_zones
    return found


def draft_roster(schedule: Schedule, draft: LayerInput, start: datetime, end: datetime) -> Roster:
    """The schedule (perhaps not saved itself) as it would be with this layer, or with this change of its layer."""
    made = _with_members(drafted(schedule, draft), draft)
    if schedule.pk is None:
        return Roster(schedule, [made], [])
    (roster,) = rosters(Schedule.objects.filter(pk=schedule.pk), start, end)
    layers = [made if each.pk == draft.id else each for each in roster.layers]
    return Roster(
        roster.schedule,
        layers if made in layers else [*layers, made],
        roster.overrides,
        roster.calendar_shifts,
        roster.calendars,
    )


def _with_members(layer: Layer, draft: LayerInput) -> Layer:
    layer.pk = _UNSAVED
    people = {user.pk: user for user in accounts.active_users({key for turn in draft.turns for key in turn})}
    members = [
        LayerMember(layer=layer, user=people[key], turn=turn, place=place)
        for turn, keys in enumerate(draft.turns)
        for place, key in enumerate(keys)
        if key in people
    ]
    return with_rows(layer, members)
