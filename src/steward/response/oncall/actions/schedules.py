"""Writing schedules and their overrides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.oncall.actions.names import clean_name, free_slug, name_taken, require_free
from steward.response.oncall.errors import (
    OverrideInvalid,
    OverrideNotFound,
    ScheduleInUse,
    ScheduleInvalid,
    ScheduleNotFound,
)
from steward.response.oncall.models import Override, RotationMember, Schedule
from steward.response.oncall.queries.schedules import layer_of

MOST_MEMBERS = 100
LONGEST_OVERRIDE = timedelta(days=366)


@transaction.atomic
def create_schedule(
    *,
    actor: Actor,
    now: datetime,
    name: str,
    time_zone: str,
    member_ids: Sequence[int],
    start: date,
    handover_weekday: int = 0,
    handover_time: time = time(9),
    weeks: int = 1,
    team_id: int | None = None,
) -> Schedule:
    """Create a schedule; members take turns in the given order (the same person may stand in it twice)."""
    actor.require("oncall.manage")
    name = clean_name(name, ScheduleInvalid)
    require_free(Schedule, name)
    schedule = Schedule(
        name=name, slug=free_slug(Schedule, name, "schedule"), time_zone=time_zone, start=start,
        handover_weekday=handover_weekday, handover_time=handover_time, weeks=weeks, team_id=team_id,
    )  # fmt: skip
    _check(actor, schedule, member_ids)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError as error:
        raise name_taken(name) from error
    _set_members(schedule, member_ids)
    _record(actor, now, "schedule.create", schedule, after=_audited(schedule, member_ids))
    return schedule


@transaction.atomic
def update_schedule(
    *,
    actor: Actor,
    now: datetime,
    schedule_id: int,
    name: str,
    time_zone: str,
    member_ids: Sequence[int],
    start: date,
    handover_weekday: int,
    handover_time: time,
    weeks: int,
    team_id: int | None = None,
) -> Schedule:
    """Change a schedule; overrides stay."""
    actor.require("oncall.manage")
    schedule = _locked(actor, schedule_id)
    old_members = list(schedule.rotation_members.order_by("position").values_list("user_id", flat=True))
    before = _audited(schedule, old_members)
    name = clean_name(name, ScheduleInvalid)
    require_free(Schedule, name, schedule.pk)
    schedule.name, schedule.time_zone, schedule.start, schedule.team_id = name, time_zone, start, team_id
    schedule.handover_weekday, schedule.handover_time, schedule.weeks = handover_weekday, handover_time, weeks
    _check(actor, schedule, member_ids, known=old_members)
    try:
        with transaction.atomic():
            schedule.save(
                update_fields=["name", "time_zone", "start", "handover_weekday", "handover_time", "weeks", "team"]
            )
    except IntegrityError as error:
        raise name_taken(name) from error
    if list(member_ids) != old_members:
        schedule.rotation_members.all().delete()
        _set_members(schedule, member_ids)
    after = _audited(schedule, member_ids)
    changed = [field for field in after if after[field] != before[field]]
    if changed:
        _record(
            actor, now, "schedule.update", schedule,
            before={field: before[field] for field in changed}, after={field: after[field] for field in changed},
        )  # fmt: skip
    return schedule


@transaction.atomic
def delete_schedule(*, actor: Actor, now: datetime, schedule_id: int) -> None:
    """Delete a schedule that no policy uses."""
    actor.require("oncall.manage")
    schedule = _locked(actor, schedule_id)
    users = [step.policy.name for step in schedule.steps.select_related("policy").order_by("policy__name")]
    if users:
        raise _in_use(schedule, users[0])
    members = list(schedule.rotation_members.order_by("position").values_list("user_id", flat=True))
    _record(actor, now, "schedule.delete", schedule, before=_audited(schedule, members))
    try:
        schedule.delete()
    except ProtectedError as error:
        raise _in_use(schedule, "?") from error


@transaction.atomic
def add_override(
    *,
    actor: Actor,
    now: datetime,
    schedule_id: int,
    user_id: int,
    start_at: datetime,
    end_at: datetime,
    reason: str = "",
) -> Override:
    """Have somebody take over for a while, from ``start_at`` until just before ``end_at``."""
    actor.require("oncall.manage")
    schedule = _locked(actor, schedule_id)
    _check_override(start_at, end_at, now)
    user = next(iter(accounts.active_users([user_id])), None)
    if user is None:
        message = _("Choose an active person.")
        raise OverrideInvalid(message, fields={"user": [message]})
    override = Override.objects.create(
        schedule=schedule, user_id=user.pk, start_at=start_at, end_at=end_at, reason=reason.replace("\0", "")[:200]
    )
    _record(actor, now, "schedule.override.add", schedule, after=_override(override))
    return override


@transaction.atomic
def remove_override(*, actor: Actor, now: datetime, override_id: int) -> Schedule:
    """Take an override away; the rotation (or an earlier override) holds again."""
    actor.require("oncall.manage")
    found = Override.objects.filter(pk=override_id).values_list("schedule_id", flat=True).first()
    if found is None:
        raise OverrideNotFound(_("There is no such override; it may have been removed already."))
    schedule = _locked(actor, found)
    override = Override.objects.select_for_update().filter(pk=override_id).first()
    if override is None:
        raise OverrideNotFound(_("There is no such override; it may have been removed already."))
    _record(actor, now, "schedule.override.remove", schedule, before=_override(override))
    override.delete()
    return schedule


def _locked(actor: Actor, schedule_id: int) -> Schedule:
    schedule = Schedule.objects.visible_to(actor).select_for_update().filter(pk=schedule_id).first()
    if schedule is None:
        raise ScheduleNotFound(_("There is no such schedule, or you may not see it."))
    return schedule


def _check(actor: Actor, schedule: Schedule, member_ids: Sequence[int], known: Sequence[int] = ()) -> None:
    fields: dict[str, list[str]] = {}
    if not 1 <= schedule.weeks <= 52:
        fields["weeks"] = [_("A turn lasts 1 to 52 weeks.")]
    if not 0 <= schedule.handover_weekday <= 6:
        fields["handover_weekday"] = [_("Choose a day of the week.")]
    if not 1990 <= schedule.start.year <= 2200:
        fields["start"] = [_("Choose a date between 1990 and 2200.")]
    if not fields:
        try:
            layer_of(schedule, member_ids)
        except rotation.RotationError as error:
            fields["time_zone"] = [str(error)]
    if len(member_ids) > MOST_MEMBERS:
        fields["members"] = [_("A rotation has at most %(count)s members.") % {"count": MOST_MEMBERS}]
    else:
        active = {user.pk for user in accounts.active_users(list(set(member_ids)))}
        # Whoever was in it already may stay, also when not active any more: the page shows that in red.
        if not set(member_ids) <= active | set(known):
            fields["members"] = [_("Choose active people only.")]
    if schedule.team_id and not accounts.teams(actor).filter(pk=schedule.team_id).exists():
        fields["team"] = [_("Choose one of the teams.")]
    if fields:
        raise ScheduleInvalid(next(iter(fields.values()))[0], fields=fields)


def _check_override(start_at: datetime, end_at: datetime, now: datetime) -> None:
    fields: dict[str, list[str]] = {}
    if start_at.tzinfo is None or end_at.tzinfo is None:
        fields["start_at"] = [_("Times need a time zone, such as 2026-03-01T09:00:00+01:00.")]
    elif not (1990 <= start_at.year <= 2200 and 1990 <= end_at.year <= 2200):
        fields["start_at"] = [_("Choose times between 1990 and 2200.")]
    elif end_at <= start_at:
        fields["end_at"] = [_("An override must end after it starts.")]
    elif end_at <= now:
        fields["end_at"] = [_("This has already ended; an override changes who will be on call.")]
    elif end_at - start_at > LONGEST_OVERRIDE:
        fields["end_at"] = [_("An override lasts at most a year. Change the rotation instead.")]
    if fields:
        raise OverrideInvalid(next(iter(fields.values()))[0], fields=fields)


def _set_members(schedule: Schedule, member_ids: Sequence[int]) -> None:
    RotationMember.objects.bulk_create(
        RotationMember(schedule=schedule, user_id=user_id, position=position)
        for position, user_id in enumerate(member_ids)
    )


def _in_use(schedule: Schedule, policy: str) -> ScheduleInUse:
    return ScheduleInUse(
        _("The escalation policy “%(policy)s” notifies %(schedule)s. Change the policy first.")
        % {"policy": policy, "schedule": schedule.name}
    )


def _audited(schedule: Schedule, member_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "name": schedule.name, "time_zone": schedule.time_zone, "start": schedule.start.isoformat(),
        "handover_weekday": schedule.handover_weekday, "handover_time": schedule.handover_time.isoformat("minutes"),
        "weeks": schedule.weeks, "team": schedule.team_id, "members": list(member_ids),
    }  # fmt: skip


def _override(override: Override) -> dict[str, Any]:
    return {
        "override": override.pk, "user": override.user_id, "start_at": override.start_at.isoformat(),
        "end_at": override.end_at.isoformat(), "reason": override.reason,
    }  # fmt: skip


def _record(
    actor: Actor, now: datetime, action: str, schedule: Schedule, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("schedule", schedule.pk),
        subject_label=schedule.name, before=before, after=after,
    )  # fmt: skip
