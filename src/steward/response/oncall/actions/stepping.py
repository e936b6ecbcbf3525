"""What each move of an escalation does."""

from __future__ import annotations

from steward.foundation.events import publish
from steward.foundation.sentences import Moment, joined, ngettext
from steward.foundation.sentences import gettext as _
from steward.response.oncall import rules
from steward.response.oncall.actions.ending import exhaust
from steward.response.oncall.actions.run import Run
from steward.response.oncall.actions.webhooks import ask_call
from steward.response.oncall.events import PagedPerson, PeoplePaged, RunbookWanted, SeverityWanted
from steward.response.oncall.models import Turn
from steward.response.oncall.queries.people import Directory
from steward.response.oncall.queries.turns import turn_key
from steward.response.oncall.queries.wording import step_words, unmet_words


def make(run: Run, move: rules.Move) -> bool:
    """Do what the move says; whether it paged somebody."""
    match move:
        case rules.Notify():
            return _notify(run, move)
        case rules.Act():
            _act(run, move)
        case rules.Wait():
            minutes = move.step.wait_minutes
            text = ngettext("Waits %(n)s minute", "Waits %(n)s minutes", minutes) % {"n": minutes}
            run.tell(text, run.step_name(move.number))
            run.paged.clear()
        case rules.WaitUntil():
            zone = move.step.hours.zone if move.step.hours else "UTC"
            text = _("Waits until %(time)s") % {"time": Moment(move.until, zone, "D j M H:i")}
            run.tell(text, joined(run.step_name(move.number), step_words(move.step)))
            run.paged.clear()
        case rules.SkipWait():
            run.tell(_("Does not wait"), _("the steps before reached nobody"))
        case rules.PassOver():
            text = _("Passed over: %(step)s") % {"step": step_words(move.step)}
            run.tell(text, joined(unmet_words(move.step.only_if, move.unmet), run.step_name(move.number)))
        case rules.Jump():
            text = ngettext("Jumps over %(n)s step", "Jumps over %(n)s steps", move.step.skip) % {"n": move.step.skip}
            run.tell(text, joined(unmet_words(move.step.only_if, move.unmet), run.step_name(move.number)))
        case rules.Met():
            run.tell(_("Goes on at once"), joined(step_words(move.step), run.step_name(move.number)))
        case rules.Repeat():
            text = _("Begins again: round %(round)s of %(rounds)s")
            why = _("nobody has acknowledged")
            run.tell(
                text % {"round": move.round + 1, "rounds": run.plan.repeat + 1}, joined(why, run.policy_name())
            )  # fmt: skip
        case rules.Exhausted():
            exhaust(run, move)
    return False


def _notify(run: Run, move: rules.Notify) -> bool:
    directory = Directory([move.step], run.now, policy_id=run.plan.policy_id)
    asked = directory.asked(move.step, run.now)
    step = run.step_name(move.number)
    told, problems, again = [], list(asked.problems), False
    for person in asked.people:
        if person.user_id in run.paged:
            # Paged by an earlier step at this very moment; a second page would say nothing new.
            again = again or not asked.in_turn
            continue
        key = run.key(run.row.round, move.number - 1, person.user_id)
        result = run.page(person, key, step, move.step.importance)
        if not result.deliveries:
            problems.append(result.problem)
            continue
        told.append(person)
        run.paged.add(person.user_id)
        if asked.in_turn:
            _take_turn(run, directory, move.step, person)
            break
    if asked.in_turn and not told:
        again = any(person.user_id in run.paged for person in asked.people)
    if told:
        run.row.people_reached += len(told)
        publish(PeoplePaged(run.subject, tuple(told), step, run.now))
    for problem in problems:
        why = _("%(step)s: goes on to the next step") % {"step": step} if not told else step
        run.tell(problem, why, failed=True)
    return bool(told) or again


def _take_turn(run: Run, directory: Directory, step: rules.Step, person: PagedPerson) -> None:
    """Write down whose turn it was; the lock of the turn is held."""
    number = directory.took_turn(step, person.user_id)
    Turn.objects.update_or_create(
        key=turn_key(run.plan.policy_id, step), user_id=person.user_id, defaults={"number": number}
    )


def _act(run: Run, move: rules.Act) -> None:
    """Do something else than paging: whatever becomes of it, the escalation goes on."""
    step, name = move.step, run.step_name(move.number)
    if step.kind == rules.WEBHOOK:
        ask_call(run, step, name, run.key(run.row.round, move.number - 1, "webhook"))
        run.tell(_("Calls a webhook"), joined(name, step_words(step)))
        return
    if step.kind == rules.RAISE_SEVERITY:
        wanted = SeverityWanted(run.subject, step.severity, name, run.now)
        publish(wanted)
        run.subject_changed()
        if not wanted.answers:
            run.tell(_("The severity stays as it is"), joined(name, step_words(step)))
        return
    runbook = RunbookWanted(
        run.subject,
        run.row.subject_label,
        step.label,
        run.key(run.row.round, move.number - 1, "runbook"),
        name,
        run.now,
    )
    publish(runbook)
    if runbook.answers:
        run.tell(_("Starts the runbook %(name)s") % {"name": step.label}, joined(*runbook.answers, name))
    else:
        text = _("The runbook %(name)s was not started: nothing here runs runbooks.") % {"name": step.label}
        run.tell(text, name, failed=True)
