"""The clock of escalations."""

from __future__ import annotations

from datetime import datetime, timedelta

from steward.foundation.due import registry
from steward.response.oncall import actions
from steward.response.oncall.models import Escalation


def run_one(escalation_id: int, now: datetime) -> None:
    actions.run_escalation(now=now, escalation_id=escalation_id)


# Taking steps needs nothing but the database, so a holder that has not finished after this is gone.
LEASE = timedelta(seconds=20)
registry.register(
    registry.DueKind("oncall.escalation", Escalation, registry.each(run_one), lease=LEASE, batch=10, workers=2)
)
