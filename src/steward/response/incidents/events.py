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
class IncidentSeverityChanged:
    incident_id: int
    before: str
    after: str
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
