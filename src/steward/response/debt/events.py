"""What this room tells others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlertJudged:
    """Somebody answered whether an incident's alert was worth it (``act``, ``info`` or ``noise``)."""

    incident_id: int
    answer: str
    now: datetime
