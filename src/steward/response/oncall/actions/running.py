"""An escalation at work: it takes steps until it has to wait, or until there is nothing left to do."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.due import registry
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions as notifications
from steward.response.oncall import rules
from steward.response.oncall.actions.ending import FALLBACK, nobody_reached, none_reached
from steward.response.oncall.actions.escalations import DUE_KIND
from steward.response.oncall.actions.run import Run
from steward.response.oncall.actions.stepping import make
from steward.response.oncall.models import Escalation, EscalationState
from steward.response.oncall.queries.turns import turn_key


@transaction.atomic
def run_escalation(*, now: datetime, escalation_id: int) -> None:
    """Take the steps that are due, up to the next wait. A second run finds nothing due and does nothing."""
    run = _locked(escalation_id, now)
    if run is None:
        return
    row = run.row
    if row.state != EscalationState.RUNNING or row.due_at is None or row.due_at > now:
        row.leased_until = None
        row.due_at = row.due_at if row.state == EscalationState.RUNNING else None
        row.save(update_fields=["leased_until", "due_at"])
        return
    _lock_turns(run.plan)
    failed = rules.all_failed(run.states(_waited_for(run)))
    place = rules.resumed(row.position, row.round, all_failed=failed)
    while True:
        move = rules.next_move(run.plan, place, run.world)
        row.position, row.round = place.position, place.round
        reached = make(run, move)
        place = rules.after_move(place, move, reached=reached)
        if isinstance(move, rules.Wait | rules.WaitUntil):
            row.position, row.round = place.position, place.round
            row.due_at = now + move.delay if isinstance(move, rules.Wait) else move.until
            break
        if isinstance(move, rules.Exhausted):
            break
    row.leased_until = None
    row.save(
        update_fields=[
            "position", "round", "due_at", "leased_until", "people_reached", "nobody_reached", "state", "ended_at",
            "end_reason", *(["snapshot"] if row.state == EscalationState.EXHAUSTED else []),
        ]
    )  # fmt: skip


@transaction.atomic
def page_failed(*, now: datetime, subject: SubjectRef, page_key: str) -> None:
    """A page that an escalation asked for failed for good: do not wait for somebody who does not know.

    While others of the same step may still be reached, nothing changes. When it was the last hope of an escalation
    that has run out of steps, nobody was reached.
    """
    name, _colon, rest = page_key.partition(":")
    number, _colon, rest = rest.partition(":")
    if name != "escalation" or not number.isdigit() or rest.startswith(FALLBACK):
        return
    run = _locked(int(number), now)
    if run is None or run.subject != subject:
        return
    row = run.row
    if row.state == EscalationState.RUNNING and rules.all_failed(run.states(_waited_for(run))):
        row.due_at = now
        row.save(update_fields=["due_at"])
        registry.wake(DUE_KIND)
    if row.state == EscalationState.EXHAUSTED and not row.nobody_reached and none_reached(run):
        nobody_reached(run, _("Every page failed."))
        row.save(update_fields=["nobody_reached", "end_reason"])


def _locked(escalation_id: int, now: datetime) -> Run | None:
    """Lock the subject, then the escalation."""
    known = Escalation.objects.filter(pk=escalation_id).values_list("subject_kind", "subject_id").first()
    if known is None:
        return None
    subject = SubjectRef(*known)
    notifications.hold(subject)
    row = Escalation.objects.select_for_update(no_key=True).get(pk=escalation_id)
    return Run(row, rules.Plan.from_json(row.snapshot), now, subject)


def _lock_turns(plan: rules.Plan) -> None:
    """Whose turn it is can only be asked by one escalation at a time; all locks at once and in one order, so that two
    policies with several rounds of people do not wait for each other."""
    for key in sorted({turn_key(plan.policy_id, step) for step in plan.steps if step.kind in rules.IN_TURN}):
        lock_in_transaction(f"oncall-turn:{key}")


def _waited_for(run: Run) -> list[str]:
    """Beginnings of the keys of the pages that the escalation is waiting for an answer to."""
    return [run.key(run.row.round, position, "") for position in rules.stretch(run.plan, run.row.position)]
