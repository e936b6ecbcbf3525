"""Writing escalation policies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.oncall import rules
from steward.response.oncall.actions.names import clean_name, free_slug, name_taken, require_free
from steward.response.oncall.errors import PolicyInUse, PolicyInvalid, PolicyNotFound
from steward.response.oncall.models import EscalationPolicy, PolicyStep
from steward.response.oncall.queries.schedules import schedules

StepInput = rules.Step


@transaction.atomic
def create_policy(
    *, actor: Actor, now: datetime, name: str, steps: Sequence[StepInput], repeat: int = 2, team_id: int | None = None
) -> EscalationPolicy:
    """Create a policy; ``steps`` in order (labels are not needed)."""
    actor.require("oncall.manage")
    name = clean_name(name, PolicyInvalid)
    require_free(EscalationPolicy, name)
    _check(actor, steps, repeat, team_id)
    try:
        with transaction.atomic():
            policy = EscalationPolicy.objects.create(
                name=name, slug=free_slug(EscalationPolicy, name, "policy"), repeat=repeat, team_id=team_id
            )
    except IntegrityError as error:
        raise name_taken(name) from error
    _set_steps(policy, steps)
    _record(actor, now, "policy.create", policy, after=_audited(policy, steps))
    return policy


@transaction.atomic
def update_policy(
    *,
    actor: Actor,
    now: datetime,
    policy_id: int,
    name: str,
    steps: Sequence[StepInput],
    repeat: int,
    team_id: int | None = None,
) -> EscalationPolicy:
    """Change a policy. Escalations under way keep the version they were started with."""
    actor.require("oncall.manage")
    policy = _locked(actor, policy_id)
    before = _audited(policy, [_stored(step) for step in policy.steps.order_by("position")])
    name = clean_name(name, PolicyInvalid)
    require_free(EscalationPolicy, name, policy.pk)
    _check(actor, steps, repeat, team_id)
    policy.name, policy.repeat, policy.team_id = name, repeat, team_id
    after = _audited(policy, steps)
    changed = [field for field in after if after[field] != before[field]]
    if not changed:
        return policy
    policy.version += 1
    try:
        with transaction.atomic():
            policy.save(update_fields=["name", "repeat", "team", "version"])
    except IntegrityError as error:
        raise name_taken(name) from error
    if "steps" in changed:
        policy.steps.all().delete()
        _set_steps(policy, steps)
    _record(
        actor, now, "policy.update", policy,
        before={"version": policy.version - 1, **{field: before[field] for field in changed}},
        after={"version": policy.version, **{field: after[field] for field in changed}},
    )  # fmt: skip
    return policy


@transaction.atomic
def delete_policy(*, actor: Actor, now: datetime, policy_id: int) -> None:
    """Delete a policy that no route uses. Escalations under way go on: they have their own copy."""
    actor.require("oncall.manage")
    policy = _locked(actor, policy_id)
    steps = [_stored(step) for step in policy.steps.order_by("position")]
    _record(actor, now, "policy.delete", policy, before=_audited(policy, steps))
    try:
        with transaction.atomic():
            policy.delete()
    except ProtectedError as error:
        raise PolicyInUse(
            _("A route uses %(policy)s. Give the route another policy first.") % {"policy": policy.name}
        ) from error


def _locked(actor: Actor, policy_id: int) -> EscalationPolicy:
    policy = EscalationPolicy.objects.visible_to(actor).select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise PolicyNotFound(_("There is no such escalation policy, or you may not see it."))
    return policy


def _check(actor: Actor, steps: Sequence[StepInput], repeat: int, team_id: int | None) -> None:
    texts = {
        "repeat": _("The steps are repeated 0 to %(n)s times.") % {"n": rules.MOST_REPEATS},
        "too-many": _("A policy has at most %(n)s steps.") % {"n": rules.MOST_STEPS},
        "nobody": _("The policy notifies nobody. Add a step that notifies a schedule, a person or a team."),
        "wait": _("Wait 1 to %(n)s minutes.") % {"n": rules.LONGEST_WAIT},
        "kind": _("Choose what the step does."),
        "target": _("Choose whom to notify."),
        "no-last-wait": _("End with a step that waits: the steps are repeated, and without it the next round begins"
                          " at once."),
    }  # fmt: skip
    fields: dict[str, list[str]] = {}
    for index, code in rules.check_steps(steps, repeat):
        name = "repeat" if code == "repeat" else "steps" if index is None else f"steps.{index}"
        fields.setdefault(name, []).append(texts[code])
    for index, text in _unknown_targets(actor, steps):
        fields.setdefault(f"steps.{index}", []).append(text)
    if team_id and not accounts.teams(actor).filter(pk=team_id).exists():
        fields["team"] = [_("Choose one of the teams.")]
    if fields:
        raise PolicyInvalid(next(iter(fields.values()))[0], fields=fields)


def _unknown_targets(actor: Actor, steps: Sequence[StepInput]) -> list[tuple[int, str]]:
    wanted: dict[str, set[int]] = {kind: set() for kind in rules.NOTIFYING}
    for step in steps:
        if step.kind in wanted and step.target_id is not None:
            wanted[step.kind].add(step.target_id)
    known = {
        rules.NOTIFY_SCHEDULE: set(
            schedules(actor).filter(pk__in=wanted[rules.NOTIFY_SCHEDULE]).values_list("pk", flat=True)
        ),
        rules.NOTIFY_TEAM: set(
            accounts.teams(actor).filter(pk__in=wanted[rules.NOTIFY_TEAM]).values_list("pk", flat=True)
        ),
        rules.NOTIFY_USER: {user.pk for user in accounts.active_users(list(wanted[rules.NOTIFY_USER]))},
    }
    texts = {
        rules.NOTIFY_SCHEDULE: _("There is no such schedule."),
        rules.NOTIFY_TEAM: _("There is no such team."),
        rules.NOTIFY_USER: _("There is no such active person."),
    }
    return [
        (index, texts[step.kind])
        for index, step in enumerate(steps)
        if step.kind in known and step.target_id is not None and step.target_id not in known[step.kind]
    ]


def _set_steps(policy: EscalationPolicy, steps: Sequence[StepInput]) -> None:
    PolicyStep.objects.bulk_create(
        PolicyStep(
            policy=policy, position=position, kind=step.kind,
            schedule_id=step.target_id if step.kind == rules.NOTIFY_SCHEDULE else None,
            user_id=step.target_id if step.kind == rules.NOTIFY_USER else None,
            team_id=step.target_id if step.kind == rules.NOTIFY_TEAM else None,
            wait_minutes=step.wait_minutes if step.kind == rules.WAIT else None,
        )
        for position, step in enumerate(steps)
    )  # fmt: skip


def _stored(step: PolicyStep) -> rules.Step:
    return rules.Step(step.kind, step.schedule_id or step.user_id or step.team_id, wait_minutes=step.wait_minutes or 0)


def _audited(policy: EscalationPolicy, steps: Sequence[StepInput]) -> dict[str, Any]:
    return {
        "name": policy.name, "repeat": policy.repeat, "team": policy.team_id,
        "steps": [
            {"kind": step.kind, "minutes": step.wait_minutes} if step.kind == rules.WAIT
            else {"kind": step.kind, "id": step.target_id}
            for step in steps
        ],
    }  # fmt: skip


def _record(
    actor: Actor, now: datetime, action: str, policy: EscalationPolicy, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("policy", policy.pk), subject_label=policy.name,
        before=before, after=after,
    )  # fmt: skip
