"""The clock of escalations."""

from __future__ import annotations

from datetime import datetime

from steward.foundation.due import registry
from steward.response.oncall import actions
from steward.response.oncall.models import Escalation, Swap


def run_one(escalation_id: int, now: datetime) -> None:
    actions.run_escalation(now=now, escalation_id=escalation_id)


def past_due(swap_id: int, now: datetime) -> None:
    actions.swap_past_due(now=now, swap_id=swap_id)


registry.register(registry.DueKind("oncall.swap", Swap, registry.each(past_due), batch=20, workers=1))
registry.register(registry.DueKind("oncall.escalation", Escalation, registry.each(run_one), batch=10, workers=2))
