"""Starting and stopping an escalation; the owner of the subject (incidents) decides when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
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

DUE_KIND = "oncall.escalation"


@transaction.atomic
def start_escalation(
    *,
    actor: Actor,
    now: datetime,
    subject: SubjectRef,
    subject_label: str,
    policy_id: int,
    title: str,
    body: str,
    facts: Mapping[str, str] | None = None,
) -> Escalation:
    """Put a policy to work on a subject, as it is now: later edits do not disturb it.

    While one is running for the subject, it is returned and nothing else happens. ``facts`` (such as service and
    severity, already in words) are shown in every message. The caller has checked what the actor may do with the
    subject; automatic callers act as the system.
    """
    running = _running(subject)
    if running is not None:
        return running
    policy = with_steps(EscalationPolicy.objects.filter(pk=policy_id)).first()
    if policy is None:
        raise PolicyNotFound(_("There is no such escalation policy. Choose another one."))
    message = {"title": title, "body": body, "facts": dict(facts or {}), "started_by": actor.label}
    try:
        with transaction.atomic():
            made = Escalation.objects.create(
                subject_kind=subject.kind, subject_id=subject.id, subject_label=subject_label[:300], policy=policy,
                snapshot={**plan_of(policy).to_json(), "message": message}, started_at=now, due_at=now,
            )  # fmt: skip
    except IntegrityError:
        # Somebody else started one at the same moment; it is the one.
        raced = _running(subject)
        if raced is None:
            raise
        return raced
    registry.wake(DUE_KIND)
    return made


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


def _running(subject: SubjectRef) -> Escalation | None:
    return Escalation.objects.filter(
        subject_kind=subject.kind, subject_id=subject.id, state=EscalationState.RUNNING
    ).first()
