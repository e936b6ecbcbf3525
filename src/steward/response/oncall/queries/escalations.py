"""How far the escalation of a subject is."""

from __future__ import annotations

from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True)
class EscalationRecord:
    """One escalation of a subject with the policy as it was when it began; ``reached`` is the highest step taken."""

    id: int
    subject_id: int
    plan: rules.Plan
    state: str
    reached: int
    next_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    end_reason: str
    policy_slug: str = ""


def escalations_of(kind: str, subject_ids: Iterable[int]) -> list[EscalationRecord]:
    """All escalations of these subjects, oldest first (one query)."""
    rows = Escalation.objects.filter(subject_kind=kind, subject_id__in=list(subject_ids))
    return [_record(row) for row in rows.select_related("policy").order_by("id")]


def _record(row: Escalation) -> EscalationRecord:
    plan = rules.Plan.from_json(row.snapshot)
    return EscalationRecord(
        id=row.pk, subject_id=row.subject_id, plan=plan, state=row.state,
        reached=len(plan.steps) if row.round else min(row.position, len(plan.steps)),
        next_at=row.due_at if row.state == EscalationState.RUNNING else None, started_at=row.started_at,
        ended_at=row.ended_at,
        end_reason=sentences.read(row.snapshot.get(sentences.SAID), "end_reason", row.end_reason),
        policy_slug=row.policy.slug if row.policy else "",
    )  # fmt: skip
