"""What the writers of schedules share: the lock and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall.errors import ScheduleNotFound
from steward.response.oncall.models import Schedule


def locked(actor: Actor, schedule_id: int) -> Schedule:
    """The schedule, locked: whoever writes it, its layers or its overrides holds this row first."""
    schedule = Schedule.objects.visible_to(actor).select_for_update().filter(pk=schedule_id).first()
    if schedule is None:
        raise ScheduleNotFound(_("There is no such schedule, or you may not see it."))
    return schedule


def record(
    actor: Actor, now: datetime, action: str, schedule: Schedule, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the change into the audit trail."""
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("schedule", schedule.pk),
        subject_label=schedule.name, before=before, after=after,
    )  # fmt: skip
