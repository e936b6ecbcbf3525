"""The one write of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit.models import AuditEntry


def record(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    subject: SubjectRef | None = None,
    subject_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add one entry, in the caller's transaction; of ``before`` and ``after`` only what differs is kept."""
    old, new = dict(before or {}), dict(after or {})
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    return AuditEntry.objects.create(
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:200],
        action=action,
        subject_kind=subject.kind if subject else "",
        subject_id=subject.id if subject else None,
        subject_label=subject_label[:300],
        before={name: value for name, value in old.items() if name not in same},
        after={name: value for name, value in new.items() if name not in same},
        request_id=actor.request_id,
        address=actor.address,
    )
