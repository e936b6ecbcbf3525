"""Whether a source's key may manage silences."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.suppression.models import SourceGrant
from steward.signals.alerts import queries as alerts


@transaction.atomic
def let_source_silence(*, actor: Actor, now: datetime, source_id: int, allowed: bool) -> None:
    """Allow or forbid it; saying the same again changes nothing. Silences that were made stay."""
    actor.require("sources.manage")
    source = alerts.source_by_id(actor, source_id)
    if allowed:
        values = {"granted_at": now, "granted_by": actor.label[:200]}
        _grant, changed = SourceGrant.objects.get_or_create(source_id=source.pk, defaults=values)
    else:
        changed = bool(SourceGrant.objects.filter(source_id=source.pk).delete()[0])
    if changed:
        audit.record(
            actor=actor, now=now, action="source.silences", subject=SubjectRef("source", source.pk),
            subject_label=source.name, after={"may_manage_silences": allowed},
        )  # fmt: skip
