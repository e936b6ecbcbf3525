"""Reads of the audit trail."""

from __future__ import annotations

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit.models import AuditEntry, AuditQuerySet


def entries(actor: Actor) -> AuditQuerySet:
    """What this actor may read, newest first."""
    return AuditEntry.objects.visible_to(actor).order_by("-at", "-id")


def entries_of(actor: Actor, subject: SubjectRef) -> AuditQuerySet:
    return entries(actor).filter(subject_kind=subject.kind, subject_id=subject.id)
