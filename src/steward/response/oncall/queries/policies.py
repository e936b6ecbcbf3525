"""Escalation policies, and whom they would page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor, system
from steward.foundation.events import publish
from steward.people.accounts import queries as accounts
from steward.response.notifications import queries as notifications
from steward.response.oncall import rules
from steward.response.oncall.errors import PolicyNotFound
from steward.response.oncall.events import PagedPerson, RunbooksAsked
from steward.response.oncall.models import EscalationPolicy, PolicyStep
from steward.response.oncall.queries.people import Directory
from steward.response.oncall.queries.wording import condition_words, step_words, unmet_words

_READER = system("on-call")


@dataclass(frozen=True, slots=True)
class StepPreview:
    """One step of a policy as it would go now. ``after`` is when, from the start of the escalation; ``people`` whom
    it would page; ``problems`` why it would reach nobody, or not everybody. ``skipped``: it would not be taken, and
    ``note`` says why; ``words`` what it does, ``condition`` when."""

    number: int
    kind: str
    label: str
    target_id: int | None
    wait_minutes: int
    after: timedelta
    people: tuple[PagedPerson, ...]
    problems: tuple[str, ...]
    skipped: bool
    words: str = ""
    condition: str = ""
    note: str = ""
    importance: str = "important"


def policies(actor: Actor) -> QuerySet[EscalationPolicy]:
    """The policies this actor may see."""
    return EscalationPolicy.objects.visible_to(actor).select_related("team")


def policy_by_id(actor: Actor, policy_id: int) -> EscalationPolicy:
    """One policy with its steps; PolicyNotFound otherwise."""
    return _one(policies(actor).filter(pk=policy_id))


def policy_by_slug(actor: Actor, slug: str) -> EscalationPolicy:
    """One policy with its steps; PolicyNotFound otherwise."""
    return _one(policies(actor).filter(slug=slug))


def plan_of(policy: EscalationPolicy, names: Mapping[int, str] | None = None) -> rules.Plan:
    """The policy in the terms of the rules, with the names of today; this is what an escalation is started with.
    ``names``: those of the people who take turns, if they are known already."""
    found = list(policy.steps.all())
    known = names_of([policy]) if names is None else names
    steps = tuple(_step(step, known) for step in found)
    return rules.Plan(policy.pk, policy.name, policy.version, policy.repeat, steps)


def names_of(found: Iterable[EscalationPolicy]) -> dict[int, str]:
    """The names of the people who take turns in these policies (with their steps loaded); one query, or none."""
    people = {key for policy in found for step in policy.steps.all() for key in step.options.get("people", ())}
    return {user.pk: str(user) for user in accounts.users(_READER).filter(pk__in=people)} if people else {}


def who_would_be_paged(policy_id: int, now: datetime, severity: str = "") -> list[StepPreview]:
    """Each step of the first round with whom it would page if the escalation started now, for a subject that is this
    bad (without a severity, conditions on it hold)."""
    policy = with_steps(EscalationPolicy.objects.filter(pk=policy_id)).first()
    return preview(plan_of(policy), now, severity) if policy else []


def preview(plan: rules.Plan, now: datetime, severity: str = "") -> list[StepPreview]:
    """The first round of a plan, step by step, as it would go from ``now``."""
    waits = timedelta(minutes=sum(step.wait_minutes for step in plan.steps))
    whole = waits + timedelta(days=8) * sum(step.kind == rules.WAIT_HOURS for step in plan.steps)
    directory = Directory(plan.steps, now, whole, plan.policy_id)
    reach = notifications.reach_of(directory.everybody())
    found: list[StepPreview] = []
    place, elapsed = rules.Place(), timedelta()
    for index, step in enumerate(plan.steps):
        if index < place.position:
            found.append(_shown(index, step, elapsed, skipped=True, note=_("jumped over")))
            continue
        over = index > place.position
        move = rules.Exhausted("end") if over else rules.next_move(plan, place, rules.World(now + elapsed, severity))
        people, problems = _would_page(directory, step, now + elapsed, reach)
        taken = isinstance(move, rules.Notify) or (isinstance(move, rules.Exhausted) and step.kind in rules.NOTIFYING)
        note = _("not reached: it has ended before") if over else _note(move, step)
        found.append(
            _shown(
                index, step, elapsed, people if taken else (), problems if taken else (), note=note,
                skipped=over or isinstance(move, rules.SkipWait | rules.PassOver | rules.Jump),
            )
        )  # fmt: skip
        if isinstance(move, rules.Notify) and people and step.kind in rules.IN_TURN:
            directory.took_turn(step, people[0].user_id)
        elapsed += _takes(move, now + elapsed)
        # What has ended stays where it is: the steps that follow are shown and not taken.
        if not isinstance(move, rules.Exhausted):
            place = rules.after_move(place, move, reached=bool(people))
        elif move.reason == "no-steps":
            place = rules.Place(index + 1, asked=True)
    return found


def _takes(move: rules.Move, at: datetime) -> timedelta:
    if isinstance(move, rules.Wait):
        return move.delay
    return move.until - at if isinstance(move, rules.WaitUntil) else timedelta()


def _note(move: rules.Move, step: rules.Step) -> str:
    """What the reader would not expect of the step."""
    match move:
        case rules.PassOver() | rules.Jump():
            return _("passed over: %(why)s") % {"why": unmet_words(step.only_if, move.unmet)}
        case rules.Exhausted(reason="not-continued", unmet=rules.Unmet() as missing):
            return _("it ends here: %(why)s") % {"why": unmet_words(step.only_if, missing)}
        case rules.SkipWait():
            return _("passed over: the steps before reach nobody")
    return ""


def _shown(
    index: int, step: rules.Step, elapsed: timedelta, people: tuple[PagedPerson, ...] = (),
    problems: tuple[str, ...] = (), *, skipped: bool = False, note: str = "",
) -> StepPreview:  # fmt: skip
    return StepPreview(
        index + 1, step.kind, step.label, step.target_id, step.wait_minutes, elapsed, people, problems, skipped,
        words=step_words(step), condition="" if step.kind == rules.CONTINUE_IF else condition_words(step.only_if),
        note=note, importance=step.importance,
    )  # fmt: skip


def _would_page(
    directory: Directory, step: rules.Step, at: datetime, reach: Mapping[int, object]
) -> tuple[tuple[PagedPerson, ...], tuple[str, ...]]:
    if step.kind not in rules.NOTIFYING:
        return (), ()
    here = directory.asked(step, at)
    people = [person for person in here.people if reach.get(person.user_id)]
    missed = [person for person in here.people if not reach.get(person.user_id)]
    if here.in_turn and people:
        # Who cannot be reached is passed over only as long as nobody before them could be.
        before = [person.user_id for person in here.people].index(people[0].user_id)
        people, missed = people[:1], missed[:before]
    return tuple(people), (*here.problems, *map(unreachable, missed))


def runbooks() -> list[tuple[str, str]]:
    """The runbooks that a step can start, as (reference, name); none while no room runs any."""
    asked = RunbooksAsked()
    publish(asked)
    return asked.found


def unreachable(person: PagedPerson) -> str:
    """Why a person who should be paged cannot be."""
    return _("%(person)s cannot be reached: no contact method that is on, and no e-mail address.") % {
        "person": person.label
    }


def with_steps(found: QuerySet[EscalationPolicy]) -> QuerySet[EscalationPolicy]:
    """The same policies with their steps and the names in them loaded."""
    steps = PolicyStep.objects.select_related("schedule", "user", "team").order_by("position")
    return found.prefetch_related(Prefetch("steps", steps))


def _one(found: QuerySet[EscalationPolicy]) -> EscalationPolicy:
    policy = with_steps(found).first()
    if policy is None:
        raise PolicyNotFound(_("There is no such escalation policy, or you may not see it."))
    return policy


def stored_step(step: PolicyStep, label: str = "") -> rules.Step:
    """A step as the rules know it."""
    return rules.Step.from_json(
        {
            "kind": step.kind, "id": step.schedule_id or step.user_id or step.team_id, "label": label,
            "wait_minutes": step.wait_minutes, **step.options,
        }
    )  # fmt: skip


def _step(step: PolicyStep, names: Mapping[int, str]) -> rules.Step:
    target = step.schedule or step.user or step.team
    found = stored_step(step, str(target or step.options.get("label", "")))
    if found.kind == rules.TURN_PEOPLE:
        return replace(found, label=", ".join(names.get(key, "?") for key in found.people))
    return found
