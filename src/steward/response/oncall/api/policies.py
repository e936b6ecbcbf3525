"""API of escalation policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.outbound.redact import redact_url
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.oncall import actions, queries, rules
from steward.response.oncall.api.common import MAX_ID, actor_of
from steward.response.oncall.models import EscalationPolicy
from steward.response.oncall.queries.policies import plan_of, with_steps

policies = Router(tags=["policies"])


Minutes = Annotated[int, Field(ge=1, le=rules.LONGEST_WAIT)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
SeverityWord = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Importance = Literal["important", "normal"]


class HoursModel(Schema):
    """Hours of the week by the clocks of a zone; 0 is Monday. An end that is not after the start is of the next day."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7)
    start: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    zone: str = Field(min_length=1, max_length=64)


class ConditionModel(Schema):
    """When a step is taken: everything given must hold. `outside` turns the hours round; `severity` or worse; more than
    `alerts` within `minutes`."""

    hours: HoursModel | None = None
    outside: bool = False
    severity: SeverityWord | None = None
    alerts: int | None = Field(None, ge=0, le=rules.MOST_ALERTS)
    minutes: int | None = Field(None, ge=1, le=rules.LONGEST_COUNT)


class StepBase(Schema):
    """`only_if`: else the step is passed over."""

    only_if: ConditionModel | None = None


class NotifyIn(StepBase):
    """Notify a schedule, a person or a team by its `id`: who is on call, was before or is next; everybody of a team, or
    one member in turn."""

    kind: Literal["notify_schedule", "notify_previous", "notify_next", "notify_user", "notify_team", "turn_team"]
    # Beside a step that names nobody stands the complaint of the action.
    id: Id | None = None
    importance: Importance = "important"


class TurnPeopleIn(StepBase):
    """Notify one of these people, in turn."""

    kind: Literal["turn_people"]
    people: list[Id] = Field(max_length=rules.MOST_PEOPLE)
    importance: Importance = "important"


class WaitIn(StepBase):
    kind: Literal["wait"]
    minutes: Minutes | None = None


class WaitHoursIn(StepBase):
    """Wait until these hours begin; within them it goes on at once."""

    kind: Literal["wait_hours"]
    hours: HoursModel


class ContinueIfIn(StepBase):
    """Continue only if; else jump over the next `skip` steps, or (0) end."""

    kind: Literal["continue_if"]
    only_if: ConditionModel
    skip: int = Field(0, ge=0, le=rules.MOST_STEPS)


class WebhookIn(StepBase):
    """Call an address with a signed POST; what it answers stands in the timeline."""

    kind: Literal["webhook"]
    url: str = Field(min_length=1, max_length=2000)


class RunbookIn(StepBase):
    kind: Literal["runbook"]
    runbook: str = Field(min_length=1, max_length=200)


class RaiseSeverityIn(StepBase):
    kind: Literal["raise_severity"]
    severity: SeverityWord


class EndIn(StepBase):
    kind: Literal["end"]


StepIn = Annotated[
    NotifyIn | TurnPeopleIn | WaitIn | WaitHoursIn | ContinueIfIn | WebhookIn | RunbookIn | RaiseSeverityIn | EndIn,
    Field(discriminator="kind"),
]


class PolicyStepOut(Schema):
    """A step; what its kind does not have is null. The address of a webhook is shown whole only to who may change the
    policy. `text` says the step in words."""

    kind: str
    id: int | None
    label: str
    minutes: int | None
    importance: Importance | None = None
    people: list[int] | None = None
    hours: HoursModel | None = None
    skip: int | None = None
    url: str | None = None
    runbook: str | None = None
    severity: SeverityWord | None = None
    only_if: ConditionModel | None = None
    text: str = ""


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
    """A step as it would go if the policy started now; ``after_seconds`` from the start. ``note`` says why a step that
    is ``skipped`` would not be taken."""

    number: int
    kind: str
    label: str
    minutes: int
    after_seconds: int
    people: list[ReachedOut]
    problems: list[str]
    skipped: bool
    importance: Importance = "important"
    text: str = ""
    condition: str = ""
    note: str = ""


def _out(actor: Actor, policy: EscalationPolicy, names: Mapping[int, str] | None = None) -> dict[str, Any]:
    fields = ("id", "slug", "name", "team_id", "repeat", "version")
    steps = [_step(step, whole=actor.can("oncall.manage")) for step in plan_of(policy, names).steps]
    return {**{name: getattr(policy, name) for name in fields}, "steps": steps}


def _step(step: rules.Step, *, whole: bool) -> dict[str, Any]:
    condition, hours = step.only_if, step.hours
    return {
        "kind": step.kind, "id": step.target_id, "label": step.label, "minutes": step.wait_minutes or None,
        "importance": step.importance if step.kind in rules.NOTIFYING else None,
        "people": list(step.people) if step.kind == rules.TURN_PEOPLE else None,
        "hours": hours.to_json() if hours else None, "skip": step.skip if step.kind == rules.CONTINUE_IF else None,
        "url": (step.url if whole else redact_url(step.url)) if step.kind == rules.WEBHOOK else None,
        "runbook": step.label if step.kind == rules.RUNBOOK else None, "severity": step.severity or None,
        "only_if": _condition(condition) if condition.asks else None, "text": str(queries.step_words(step)),
    }  # fmt: skip


def _condition(condition: rules.Condition) -> dict[str, Any]:
    return {
        "hours": condition.hours.to_json() if condition.hours else None, "outside": condition.outside,
        "severity": condition.severity or None, "alerts": condition.alerts, "minutes": condition.minutes or None,
    }  # fmt: skip


@policies.get("", response=PolicyPage, summary="List escalation policies")
def list_policies(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.view")
    return page_of(with_steps(queries.policies(actor)), query, ("name", "id"), lambda each: _out(actor, each))


@policies.post("", response={201: PolicyOut}, summary="Create an escalation policy")
def create_policy(request: HttpRequest, payload: PolicyIn) -> Status[dict[str, Any]]:
    made = actions.create_policy(
        actor=actor_of(request), now=clock.now(), steps=_steps(payload.steps), **payload.dict(exclude={"steps"})
    )
    return Status(201, _out(actor_of(request), queries.policy_by_id(actor_of(request), made.pk)))


@policies.get("/{int:policy_id}", response=PolicyOut, summary="One escalation policy")
def get_policy(request: HttpRequest, policy_id: int) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    return _out(actor_of(request), queries.policy_by_id(actor_of(request), policy_id))


@policies.put("/{int:policy_id}", response=PolicyOut, summary="Change an escalation policy")
def update_policy(request: HttpRequest, policy_id: int, payload: PolicyIn) -> dict[str, Any]:
    actions.update_policy(
        actor=actor_of(request), now=clock.now(), policy_id=policy_id, steps=_steps(payload.steps),
        **payload.dict(exclude={"steps"}),
    )  # fmt: skip
    return _out(actor_of(request), queries.policy_by_id(actor_of(request), policy_id))


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
            "importance": step.importance, "text": step.words, "condition": step.condition, "note": step.note,
            "people": [{"user_id": p.user_id, "name": p.label, "why": p.why} for p in step.people],
        }
        for step in queries.who_would_be_paged(policy_id, clock.now())
    ]  # fmt: skip


def _steps(given: Sequence[Any]) -> list[actions.StepInput]:
    return [_input(step) for step in given]


def _input(step: Any) -> actions.StepInput:
    def of(name: str) -> Any:
        return getattr(step, name, None)

    hours, condition = of("hours"), step.only_if
    return actions.StepInput(
        step.kind, of("id"), of("runbook") or "", wait_minutes=of("minutes") or 0,
        important=of("importance") != "normal", people=tuple(of("people") or ()),
        hours=rules.Hours.from_json(hours.dict()) if hours else None, skip=of("skip") or 0,
        severity=of("severity") or "", url=of("url") or "",
        only_if=rules.Condition(
            rules.Hours.from_json(condition.hours.dict()) if condition.hours else None, condition.outside,
            condition.severity or "", condition.alerts, condition.minutes or 0,
        ) if condition else rules.ALWAYS,
    )  # fmt: skip
