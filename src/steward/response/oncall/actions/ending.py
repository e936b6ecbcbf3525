"""How an escalation ends, and what happens when it reached nobody."""

from __future__ import annotations

from steward.foundation.events import publish
from steward.foundation.sentences import SAID, joined, packed
from steward.foundation.sentences import gettext as _
from steward.people.accounts import queries as accounts
from steward.response.oncall import rules
from steward.response.oncall.actions.run import Run
from steward.response.oncall.events import EscalationEnded, NobodyReached, PagedPerson, PeoplePaged
from steward.response.oncall.models import EscalationState
from steward.response.oncall.queries.wording import unmet_words

FALLBACK = "fallback"


def exhaust(run: Run, move: rules.Exhausted) -> None:
    """Nothing is left to do. Whether it found nobody, had no more rounds or was told to end: when no page arrived or can
    still arrive, that is an alarm of its own."""
    row = run.row
    row.state, row.due_at, row.ended_at = EscalationState.EXHAUSTED, None, run.now
    why = _why(move)
    row.end_reason = why[:200]
    row.snapshot = {**row.snapshot, SAID: packed(end_reason=why)}
    publish(EscalationEnded(run.subject, "exhausted", _with_policy(run, why), run.now))
    if none_reached(run):
        nobody_reached(run, why if move.reason != "no-rounds" else _("Every step reached nobody."))


def _why(move: rules.Exhausted) -> str:
    reasons = {
        "no-steps": _("The policy notifies nobody."),
        "no-use": _("No step of the policy found anybody to page."),
        "no-rounds": _("All steps were taken and nobody acknowledged."),
        "end": _("The policy ends it with step %(n)s.") % {"n": move.number},
    }
    if move.reason in reasons:
        return reasons[move.reason]
    missing = unmet_words(move.step.only_if, move.unmet) if move.step and move.unmet else ""
    return joined(_("The policy does not continue after step %(n)s.") % {"n": move.number}, missing)


def none_reached(run: Run) -> bool:
    """Whether no page of this escalation arrived or can still arrive."""
    states = [each.state for each in run.outcomes() if not each.key.startswith(run.key(FALLBACK))]
    return not states or rules.all_failed(states)


def nobody_reached(run: Run, reason: str) -> None:
    """Say it, and tell the administrators instead; once."""
    run.row.nobody_reached = True
    publish(NobodyReached(run.subject, _with_policy(run, reason), run.now))
    step = _("fallback: administrators")
    told, problems = [], []
    for user in accounts.administrators():
        person = PagedPerson(user.pk, str(user), _("administrator; nobody of %(policy)s could be reached") % {
            "policy": run.plan.policy})  # fmt: skip
        # Nobody comes after them: leave is no reason to stay silent.
        result = run.page(person, run.key(FALLBACK, user.pk), step, even_on_leave=True)
        if result.deliveries:
            told.append(person)
        else:
            problems.append(result.problem)
    if told:
        publish(PeoplePaged(run.subject, tuple(told), step, run.now))
    else:
        problems.append(_("No administrator can be reached either. Give one a contact method."))
    for problem in problems:
        run.tell(problem, step, failed=True)


def _with_policy(run: Run, reason: str) -> str:
    return _("%(reason)s (%(policy)s)") % {"reason": reason, "policy": run.policy_name()}
