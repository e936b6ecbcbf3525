"""Writing schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from steward.algorithms.calendars import ZoneError, get_zone
from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.oncall.actions.layers import audited_layer, check_layers, keep_layers
from steward.response.oncall.actions.names import clean_name, free_slug, name_taken, require_free
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.errors import ScheduleInUse, ScheduleInvalid
from steward.response.oncall.models import Schedule
from steward.response.oncall.queries.drafts import LayerInput
from steward.response.oncall.queries.layers import layers_with_members


@transaction.atomic
def create_schedule(
    *,
    actor: Actor,
    now: datetime,
    name: str,
    time_zone: str,
    layers: Sequence[LayerInput],
    team_id: int | None = None,
) -> Schedule:
    """Create a schedule with its layers, in order."""
    actor.require("oncall.manage")
    name = clean_name(name, ScheduleInvalid)
    require_free(Schedule, name)
    schedule = Schedule(name=name, slug=free_slug(Schedule, name, "schedule"), time_zone=time_zone, team_id=team_id)
    _check(actor, schedule)
    check_layers(schedule, layers)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError as error:
        raise name_taken(name) from error
    keep_layers(schedule, layers)
    record(actor, now, "schedule.create", schedule, after=_audited(schedule))
    return schedule


@transaction.atomic
def update_schedule(
    *,
    actor: Actor,
    now: datetime,
    schedule_id: int,
    name: str,
    time_zone: str,
    team_id: int | None = None,
    layers: Sequence[LayerInput] | None = None,
) -> Schedule:
    """Change a schedule; its overrides stay. ``layers``: all of them, in order (None: they stay); one with the ``id``
    of a layer changes that layer, and those that are not named are removed."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    before = _audited(schedule)
    name = clean_name(name, ScheduleInvalid)
    require_free(Schedule, name, schedule.pk)
    schedule.name, schedule.time_zone, schedule.team_id = name, time_zone, team_id
    _check(actor, schedule)
    if layers is not None:
        check_layers(schedule, layers)
    try:
        with transaction.atomic():
            schedule.save(update_fields=["name", "time_zone", "team"])
    except IntegrityError as error:
        raise name_taken(name) from error
    if layers is not None:
        keep_layers(schedule, layers)
    after = _audited(schedule)
    changed = [field for field in after if after[field] != before[field]]
    if changed:
        record(
            actor, now, "schedule.update", schedule,
            before={field: before[field] for field in changed}, after={field: after[field] for field in changed},
        )  # fmt: skip
    return schedule


@transaction.atomic
def delete_schedule(*, actor: Actor, now: datetime, schedule_id: int) -> None:
    """Delete a schedule that no policy uses."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    users = [step.policy.name for step in schedule.steps.select_related("policy").order_by("policy__name")]
    if users:
        raise _in_use(schedule, users[0])
    record(actor, now, "schedule.delete", schedule, before=_audited(schedule))
    try:
        schedule.delete()
    except ProtectedError as error:
        raise _in_use(schedule, "?") from error


def _check(actor: Actor, schedule: Schedule) -> None:
    fields: dict[str, list[str]] = {}
    try:
        get_zone(schedule.time_zone)
    except ZoneError as error:
        fields["time_zone"] = [str(error)]
    if schedule.team_id and not accounts.teams(actor).filter(pk=schedule.team_id).exists():
        fields["team"] = [_("Choose one of the teams.")]
    if fields:
        raise ScheduleInvalid(next(iter(fields.values()))[0], fields=fields)


def _in_use(schedule: Schedule, policy: str) -> ScheduleInUse:
    return ScheduleInUse(
        _("The escalation policy “%(policy)s” notifies %(schedule)s. Change the policy first.")
        % {"policy": policy, "schedule": schedule.name}
    )


def _audited(schedule: Schedule) -> dict[str, Any]:
    (fresh,) = Schedule.objects.filter(pk=schedule.pk).prefetch_related(layers_with_members())
    return {
        "name": fresh.name, "time_zone": fresh.time_zone, "team": fresh.team_id,
        "layers": [audited_layer(each) for each in fresh.layers.all()],
    }  # fmt: skip
