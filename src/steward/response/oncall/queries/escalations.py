"""How far the escalation of a subject is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.foundation import sentences
from steward.foundation.subjects import SubjectRef
from steward.response.oncall import rules
from steward.response.oncall.models import Escalation, EscalationState


@dataclass(frozen=True, slots=True)
class EscalationView:
    """An escalation in words: which policy (as it was), how far, when it goes on, how it ended."""

    id: int
    policy_id: int | None
    policy: str
    version: int
    state: str
    step: int
    steps: int
    round: int
    rounds: int
    next_at: datetime | None
    people_reached: int
    nobody_reached: bool
    started_at: datetime
    ended_at: datetime | None
    end_reason: str


def escalation_of(subject: SubjectRef) -> EscalationView | None:
    """The latest escalation of a subject."""
    found = Escalation.objects.filter(subject_kind=subject.kind, subject_id=subject.id).order_by("-id").first()
    if found is None:
        return None
    plan = rules.Plan.from_json(found.snapshot)
    return EscalationView(
        id=found.pk, policy_id=found.policy_id, policy=plan.policy, version=plan.version, state=found.state,
        step=min(found.position, len(plan.steps)), steps=len(plan.steps), round=found.round + 1,
        rounds=plan.repeat + 1, next_at=found.due_at if found.state == EscalationState.RUNNING else None,
        people_reached=found.people_reached, nobody_reached=found.nobody_reached, started_at=found.started_at,
        ended_at=found.ended_at, end_reason=sentences.read(found.snapshot.get(sentences.SAID), "end_reason", found.end_reason),
    )  # fmt: skip
