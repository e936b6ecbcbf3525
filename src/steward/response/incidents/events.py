"""What incidents tell others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentAcknowledged:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentReopened:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    incident_id: int
    now: datetime
