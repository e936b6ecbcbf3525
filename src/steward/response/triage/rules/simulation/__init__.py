"""The pipeline on a clock of its own: events and a configuration in, decisions and pages out. Pure.

Every decision is taken by the rules that triage itself uses; what is here is the memory that triage keeps in rows. Nobody
acknowledges, resolves or splits anything by hand in a simulation.
"""

from steward.response.triage.rules.simulation.parts import (
    Decided,
    Event,
    Paged,
    Result,
    SimulatedIncident,
    Suppressed,
    Surroundings,
)
from steward.response.triage.rules.simulation.running import Simulator, simulate

__all__ = [
    "Decided", "Event", "Paged", "Result", "SimulatedIncident", "Simulator", "Suppressed", "Surroundings", "simulate",
]  # fmt: skip
