"""An escalation at work: it takes steps until it has to wait, or until there is nothing left to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from steward.foundation.actors import Actor, system
from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.sentences import SAID, joined, ngettext, packed
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions as notifications
from steward.response.notifications import queries as pages
from steward.response.oncall import rules
from steward.response.oncall.actions.escalations import DUE_KIND
from steward.response.oncall.events import EscalationEnded, NobodyReached, PagedPerson, PeoplePaged, StepTaken
from steward.response.oncall.models import Escalation, EscalationState
from steward.response.oncall.queries.people import people_of

ENGINE = system("engine")
FALLBACK = "fallback"


@dataclass
class Run:
    """One handling of an escalation: the locked row, its plan, and what has been done in this handling."""

    row: Escalation
    plan: rules.Plan
    now: datetime
    subject: SubjectRef
    paged: set[int] = field(default_factory=set)

    @property
    def message(self) -> dict[str, Any]:
        return dict(self.row.snapshot.get("message", {}))

    def key(self, *parts: object) -> str:
        return ":".join(str(part) for part in ("escalation", self.row.pk, *parts))

    def step_name(self, number: int) -> str:
        """ "Application, step 1 of 4", with the round when there are several."""
        values = {
            "policy": self.plan.policy, "step": number, "steps": len(self.plan.steps),
            "round": self.row.round + 1, "rounds": self.plan.repeat + 1,
        }  # fmt: skip
        if self.plan.repeat:
            return _("%(policy)s, step %(step)s of %(steps)s, round %(round)s of %(rounds)s") % values
        return _("%(policy)s, step %(step)s of %(steps)s") % values

    def policy_name(self) -> str:
        return _("policy %(policy)s, version %(version)s") % {"policy": self.plan.policy, "version": self.plan.version}


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
    failed = rules.all_failed(_states(run, _waited_for(run)))
    place = rules.resumed(row.position, row.round, all_failed=failed)
    while True:
        move = rules.next_move(run.plan, place)
        row.position, row.round = place.position, place.round
        reached = _make(run, move)
        place = rules.after_move(place, move, reached=reached)
        if isinstance(move, rules.Wait):
            row.position, row.round, row.due_at = place.position, place.round, now + move.delay
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
    if row.state == EscalationState.RUNNING and rules.all_failed(_states(run, _waited_for(run))):
        row.due_at = now
        row.save(update_fields=["due_at"])
        registry.wake(DUE_KIND)
    if row.state == EscalationState.EXHAUSTED and not row.nobody_reached and _none_reached(run):
        _nobody_reached(run, _("Every page failed."))
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


def _make(run: Run, move: rules.Move) -> bool:
    """Do what the move says; whether it paged somebody."""
    match move:
        case rules.Notify():
            return _notify(run, move)
        case rules.Wait():
            text = ngettext("Waits %(n)s minute", "Waits %(n)s minutes", move.step.wait_minutes)
            _tell(run, text % {"n": move.step.wait_minutes}, run.step_name(move.number))
            run.paged.clear()
        case rules.SkipWait():
            _tell(run, _("Does not wait"), _("the steps before reached nobody"))
        case rules.Repeat():
            text = _("Begins again: round %(round)s of %(rounds)s")
            why = _("nobody has acknowledged")
            _tell(run, text % {"round": move.round + 1, "rounds": run.plan.repeat + 1}, joined(why, run.policy_name()))
        case rules.Exhausted():
            _exhausted(run, move)
    return False


def _notify(run: Run, move: rules.Notify) -> bool:
    asked = people_of(move.step, run.now)
    step = run.step_name(move.number)
    told, problems, again = [], list(asked.problems), False
    for person in asked.people:
        if person.user_id in run.paged:
            # Paged by an earlier step at this very moment; a second page would say nothing new.
            again = True
            continue
        result = _page(run, person, run.key(run.row.round, move.number - 1, person.user_id), step, ENGINE)
        if result.deliveries:
            told.append(person)
            run.paged.add(person.user_id)
        else:
            problems.append(result.problem)
    if told:
        run.row.people_reached += len(told)
        publish(PeoplePaged(run.subject, tuple(told), step, run.now))
    for problem in problems:
        why = _("%(step)s: goes on to the next step") % {"step": step} if not told else step
        _tell(run, problem, why, failed=True)
    return bool(told) or again


def _page(run: Run, person: PagedPerson, key: str, step: str, actor: Actor) -> notifications.PageResult:
    message = run.message
    reason = {
        "why": person.why, "step": step, "policy_id": run.plan.policy_id, "policy": run.plan.policy,
        "policy_version": run.plan.version, "escalation_id": run.row.pk, "facts": message.get("facts", {}),
    }  # fmt: skip
    return notifications.page(
        actor=actor, now=run.now, user_id=person.user_id, key=key, subject=run.subject,
        subject_label=run.row.subject_label, title=message.get("title", run.row.subject_label),
        body=message.get("body", ""), reason=reason,
    )  # fmt: skip


def _exhausted(run: Run, move: rules.Exhausted) -> None:
    row = run.row
    reasons = {
        "no-steps": _("The policy notifies nobody."),
        "no-use": _("No step of the policy found anybody to page."),
        "no-rounds": _("All steps were taken and nobody acknowledged."),
    }
    row.state, row.due_at, row.ended_at = EscalationState.EXHAUSTED, None, run.now
    row.end_reason = why = reasons[move.reason]
    row.snapshot = {**row.snapshot, SAID: packed(end_reason=why)}
    publish(EscalationEnded(run.subject, "exhausted", _with_policy(run, why), run.now))
    if _none_reached(run):
        _nobody_reached(run, why if move.reason != "no-rounds" else _("Every step reached nobody."))


def _with_policy(run: Run, reason: str) -> str:
    return _("%(reason)s (%(policy)s)") % {"reason": reason, "policy": run.policy_name()}


def _none_reached(run: Run) -> bool:
    """Whether no page of this escalation arrived or can still arrive."""
    states = [each.state for each in _outcomes(run) if not each.key.startswith(run.key(FALLBACK))]
    return not states or rules.all_failed(states)


def _nobody_reached(run: Run, reason: str) -> None:
    """Say it, and tell the administrators instead; once."""
    run.row.nobody_reached = True
    publish(NobodyReached(run.subject, _with_policy(run, reason), run.now))
    step = _("fallback: administrators")
    told, problems = [], []
    for user in accounts.administrators():
        person = PagedPerson(user.pk, str(user), _("administrator; nobody of %(policy)s could be reached") % {
            "policy": run.plan.policy})  # fmt: skip
        result = _page(run, person, run.key(FALLBACK, user.pk), step, ENGINE)
        if result.deliveries:
            told.append(person)
        else:
            problems.append(result.problem)
    if told:
        publish(PeoplePaged(run.subject, tuple(told), step, run.now))
    else:
        problems.append(_("No administrator can be reached either. Give one a contact method."))
    for problem in problems:
        _tell(run, problem, step, failed=True)


def _waited_for(run: Run) -> list[str]:
    """Beginnings of the keys of the pages that the escalation is waiting for an answer to."""
    return [run.key(run.row.round, position, "") for position in rules.stretch(run.plan, run.row.position)]


def _states(run: Run, prefixes: list[str]) -> list[str]:
    if not prefixes:
        return []
    return [each.state for each in _outcomes(run) if each.key.startswith(tuple(prefixes))]


def _outcomes(run: Run) -> list[pages.PageOutcome]:
    return pages.outcomes(run.subject, run.key(""))


def _tell(run: Run, text: str, why: str, *, failed: bool = False) -> None:
    publish(StepTaken(run.subject, text, why, run.now, failed))
