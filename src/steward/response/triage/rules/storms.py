"""Too many groups at once. Pure.

A route that would open more than its limit of incidents within a minute is in a storm: what comes beyond goes into one
incident, whose page says how many and what of. The storm is over when its incident is; until then its groups stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StormState:
    """A route's openings since ``since``, and whether its storm's incident is being worked on."""

    since: datetime
    opened: int
    incident_active: bool


def opens(state: StormState | None, wanted: int, limit: int, now: datetime) -> int:
    """How many of the wanted groups get their own incident; the others join the storm's. In a batch that breaks the
    limit none does: the storm has begun before anybody could read the first page."""
    if not limit:
        return wanted
    if state is not None and state.incident_active:
        return 0
    counted = state.opened if state is not None and now - state.since < WINDOW else 0
    return wanted if counted + wanted <= limit else 0
