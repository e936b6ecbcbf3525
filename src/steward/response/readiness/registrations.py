"""What this room adds to pages of other rooms."""

from steward.foundation.ui import panels, statuses
from steward.response.readiness.models import ProofState

panels.register("schedule", "readiness", "readiness:panel", position=10, permission="oncall.view")
for state, tone in ((ProofState.ASKED, "info"), (ProofState.ARRIVED, "ok"), (ProofState.FAILED, "down")):
    statuses.register(f"proof-{state}", tone, state.label)
