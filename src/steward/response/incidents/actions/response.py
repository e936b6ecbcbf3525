"""For the rooms of response below and above: locks, and what on-call and notifications report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from steward.foundation.actors import Actor
from steward.response.incidents.actions.shared import entry, save
from steward.response.incidents.models import Incident, IncidentStatus
from steward.response.incidents.rules import IncidentState


@transaction.atomic
def note_response(
    *, actor: Actor, now: datetime, incident_id: int, kind: str, text: str, why: str = "",
    data: dict[str, Any] | None = None, unreached: bool = False,
) -> None:  # fmt: skip
    """Write what on-call and notifications did into the timeline; ``unreached`` marks an open incident red."""
    incident = Incident.objects.select_for_update(no_key=True).filter(pk=incident_id).first()
    if incident is None:
        return
    if unreached and incident.status == IncidentStatus.OPEN:
        incident.unreached = True
        save(incident, now, "unreached")
    else:
        save(incident, now)
    entry(incident, now, actor, kind, text, why, data)


def lock(*, incident_id: int) -> None:
    """Hold the incident's row until the transaction ends: it is the parent of its escalation and pages, and everyone
    locks the parent first."""
    lock_states(incident_ids=[incident_id])


def lock_states(*, incident_ids: Iterable[int]) -> dict[int, IncidentState]:
    """Hold these incidents, in the order of their keys, and return their states: what is decided on them now stays
    true until the transaction ends."""
    wanted = sorted(set(incident_ids))
    if not wanted:
        return {}
    rows = (
        Incident.objects.select_for_update(no_key=True)
        .filter(pk__among=wanted)
        .order_by("pk")
        .values_list("pk", "number", "status", "resolved_at", "severity", "merged_into_id")
    )
    return {
        pk: IncidentState(pk, f"INC-{number}", status, resolved, severity, merged)
        for pk, number, status, resolved, severity, merged in rows
    }
