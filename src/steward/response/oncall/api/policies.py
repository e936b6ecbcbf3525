"""API of escalation policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.oncall import actions, queries, rules
from steward.response.oncall.api.common import MAX_ID, actor_of
from steward.response.oncall.models import EscalationPolicy
from steward.response.oncall.queries.policies import plan_of, with_steps

policies = Router(tags=["policies"])


class StepIn(Schema):
    """One step: whom to notify by ``id``, or how many ``minutes`` to wait."""

    kind: Literal["notify_schedule", "notify_user", "notify_team", "wait"]
    id: int | None = Field(None, ge=1, le=MAX_ID)
    minutes: int | None = Field(None, ge=1, le=rules.LONGEST_WAIT)


class PolicyStepOut(Schema):
    kind: str
    id: int | None
    label: str
    minutes: int | None


class PolicyIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    team_id: int | None = Field(None, ge=1, le=MAX_ID)
    repeat: int = Field(2, ge=0, le=rules.MOST_REPEATS)
    steps: list[StepIn] = Field(max_length=rules.MOST_STEPS)


class PolicyOut(Schema):
    id: int
    slug: str
    name: str
    team_id: int | None
    repeat: int
    version: int
    steps: list[PolicyStepOut]


class PolicyPage(Schema):
    items: list[PolicyOut]
    next: str | None


class ReachedOut(Schema):
    user_id: int
    name: str
    why: str


class PreviewOut(Schema):
    """A step as it would go if the policy started now; ``after_seconds`` from the start."""

    number: int
    kind: str
    label: str
    minutes: int
    after_seconds: int
    people: list[ReachedOut]
    problems: list[str]
    skipped: bool


def _policy(policy: EscalationPolicy) -> dict[str, Any]:
    steps = [
        {"kind": s.kind, "id": s.target_id, "label": s.label, "minutes": s.wait_minutes or None}
        for s in plan_of(policy).steps
    ]
    names = ("id", "slug", "name", "team_id", "repeat", "version")
    return {**{name: getattr(policy, name) for name in names}, "steps": steps}


@policies.get("", response=PolicyPage, summary="List escalation policies")
def list_policies(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.view")
    return page_of(with_steps(queries.policies(actor)), query, ("name", "id"), _policy)


@policies.post("", response={201: PolicyOut}, summary="Create an escalation policy")
def create_policy(request: HttpRequest, payload: PolicyIn) -> Status[dict[str, Any]]:
    made = actions.create_policy(
        actor=actor_of(request), now=clock.now(), steps=_steps(payload.steps), **payload.dict(exclude={"steps"})
    )
    return Status(201, _policy(queries.policy_by_id(actor_of(request), made.pk)))


@policies.get("/{int:policy_id}", response=PolicyOut, summary="One escalation policy")
def get_policy(request: HttpRequest, policy_id: int) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    return _policy(queries.policy_by_id(actor_of(request), policy_id))


@policies.put("/{int:policy_id}", response=PolicyOut, summary="Change an escalation policy")
def update_policy(request: HttpRequest, policy_id: int, payload: PolicyIn) -> dict[str, Any]:
    actions.update_policy(
        actor=actor_of(request), now=clock.now(), policy_id=policy_id, steps=_steps(payload.steps),
        **payload.dict(exclude={"steps"}),
    )  # fmt: skip
    return _policy(queries.policy_by_id(actor_of(request), policy_id))


@policies.delete("/{int:policy_id}", response={204: None}, summary="Delete a policy that no route uses")
def delete_policy(request: HttpRequest, policy_id: int) -> Status[None]:
    actions.delete_policy(actor=actor_of(request), now=clock.now(), policy_id=policy_id)
    return Status(204, None)


@policies.get("/{int:policy_id}/preview", response=list[PreviewOut], summary="Whom the policy would page now")
def preview_policy(request: HttpRequest, policy_id: int) -> list[dict[str, Any]]:
    actor_of(request).require("oncall.view")
    queries.policy_by_id(actor_of(request), policy_id)
    return [
        {
            "number": step.number, "kind": step.kind, "label": step.label, "minutes": step.wait_minutes,
            "after_seconds": int(step.after.total_seconds()), "problems": list(step.problems), "skipped": step.skipped,
            "people": [{"user_id": p.user_id, "name": p.label, "why": p.why} for p in step.people],
        }
        for step in queries.who_would_be_paged(policy_id, clock.now())
    ]  # fmt: skip


def _steps(given: Sequence[StepIn]) -> list[actions.StepInput]:
    return [actions.StepInput(step.kind, step.id, wait_minutes=step.minutes or 0) for step in given]
