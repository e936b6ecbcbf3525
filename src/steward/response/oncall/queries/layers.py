"""A schedule's layers in the terms of the algorithm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any

from django.db.models import Prefetch

from steward.algorithms import rotation
from steward.response.oncall.models import Layer, LayerMember, Schedule


def layers_with_members() -> Prefetch[str]:
    """For ``prefetch_related`` on schedules: the layers in order, with their members in the order of turns."""
    members = Prefetch("members", LayerMember.objects.select_related("user").order_by("turn", "place"))
    return Prefetch("layers", Layer.objects.order_by("position").prefetch_related(members))


def manned_layers(schedule_ids: Iterable[int]) -> dict[int, list[Layer]]:
    """The layers in which anybody takes turns, by schedule and in order, their members loaded: one query."""
    members: dict[int, list[LayerMember]] = {}
    layers: dict[int, Layer] = {}
    found = LayerMember.objects.filter(layer__schedule__in=list(schedule_ids)).select_related("layer", "user")
    for each in found.order_by("layer__position", "layer_id", "turn", "place"):
        layers.setdefault(each.layer_id, each.layer)
        members.setdefault(each.layer_id, []).append(each)
    of_schedule: dict[int, list[Layer]] = {}
    for key, layer in layers.items():
        of_schedule.setdefault(layer.schedule_id, []).append(with_rows(layer, members[key]))
    return of_schedule


def with_rows(layer: Layer, members: Sequence[LayerMember]) -> Layer:
    """Let these be the layer's members, as if prefetched."""
    layer._prefetched_objects_cache = {"members": members}  # type: ignore[attr-defined]
    return layer


def turns_of(layer: Layer) -> tuple[tuple[int, ...], ...]:
    """The keys of the people of each turn."""
    found: dict[int, list[int]] = {}
    for each in layer.members.all():
        found.setdefault(each.turn, []).append(each.user_id)
    return tuple(tuple(found[turn]) for turn in sorted(found))


def layer_of(
    layer: Layer, schedule: Schedule, turns: Sequence[Sequence[int]], zones: Mapping[int, str]
) -> rotation.Layer:
    """The layer for the algorithm; ``zones`` are the people's own. RotationError when it makes no sense."""
    return rotation.Layer(
        zone=layer.time_zone or schedule.time_zone,
        start=layer.start,
        turns=tuple(tuple(turn) for turn in turns),
        unit=layer.unit,  # type: ignore[arg-type]  # one of the choices, which are the algorithm's units
        length=layer.length,
        handover_time=layer.handover_time,
        handover_weekday=layer.handover_weekday,
        windows=windows_of(layer.windows),
        zones={user: zone for user, zone in zones.items() if zone} if layer.own_zones else None,
        begins_at=layer.begins_at,
        ends_at=layer.ends_at,
        priority=layer.priority,
    )


def layer_facts(layer: Layer) -> dict[str, Any]:
    """What a layer says, without its key and place: for the audit trail and for comparing."""
    return {
        "name": layer.name, "priority": layer.priority, "time_zone": layer.time_zone,
        "turn": f"{layer.length} {layer.unit}", "start": layer.start.isoformat(),
        "handover_weekday": layer.handover_weekday, "handover_time": layer.handover_time.isoformat("minutes"),
        "begins_at": layer.begins_at.isoformat() if layer.begins_at else None,
        "ends_at": layer.ends_at.isoformat() if layer.ends_at else None,
        "windows": layer.windows, "own_zones": layer.own_zones, "turns": [list(turn) for turn in turns_of(layer)],
    }  # fmt: skip


def windows_of(stored: Iterable[Mapping[str, Any]]) -> tuple[rotation.Window, ...]:
    """The windows that a layer keeps as JSON."""
    return tuple(
        rotation.Window(
            frozenset(each["days"]), time.fromisoformat(each["start"]), time.fromisoformat(each["end"])
        )
        for each in stored
    )  # fmt: skip


def stored_windows(windows: Iterable[rotation.Window]) -> list[dict[str, Any]]:
    """The windows as a layer keeps them."""
    return [
        {
            "days": sorted(each.days), "start": each.start.isoformat("minutes"), "end": each.end.isoformat("minutes")
        }
        for each in windows
    ]  # fmt: skip
