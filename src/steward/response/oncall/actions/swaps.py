"""Asking for cover and taking somebody's shift."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.people.accounts import queries as accounts
from steward.response.oncall.actions.overrides import check_range, put_override
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.actions.telling import tell
from steward.response.oncall.errors import OverrideInvalid, SwapInvalid, SwapNotFound, SwapOver
from steward.response.oncall.models import Schedule, Swap, SwapState
from steward.response.oncall.queries.schedules import AROUND, rosters_around

if TYPE_CHECKING:
    pass

DUE_KIND = "oncall.swap"


@transaction.atomic
def ask_for_cover(
    *,
    actor: Actor,
    now: datetime,
    schedule_id: int,
    user_id: int,
    start_at: datetime,
    end_at: datetime,
    offered_to_id: int | None = None,
    note: str = "",
) -> Swap:
    """Ask that somebody (or ``offered_to_id``) takes what ``user_id`` has on call then."""
    _for(actor, user_id)
    schedule = locked(actor, schedule_id)
    try:
        check_range(start_at, end_at, now)
    except OverrideInvalid as error:
        raise SwapInvalid(error.message, fields=error.fields) from error
    start_at = max(start_at, now)
    if offered_to_id is not None and (offered_to_id == user_id or not accounts.active_users([offered_to_id])):
        message = _("Choose an active person other than the one who asks, or anybody.")
        raise SwapInvalid(message, fields={"offered_to": [message]})
    _check_on_call(schedule, user_id, start_at, end_at, now)
    same = Swap.objects.filter(schedule=schedule, asker_id=user_id, state=SwapState.OPEN)
    if same.filter(start_at__lt=end_at, end_at__gt=start_at).exists():
        message = _("Cover for this time is asked for already. Withdraw that first to ask differently.")
        raise SwapInvalid(message, fields={"start_at": [message]})
    swap = Swap.objects.create(
        schedule=schedule, asker_id=user_id, offered_to_id=offered_to_id, start_at=start_at, end_at=end_at,
        note=" ".join(note.replace("\0", "").split())[:200], created_at=now, due_at=start_at,
    )  # fmt: skip
    record(actor, now, "schedule.swap.ask", schedule, after=_audited(swap))
    registry.wake(DUE_KIND)
    if swap.offered_to is not None:
        tell(swap, swap.offered_to, "offered", now)
    return swap


@transaction.atomic
def take_swap(*, actor: Actor, now: datetime, swap_id: int, user_id: int) -> Swap:
    """``user_id`` takes the shift: an override in the place of who asked. Nobody takes their own."""
    _for(actor, user_id)
    schedule, swap = _locked(actor, swap_id)
    _still_open(swap, now)
    if user_id == swap.asker_id:
        raise SwapInvalid(_("This is your own shift. Somebody else has to take it."))
    if swap.offered_to_id not in (None, user_id):
        raise SwapInvalid(_("This shift is offered to %(person)s.") % {"person": swap.offered_to})
    if not accounts.active_users([user_id]):
        message = _("Choose an active person.")
        raise SwapInvalid(message, fields={"user": [message]})
    made = put_override(
        schedule, actor=actor, now=now, user_id=user_id, replaces_id=swap.asker_id, start_at=max(swap.start_at, now),
        end_at=swap.end_at,
        reason=_("swap with %(person)s") % {"person": swap.asker},
    )  # fmt: skip
    swap.override = made
    swap.taken_by_id = user_id
    _end(swap, SwapState.TAKEN, now, "override", "taken_by")
    record(actor, now, "schedule.swap.take", schedule, after=_audited(swap))
    tell(swap, swap.asker, "taken", now)
    return swap


@transaction.atomic
def decline_swap(*, actor: Actor, now: datetime, swap_id: int) -> Swap:
    """Who was asked says no; who asked is told, and may ask others."""
    schedule, swap = _locked(actor, swap_id)
    if swap.offered_to_id is None:
        raise SwapInvalid(_("This shift is offered to anybody; who does not want it leaves it."))
    _for(actor, swap.offered_to_id)
    _still_open(swap, now)
    _end(swap, SwapState.DECLINED, now)
    record(actor, now, "schedule.swap.decline", schedule, after=_audited(swap))
    tell(swap, swap.asker, "declined", now)
    return swap


@transaction.atomic
def withdraw_swap(*, actor: Actor, now: datetime, swap_id: int) -> Swap:
    """Who asked keeps the shift after all."""
    schedule, swap = _locked(actor, swap_id)
    _for(actor, swap.asker_id)
    _still_open(swap, now)
    _end(swap, SwapState.WITHDRAWN, now)
    record(actor, now, "schedule.swap.withdraw", schedule, after=_audited(swap))
    if swap.offered_to is not None:
        tell(swap, swap.offered_to, "withdrawn", now)
    return swap


@transaction.atomic
def swap_past_due(*, now: datetime, swap_id: int) -> None:
    """The shift begins and nobody took it: who asked is told that it is theirs."""
    schedule_id = Swap.objects.filter(pk=swap_id).values_list("schedule_id", flat=True).first()
    if schedule_id is None:
        return
    Schedule.objects.select_for_update().get(pk=schedule_id)
    swap = Swap.objects.select_for_update(of=("self",)).select_related("asker", "schedule").get(pk=swap_id)
    if swap.state != SwapState.OPEN or swap.start_at > now:
        return
    _end(swap, SwapState.PAST_DUE, now)
    tell(swap, swap.asker, "past_due", now)


def _for(actor: Actor, user_id: int) -> None:
    """Everybody acts for themselves; for others only who may change schedules."""
    if actor.user_id != user_id:
        actor.require("oncall.manage")
    else:
        actor.require("oncall.view")


def _locked(actor: Actor, swap_id: int) -> tuple[Schedule, Swap]:
    missing = SwapNotFound(_("There is no such request for cover, or you may not see it."))
    schedule_id = Swap.objects.filter(pk=swap_id).values_list("schedule_id", flat=True).first()
    if schedule_id is None or not actor.can("oncall.view"):
        raise missing
    schedule = locked(actor, schedule_id)
    swap = Swap.objects.select_related("asker", "offered_to", "schedule").get(pk=swap_id)
    return schedule, swap


def _still_open(swap: Swap, now: datetime) -> None:
    if swap.state != SwapState.OPEN:
        raise SwapOver(_("Too late: this is %(state)s already.") % {"state": swap.get_state_display()})
    if swap.end_at <= now:
        raise SwapOver(_("Too late: this shift is over."))


def _check_on_call(schedule: Schedule, user_id: int, start_at: datetime, end_at: datetime, now: datetime) -> None:
    roster = rosters_around([schedule.pk], now, max(AROUND, end_at - now))[schedule.pk]
    if not any(shift.user.pk == user_id for shift in roster.between(start_at, end_at)):
        message = _("There is nothing to cover: this person is not on call in %(schedule)s then.") % {
            "schedule": schedule.name
        }
        raise SwapInvalid(message, fields={"start_at": [message]})


def _end(swap: Swap, state: SwapState, now: datetime, *also: str) -> None:
    swap.state, swap.ended_at, swap.due_at = state, now, None
    swap.save(update_fields=["state", "ended_at", "due_at", *also])


def _audited(swap: Swap) -> dict[str, Any]:
    return {
        "swap": swap.pk, "asker": swap.asker_id, "offered_to": swap.offered_to_id, "taken_by": swap.taken_by_id,
        "start_at": swap.start_at.isoformat(), "end_at": swap.end_at.isoformat(), "state": str(swap.state),
    }  # fmt: skip
