"""Somebody steps in for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.errors import OverrideInvalid, OverrideNotFound
from steward.response.oncall.models import Override, Schedule
from steward.response.oncall.queries.schedules import taking_part

LONGEST_OVERRIDE = timedelta(days=366)


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
    replaces_id: int | None = None,
) -> Override:
    """Have somebody take over for a while, from ``start_at`` until just before ``end_at``: alone, or in the place of
    ``replaces_id`` whenever that person would be on call then."""
    actor.require("oncall.manage")
    return put_override(
        locked(actor, schedule_id), actor=actor, now=now, user_id=user_id, replaces_id=replaces_id, start_at=start_at,
        end_at=end_at, reason=reason,
    )  # fmt: skip


def put_override(
    schedule: Schedule, *, actor: Actor, now: datetime, user_id: int, replaces_id: int | None, start_at: datetime,
    end_at: datetime, reason: str,
) -> Override:  # fmt: skip
    """The override in a locked schedule, whoever may have it made."""
    check_range(start_at, end_at, now)
    _check_people(user_id, replaces_id)
    override = Override.objects.create(
        schedule=schedule, user_id=user_id, replaces_id=replaces_id, start_at=start_at, end_at=end_at,
        reason=reason.replace("\0", "")[:200],
    )  # fmt: skip
    record(actor, now, "schedule.override.add", schedule, after=_override(override))
    return override


@transaction.atomic
def replace_everywhere(
    *,
    actor: Actor,
    now: datetime,
    user_id: int,
    by_id: int,
    start_at: datetime,
    end_at: datetime,
    reason: str = "",
) -> list[Override]:
    """``by_id`` stands in for ``user_id`` in every schedule in which that person takes turns or steps in."""
    actor.require("oncall.manage")
    check_range(start_at, end_at, now)
    _check_people(by_id, user_id)
    found = Schedule.objects.visible_to(actor).filter(taking_part(user_id, start_at)).values_list("pk", flat=True)
    keys = sorted(set(found))  # locked in the order of keys
    if not keys:
        message = _("This person is in no schedule, so there is nothing to take over.")
        raise OverrideInvalid(message, fields={"replaces": [message]})
    return [
        add_override(
            actor=actor, now=now, schedule_id=key, user_id=by_id, replaces_id=user_id, start_at=start_at, end_at=end_at,
            reason=reason,
        )
        for key in keys
    ]  # fmt: skip


@transaction.atomic
def remove_override(*, actor: Actor, now: datetime, override_id: int) -> Schedule:
    """Take an override away; the rotation (or an earlier override) holds again."""
    actor.require("oncall.manage")
    found = Override.objects.filter(pk=override_id).values_list("schedule_id", flat=True).first()
    if found is None:
        raise OverrideNotFound(_("There is no such override; it may have been removed already."))
    schedule = locked(actor, found)
    override = Override.objects.select_for_update().filter(pk=override_id).first()
    if override is None:
        raise OverrideNotFound(_("There is no such override; it may have been removed already."))
    record(actor, now, "schedule.override.remove", schedule, before=_override(override))
    override.delete()
    return schedule


def check_range(start_at: datetime, end_at: datetime, now: datetime) -> None:
    """OverrideInvalid, with the field, when nobody can step in then."""
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


def _check_people(user_id: int, replaces_id: int | None) -> None:
    if not accounts.active_users([user_id]):
        message = _("Choose an active person.")
        raise OverrideInvalid(message, fields={"user": [message]})
    if replaces_id is None:
        return
    if replaces_id == user_id:
        message = _("Nobody can stand in for themselves. Choose somebody else.")
        raise OverrideInvalid(message, fields={"user": [message]})
    if accounts.person(replaces_id) is None:
        message = _("Choose the person who is replaced, or nobody.")
        raise OverrideInvalid(message, fields={"replaces": [message]})


def _override(override: Override) -> dict[str, Any]:
    return {
        "override": override.pk, "user": override.user_id, "replaces": override.replaces_id,
        "start_at": override.start_at.isoformat(), "end_at": override.end_at.isoformat(), "reason": override.reason,
    }  # fmt: skip
