"""What incidents tell others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentAcknowledged:
    incident_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentUnacknowledged:
    """Nobody is on it any more: it is open again, and pages."""

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


@dataclass(frozen=True, slots=True)
class IncidentsMerged:
    """One incident's alerts belong to another from now on; both are locked. Rooms above put into ``carried`` what they
    moved with them, as they want to have it back in MergeUndone."""

    incident_id: int
    into_id: int
    now: datetime
    carried: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MergeUndoing:
    """A merge is about to be undone; no incident is locked yet. Who holds something in the order of locks before
    incidents locks it now, and adds the alerts that would have come to the merged incident meanwhile."""

    into_id: int
    carried: dict[str, list[int]]
    alerts: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class MergeUndone:
    """The merged incident is one of its own again; both are locked."""

    incident_id: int
    into_id: int
    carried: dict[str, list[int]]
    now: datetime


@dataclass(slots=True)
class SplitPlanned:
    """Alerts, and groups of alerts, are about to be split off; no incident is locked yet. Who holds something in the
    order of locks before incidents locks it now, and adds the alerts of the groups. ``stays_open``: the incident is
    not to resolve itself."""

    incident_id: int
    alerts: set[int]
    groups: set[int]
    stays_open: bool = False


@dataclass(frozen=True, slots=True)
class IncidentSplit:
    """These alerts, and whole groups with what will come in them, belong to the new incident; both are locked."""

    incident_id: int
    new_id: int
    alerts: frozenset[int]
    groups: frozenset[int]
    now: datetime


@dataclass(frozen=True, slots=True)
class GroupsAsked:
    """Which groups does the incident consist of? Whoever groups alerts adds ``{"id", "label", "alerts"}``."""

    incident_id: int
    found: list[dict[str, Any]] = field(default_factory=list)
