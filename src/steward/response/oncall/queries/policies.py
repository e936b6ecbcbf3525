"""Escalation policies, and whom they would page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.response.notifications import queries as notifications
from steward.response.oncall import rules
from steward.response.oncall.errors import PolicyNotFound
from steward.response.oncall.events import PagedPerson
from steward.response.oncall.models import EscalationPolicy, PolicyStep
from steward.response.oncall.queries.people import Asked, Directory


@dataclass(frozen=True, slots=True)
class StepPreview:
    """One step of a policy as it would go now. ``after`` is when, from the start of the escalation; ``people`` whom
    it would page; ``problems`` why it would reach nobody, or not everybody."""

    number: int
    kind: str
    label: str
    target_id: int | None
    wait_minutes: int
    after: timedelta
    people: tuple[PagedPerson, ...]
    problems: tuple[str, ...]
    skipped: bool


def policies(actor: Actor) -> QuerySet[EscalationPolicy]:
    """The policies this actor may see."""
    return EscalationPolicy.objects.visible_to(actor).select_related("team")


def policy_by_id(actor: Actor, policy_id: int) -> EscalationPolicy:
    """One policy with its steps; PolicyNotFound otherwise."""
    return _one(policies(actor).filter(pk=policy_id))


def policy_by_slug(actor: Actor, slug: str) -> EscalationPolicy:
    """One policy with its steps; PolicyNotFound otherwise."""
    return _one(policies(actor).filter(slug=slug))


def plan_of(policy: EscalationPolicy) -> rules.Plan:
    """The policy in the terms of the rules, with the names of today; this is what an escalation is started with."""
    steps = tuple(_step(step) for step in policy.steps.all())
    return rules.Plan(policy.pk, policy.name, policy.version, policy.repeat, steps)


def who_would_be_paged(policy_id: int, now: datetime) -> list[StepPreview]:
    """Each step of the first round with whom it would page if the escalation started now."""
    policy = with_steps(EscalationPolicy.objects.filter(pk=policy_id)).first()
    return preview(plan_of(policy), now) if policy else []


def preview(plan: rules.Plan, now: datetime) -> list[StepPreview]:
    """The first round of a plan, step by step, as it would go from ``now``."""
    whole = timedelta(minutes=sum(step.wait_minutes for step in plan.steps))
    directory = Directory(plan.steps, now, whole)
    asked: dict[int, Asked] = {}
    after = timedelta()
    for index, step in enumerate(plan.steps):
        if step.kind == rules.WAIT:
            after += timedelta(minutes=step.wait_minutes)
        else:
            asked[index] = directory.asked(step, now + after)
    reach = notifications.reach_of(person.user_id for each in asked.values() for person in each.people)
    found: list[StepPreview] = []
    place, elapsed = rules.Place(), timedelta()
    for index, step in enumerate(plan.steps):
        move = rules.next_move(plan, place)
        here = asked.get(index, Asked((), ()))
        people = tuple(person for person in here.people if reach.get(person.user_id))
        problems = (*here.problems, *(unreachable(person) for person in here.people if not reach.get(person.user_id)))
        skipped = isinstance(move, rules.SkipWait)
        found.append(
            StepPreview(
                index + 1, step.kind, step.label, step.target_id, step.wait_minutes, elapsed, people, problems, skipped
            )
        )
        if isinstance(move, rules.Wait):
            elapsed += move.delay
        if isinstance(move, rules.Exhausted):
            place = rules.Place(index + 1, asked=True)
        else:
            place = rules.after_move(place, move, reached=bool(people))
    return found


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


def _step(step: PolicyStep) -> rules.Step:
    if step.kind == rules.WAIT:
        return rules.Step(step.kind, wait_minutes=step.wait_minutes or 0)
    target = step.schedule or step.user or step.team
    return rules.Step(step.kind, target.pk if target else None, str(target or ""))
