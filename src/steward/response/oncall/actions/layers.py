"""Writing the layers of a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.algorithms.calendars import ZoneError, get_zone
from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.errors import LayerInvalid, LayerNotFound
from steward.response.oncall.models import Layer, LayerMember, Schedule
from steward.response.oncall.queries.drafts import LayerInput, drafted, filled
from steward.response.oncall.queries.layers import layer_facts, layer_of, turns_of

MOST_LAYERS = 20
MOST_MEMBERS = 100
MOST_WINDOWS = 20
MOST_PRIORITY = 99
# The longest turns are about a year, so that every turn is within what "who is on call" looks at.
LONGEST = {"hour": 24 * 366, "day": 366, "week": 52, "month": 12}


@transaction.atomic
def add_layer(*, actor: Actor, now: datetime, schedule_id: int, layer: LayerInput) -> Layer:
    """Add a layer after the others."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    if schedule.layers.count() >= MOST_LAYERS:
        raise LayerInvalid(_("A schedule has at most %(count)s layers.") % {"count": MOST_LAYERS})
    check_layer(schedule, layer)
    last = schedule.layers.aggregate(last=Max("position"))["last"]
    made = _keep(schedule, Layer(schedule=schedule), layer, 0 if last is None else last + 1)
    record(actor, now, "schedule.layer.add", schedule, after=audited_layer(made))
    return made


@transaction.atomic
def update_layer(*, actor: Actor, now: datetime, layer_id: int, layer: LayerInput) -> Layer:
    """Change a layer; it keeps its place."""
    actor.require("oncall.manage")
    schedule, found = _locked_layer(actor, layer_id)
    known = {each.user_id for each in found.members.all()}
    before = audited_layer(found)
    check_layer(schedule, layer, known)
    made = _keep(schedule, found, layer, found.position)
    after = audited_layer(made)
    if before != after:
        record(actor, now, "schedule.layer.update", schedule, before=before, after=after)
    return made


@transaction.atomic
def remove_layer(*, actor: Actor, now: datetime, layer_id: int) -> Schedule:
    """Take a layer away; what is below it holds again."""
    actor.require("oncall.manage")
    schedule, found = _locked_layer(actor, layer_id)
    record(actor, now, "schedule.layer.remove", schedule, before=audited_layer(found))
    found.delete()
    return schedule


def keep_layers(schedule: Schedule, layers: Sequence[LayerInput]) -> None:
    """Make these the layers of a locked schedule. Call :func:`check_layers` first."""
    old = {each.pk: each for each in schedule.layers.all()}
    kept = {layer.id for layer in layers if layer.id in old}
    schedule.layers.exclude(pk__in=kept).delete()
    for position, layer in enumerate(layers):
        _keep(schedule, old.get(layer.id or 0) or Layer(schedule=schedule), layer, position)


def check_layers(schedule: Schedule, layers: Sequence[LayerInput]) -> None:
    """LayerInvalid, with fields such as ``layers.0.length``, when one of them makes no sense."""
    if len(layers) > MOST_LAYERS:
        message = _("A schedule has at most %(count)s layers.") % {"count": MOST_LAYERS}
        raise LayerInvalid(message, fields={"layers": [message]})
    old: dict[int, set[int]] = {}
    if schedule.pk is not None:
        for member in LayerMember.objects.filter(layer__schedule=schedule):
            old.setdefault(member.layer_id, set()).add(member.user_id)
    named = [layer.id for layer in layers if layer.id is not None]
    for number, layer in enumerate(layers):
        try:
            if layer.id is not None and (named.count(layer.id) > 1 or layer.id not in _layer_keys(schedule)):
                message = _("This is not a layer of the schedule. Leave the id out to make a new one.")
                raise LayerInvalid(message, fields={"id": [message]})
            check_layer(schedule, layer, old.get(layer.id or 0, set()))
        except LayerInvalid as error:
            fields = {f"layers.{number}.{name}": texts for name, texts in error.fields.items()}
            raise LayerInvalid(error.message, fields=fields) from error


def check_layer(schedule: Schedule, layer: LayerInput, known: Iterable[int] = ()) -> None:
    """LayerInvalid, with the fields, when it makes no sense. ``known`` people may stay though not active."""
    check_draft(layer)
    fields = _people(layer, set(known))
    if not fields:
        try:
            layer_of(drafted(schedule, layer), schedule, layer.turns, {})
        except rotation.RotationError as error:
            fields["start"] = [str(error)]
    if fields:
        raise LayerInvalid(next(iter(fields.values()))[0], fields=fields)


def check_draft(layer: LayerInput) -> None:
    """LayerInvalid when its numbers and times make no sense, whoever its people are."""
    if fields := {**_shape(layer), **_times(layer)}:
        raise LayerInvalid(next(iter(fields.values()))[0], fields=fields)


def audited_layer(layer: Layer) -> dict[str, Any]:
    """What the audit trail keeps of a layer."""
    return {"layer": layer.pk, **layer_facts(layer)}


def _shape(layer: LayerInput) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    if layer.unit not in LONGEST:
        fields["unit"] = [_("A turn is counted in hours, days, weeks or months.")]
    elif not 1 <= layer.length <= LONGEST[layer.unit]:
        fields["length"] = [_("A turn lasts from an hour to a year.")]
    if not 0 <= layer.handover_weekday <= 6:
        fields["handover_weekday"] = [_("Choose a day of the week.")]
    if not 1990 <= layer.start.year <= 2200:
        fields["start"] = [_("Choose a date between 1990 and 2200.")]
    if not 0 <= layer.priority <= MOST_PRIORITY:
        fields["priority"] = [_("A priority is a number from 0 to %(most)s.") % {"most": MOST_PRIORITY}]
    if len(layer.name) > 80:
        fields["name"] = [_("A layer's name has at most 80 characters.")]
    if len(layer.windows) > MOST_WINDOWS:
        fields["windows"] = [_("A layer has at most %(count)s stretches of hours.") % {"count": MOST_WINDOWS}]
    if layer.time_zone:
        try:
            get_zone(layer.time_zone)
        except ZoneError as error:
            fields["time_zone"] = [str(error)]
    return fields


def _times(layer: LayerInput) -> dict[str, list[str]]:
    for name, moment in (("begins_at", layer.begins_at), ("ends_at", layer.ends_at)):
        if moment is not None and moment.tzinfo is None:
            return {name: [_("Times need a time zone, such as 2026-03-01T09:00:00+01:00.")]}
        if moment is not None and not 1990 <= moment.year <= 2200:
            return {name: [_("Choose times between 1990 and 2200.")]}
    if layer.begins_at and layer.ends_at and layer.ends_at <= layer.begins_at:
        return {"ends_at": [_("A layer must end after it begins.")]}
    return {}


def _people(layer: LayerInput, known: set[int]) -> dict[str, list[str]]:
    named = [user_id for turn in layer.turns for user_id in turn]
    if len(named) > MOST_MEMBERS or len(layer.turns) > MOST_MEMBERS:
        return {"turns": [_("A rotation has at most %(count)s members.") % {"count": MOST_MEMBERS}]}
    if any(len(set(turn)) != len(turn) for turn in layer.turns):
        return {"turns": [_("Somebody stands in one turn twice. Name everybody once a turn.")]}
    active = {user.pk for user in accounts.active_users(list(set(named)))}
    # Whoever was in it already may stay, also when not active any more: the page shows that in red.
    if not set(named) <= active | known:
        return {"turns": [_("Choose active people only.")]}
    return {}


def _keep(schedule: Schedule, found: Layer, layer: LayerInput, position: int) -> Layer:
    filled(found, layer).position = position
    found.save()
    # Empty turns are a pause of nobody: they cannot be kept as members, and a gap is said by hours and ends.
    turns = [list(turn) for turn in layer.turns if turn]
    if turns != [list(turn) for turn in turns_of(Layer.objects.prefetch_related("members").get(pk=found.pk))]:
        found.members.all().delete()
        LayerMember.objects.bulk_create(
            LayerMember(layer=found, user_id=user_id, turn=turn, place=place)
            for turn, people in enumerate(turns)
            for place, user_id in enumerate(people)
        )
    return Layer.objects.prefetch_related("members").get(pk=found.pk)


def _locked_layer(actor: Actor, layer_id: int) -> tuple[Schedule, Layer]:
    missing = LayerNotFound(_("There is no such layer; it may have been removed already."))
    schedule_id = Layer.objects.filter(pk=layer_id).values_list("schedule_id", flat=True).first()
    if schedule_id is None:
        raise missing
    schedule = locked(actor, schedule_id)
    # Read again: it may have been removed while we waited for the schedule.
    found = Layer.objects.prefetch_related("members").filter(pk=layer_id).first()
    if found is None:
        raise missing
    return schedule, found


def _layer_keys(schedule: Schedule) -> set[int]:
    return set(schedule.layers.values_list("pk", flat=True)) if schedule.pk is not None else set()
