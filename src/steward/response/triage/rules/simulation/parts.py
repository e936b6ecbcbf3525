"""What a simulation takes, remembers and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from steward.response.triage.rules.groups import IncidentState
from steward.response.triage.rules.routes import RouteSpec


@dataclass(frozen=True, slots=True)
class Event:
    """A stored change of an alert, as it was when it happened. ``code`` says why it happened (new, changed, …)."""

    change_id: int
    alert_id: int
    at: datetime
    status: str
    starts_at: datetime
    name: str
    labels: Mapping[str, str]
    severity: str = ""
    code: str = ""
    service_id: int | None = None
    item_id: int | None = None
    source_id: int = 0
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A silence or window that holds an alert, until when."""

    kind: str
    ref_id: int
    until: datetime | None


def _nothing(_event: Event, _now: datetime) -> Suppressed | None:
    return None


def _nowhere(_service_id: int) -> Mapping[int, Sequence[str]]:
    return {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not configuration: what is silenced when, what depends on what (service → those it depends on, with the
    path), how long an escalation of a policy runs, and after how long a resolved incident is closed. ``turns`` are the
    moments at which a silence or window begins or ends."""

    suppressed: Callable[[Event, datetime], Suppressed | None] = _nothing
    turns: Sequence[datetime] = ()
    upstream: Callable[[int], Mapping[int, Sequence[str]]] = _nowhere
    escalation: Callable[[int], timedelta] = lambda _policy_id: timedelta()
    closes_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a change for a route, in the terms of the decisions that triage stores."""

    change_id: int
    alert_id: int
    round: int
    at: datetime
    outcome: str
    route_id: int | None
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class Paged:
    """An escalation begins: of which incident and policy, why, and which alerts fire in it then."""

    at: datetime
    incident_id: int
    policy_id: int
    route_id: int
    kind: str
    alerts: tuple[int, ...]


@dataclass(slots=True)
class SimulatedIncident:
    id: int
    at: datetime
    route: RouteSpec
    severity: str
    service_id: int | None
    status: str = "open"
    resolved_at: datetime | None = None
    firing: dict[int, None] = field(default_factory=dict)
    alerts: dict[int, None] = field(default_factory=dict)
    quiet: bool = False
    shadow: bool = False
    escalates_until: datetime | None = None

    def state(self) -> IncidentState:
        return IncidentState(self.id, str(self.id), self.status, self.resolved_at, self.severity)

    @property
    def is_active(self) -> bool:
        return self.status == "open"


@dataclass(slots=True)
class Group:
    id: int
    route: RouteSpec
    key: str
    shadow: bool = False
    members: dict[int, bool] = field(default_factory=dict)
    incident: SimulatedIncident | None = None
    due: datetime | None = None
    began: datetime | None = None
    told: datetime | None = None
    news: bool = False

    @property
    def waits(self) -> bool:
        """Whether its clock is a group wait, not the next time to tell."""
        return self.due is not None and self.began is None


@dataclass(frozen=True, slots=True)
class Hold:
    id: int
    alert_id: int
    route_id: int | None
    kind: str
    ref_id: int
    key: str
    due: datetime
    round: int


@dataclass(slots=True)
class Storm:
    since: datetime
    opened: int = 0
    incident: SimulatedIncident | None = None


@dataclass(slots=True)
class Result:
    """What came of it. ``decisions`` by (change, route, round): the wait of an alert becomes its opening."""

    decisions: dict[tuple[int, int | None, int], Decided] = field(default_factory=dict)
    pages: list[Paged] = field(default_factory=list)
    incidents: dict[int, SimulatedIncident] = field(default_factory=dict)
    events: int = 0
