"""Alerts that join incidents that are open: collected over a batch and written together at its end.

In a storm a batch touches hundreds of incidents; each by itself would be a dozen statements. What must see the joins of
an incident before (an alert that is resolved in it, say) has them carried out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from steward.response.incidents import actions as incidents
from steward.response.triage import rules, wording
from steward.response.triage.models import AlertGroup
from steward.response.triage.opening import TRIAGE, joining, rule_of
from steward.signals.alerts.events import ChangedAlert

if TYPE_CHECKING:
    from steward.response.triage.routing import Batch


@dataclass(frozen=True, slots=True)
class Pending:
    """Alerts of a group that join an incident."""

    route: rules.RouteSpec
    group: AlertGroup
    incident_id: int
    firing: Sequence[ChangedAlert]


@dataclass(slots=True)
class Joins:
    """What is still to be written, in the order in which it was decided."""

    pending: list[Pending] = field(default_factory=list)

    def add(self, route: rules.RouteSpec, group: AlertGroup, incident_id: int, firing: Sequence[ChangedAlert]) -> None:
        self.pending.append(Pending(route, group, incident_id, firing))

    def concerns(self, incident_id: int) -> bool:
        return any(each.incident_id == incident_id for each in self.pending)


def joining_all(route: rules.RouteSpec, firing: Sequence[ChangedAlert]) -> list[incidents.JoiningAlert]:
    """These alerts as the group's incident takes them."""
    why = wording.grouped(route)
    return [joining(change, why, rules.severity(route, change.severity)) for change in firing]


def carry_out(batch: Batch) -> None:
    """Let all join, and write down what was decided on them."""
    pending, batch.joins.pending = batch.joins.pending, []
    if not pending:
        return
    wanted = [
        incidents.Join(each.incident_id, joining_all(each.route, each.firing), rule_of(each.route), each.route.largest_group)
        for each in pending
    ]  # fmt: skip
    after = incidents.join_incidents(actor=TRIAGE, now=batch.now, joins=wanted)
    for each in pending:
        before, now = batch.states[each.incident_id], after[each.incident_id]
        raised = now.severity if now.severity < before.severity else ""
        text = wording.joined(each.route, before.ref, raised=raised)
        batch.decide(each.firing, "joined", text, each.route, each.incident_id, each.group.labels)
    for key, incident in after.items():
        batch.states[key] = replace(
            batch.states[key], status=incident.status, resolved_at=incident.resolved_at, severity=incident.severity
        )
