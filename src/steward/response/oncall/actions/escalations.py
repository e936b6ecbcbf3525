"""Starting and stopping an escalation; the owner of the subject (incidents) decides when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.sentences import SAID, packed
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions as notifications
from steward.response.oncall.errors import PolicyNotFound
from steward.response.oncall.events import EscalationEnded
from steward.response.oncall.models import Escalation, EscalationPolicy, EscalationState
from steward.response.oncall.queries.policies import plan_of, with_steps
from steward.response.oncall.rules import Plan

DUE_KIND = "oncall.escalation"


@dataclass(frozen=True, slots=True)
class Start:
    """A policy to be put to work on a subject. ``facts`` (such as service and severity, already in words) are shown in
    every message."""

    subject: SubjectRef
    subject_label: str
    policy_id: int
    title: str
    body: str
    facts: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def start_escalations(*, actor: Actor, now: datetime, starts: Sequence[Start]) -> None:
    """Put policies to work as they are now: later edits do not disturb what runs.

    Where one is running for the subject, it goes on and nothing else happens. The caller has checked what the actor may
    do with the subjects; automatic callers act as the system.
    """
    wanted = {start.policy_id for start in starts}
    plans = {
        policy.pk: (policy, plan_of(policy)) for policy in with_steps(EscalationPolicy.objects.filter(pk__in=wanted))
    }
    if wanted - plans.keys():
        raise PolicyNotFound(_("There is no such escalation policy. Choose another one."))
    made = [_escalation(start, *plans[start.policy_id], actor, now) for start in starts]
    # Only one may run for a subject; if somebody else started one at the same moment, it is the one.
    Escalation.objects.bulk_create(made, ignore_conflicts=True)
    if made:
        registry.wake(DUE_KIND)


def _escalation(start: Start, policy: EscalationPolicy, plan: Plan, actor: Actor, now: datetime) -> Escalation:
    message = {"title": start.title, "body": start.body, "facts": dict(start.facts), "started_by": actor.label}
    return Escalation(
        subject_kind=start.subject.kind, subject_id=start.subject.id, subject_label=start.subject_label[:300],
        policy=policy, snapshot={**plan.to_json(), "message": message}, started_at=now, due_at=now,
    )  # fmt: skip


@transaction.atomic
def change_facts(*, subject: SubjectRef, facts: Mapping[str, str]) -> None:
    """Have the messages that a running escalation sends from now on say these facts."""
    notifications.hold(subject)
    found = (
        Escalation.objects.select_for_update(no_key=True)
        .filter(subject_kind=subject.kind, subject_id=subject.id, state=EscalationState.RUNNING)
        .first()
    )
    if found is not None:
        message = {**found.snapshot.get("message", {}), "facts": dict(facts)}
        found.snapshot = {**found.snapshot, "message": message}
        found.save(update_fields=["snapshot"])


@transaction.atomic
def stop_escalation(*, actor: Actor, now: datetime, subject: SubjectRef, reason: str) -> bool:
    """Stop what is running for a subject and call off pages that have not been sent; whether anything was running.

    Locks the row that the due handler locks. Whoever is second sees what the first did: after this transaction no
    step is taken and no delivery begins.
    """
    notifications.hold(subject)
    found = (
        Escalation.objects.select_for_update(no_key=True)
        .filter(subject_kind=subject.kind, subject_id=subject.id, state=EscalationState.RUNNING)
        .first()
    )
    notifications.cancel_pages(now=now, subject=subject, reason=reason)
    if found is None:
        return False
    found.state = EscalationState.STOPPED
    found.due_at, found.leased_until = None, None
    found.ended_at, found.end_reason = now, reason[:200]
    found.snapshot = {**found.snapshot, SAID: packed(end_reason=reason)}
    found.save(update_fields=["state", "due_at", "leased_until", "ended_at", "end_reason", "snapshot"])
    publish(EscalationEnded(subject, "stopped", reason, now))
    return True
