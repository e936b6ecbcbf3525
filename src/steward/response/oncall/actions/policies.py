"""Writing escalation policies."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.outbound.redact import redact_url
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall import rules
from steward.response.oncall.actions.checking import check_policy
from steward.response.oncall.actions.names import clean_name, free_slug, name_taken, require_free
from steward.response.oncall.errors import PolicyInUse, PolicyInvalid, PolicyNotFound
from steward.response.oncall.models import EscalationPolicy, PolicyStep
from steward.response.oncall.queries.policies import stored_step

StepInput = rules.Step


@transaction.atomic
def create_policy(
    *, actor: Actor, now: datetime, name: str, steps: Sequence[StepInput], repeat: int = 2, team_id: int | None = None
) -> EscalationPolicy:
    """Create a policy; ``steps`` in order (labels are not needed)."""
    actor.require("oncall.manage")
    name = clean_name(name, PolicyInvalid)
    require_free(EscalationPolicy, name)
    check_policy(actor, steps, repeat, team_id)
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
    before = _audited(policy, [stored_step(step) for step in policy.steps.order_by("position")])
    name = clean_name(name, PolicyInvalid)
    require_free(EscalationPolicy, name, policy.pk)
    check_policy(actor, steps, repeat, team_id)
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
    steps = [stored_step(step) for step in policy.steps.order_by("position")]
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


def _set_steps(policy: EscalationPolicy, steps: Sequence[StepInput]) -> None:
    PolicyStep.objects.bulk_create(
        PolicyStep(
            policy=policy, position=position, kind=step.kind,
            schedule_id=step.target_id if step.kind in rules.OF_SCHEDULES else None,
            user_id=step.target_id if step.kind == rules.NOTIFY_USER else None,
            team_id=step.target_id if step.kind in rules.OF_TEAMS else None,
            wait_minutes=step.wait_minutes if step.kind == rules.WAIT else None,
            options={**step.extras(), **({"label": step.label} if step.kind == rules.RUNBOOK else {})},
        )
        for position, step in enumerate(steps)
    )  # fmt: skip


def _audited(policy: EscalationPolicy, steps: Sequence[StepInput]) -> dict[str, Any]:
    return {
        "name": policy.name, "repeat": policy.repeat, "team": policy.team_id, "steps": [_audited_step(s) for s in steps],
    }  # fmt: skip


def _audited_step(step: StepInput) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": step.kind}
    if step.kind == rules.WAIT:
        said["minutes"] = step.wait_minutes
    elif step.target_id is not None:
        said["id"] = step.target_id
    elif step.kind == rules.RUNBOOK:
        said["runbook"] = step.label
    extras = step.extras()
    if "url" in extras:
        # Which address it is shows in the comparison of two versions, its tokens do not.
        digest = hashlib.sha256(step.url.encode()).hexdigest()[:12]
        extras["url"] = f"{redact_url(step.url)} ({digest})"
    return {**said, **extras}


def _record(
    actor: Actor, now: datetime, action: str, policy: EscalationPolicy, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("policy", policy.pk), subject_label=policy.name,
        before=before, after=after,
    )  # fmt: skip
