"""The one write of the audit trail: entries are added, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done; of ``before`` and ``after`` only what differs is kept."""

    action: str
    subject: SubjectRef | None = None
    subject_label: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    subject: SubjectRef | None = None,
    subject_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry, in the caller's transaction."""
    record_all(actor=actor, now=now, entries=[Entry(action, subject, subject_label, before, after)])


def record_all(*, actor: Actor, now: datetime, entries: Iterable[Entry]) -> None:
    """Add several entries of one actor, in the caller's transaction and in one statement."""
    AuditEntry.objects.bulk_create(_row(actor, now, entry) for entry in entries)


def _row(actor: Actor, now: datetime, entry: Entry) -> AuditEntry:
    old, new, subject = dict(entry.before or {}), dict(entry.after or {}), entry.subject
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    return AuditEntry(
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:200],
        action=entry.action,
        subject_kind=subject.kind if subject else "",
        subject_id=subject.id if subject else None,
        subject_label=entry.subject_label[:300],
        before={name: value for name, value in old.items() if name not in same},
        after={name: value for name, value in new.items() if name not in same},
        request_id=actor.request_id,
        address=actor.address,
    )
