"""What changes of alerts do to their group, and when a group speaks: pure, with Alertmanager's meaning of its timers.

*Group wait*: a new group collects for so long before its incident opens; an alert that began longer ago than that does
not wait. *Group interval*: a group that spoke is looked at again at every multiple of it; if alerts have joined since,
the responders hear of it. *Repeat interval*: at the first look after so long since it last spoke, they are reminded.
(prometheus.io/docs/alerting/latest/configuration, ``dispatch/dispatch.go``, ``notify/notify.go: needsUpdate``.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

from steward.response.triage.rules.routes import RouteSpec

Outcome = Literal[
    "opened", "joined", "waiting", "recorded", "reopened", "resolved", "unrouted", "overtaken", "flapping",
    "maintenance", "silence", "inhibition", "symptom", "muted", "storm",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class IncidentState:
    """The group's last incident."""

    id: int
    ref: str
    status: str
    resolved_at: datetime | None
    severity: str = ""
    merged_into: int | None = None

    @property
    def is_active(self) -> bool:
        return self.status in {"open", "acknowledged"}


class Change(Protocol):
    """What the rules need of a changed alert."""

    @property
    def alert_id(self) -> int: ...

    @property
    def status(self) -> str: ...


GroupStep = Literal["join", "reopen", "wait", "open", "record"]


def next_step(
    route: RouteSpec, incident: IncidentState | None, waiting: bool, now: datetime, began: datetime | None = None
) -> GroupStep:
    """What a firing alert does to its group: join the incident that is being worked on, reopen the one that was
    resolved a moment ago, or open a new one, after the group wait if the route has one and the alert that ``began``
    first has not waited that long already."""
    if not route.opens_incident:
        return "record"
    if incident is not None and incident.is_active:
        return "join"
    if incident is not None and reopens(route, incident, now):
        return "reopen"
    if waiting:
        return "wait"
    waited = began is not None and began + timedelta(seconds=route.group_wait) < now
    return "wait" if route.group_wait > 0 and not waited else "open"


def reopens(route: RouteSpec, incident: IncidentState, now: datetime) -> bool:
    """Whether the incident was resolved so short a time ago that an alert that fires again belongs to it."""
    if incident.status != "resolved" or incident.resolved_at is None:
        return False
    return now - incident.resolved_at <= timedelta(minutes=route.reopen_minutes)


def stays_apart(route: RouteSpec, incident: IncidentState, now: datetime, *, firing: bool) -> bool:
    """Whether a change of an alert that was split off is its own incident's: while that is worked on or may reopen, and
    its end always, for that is where it fires."""
    return not firing or incident.is_active or reopens(route, incident, now)


C = TypeVar("C", bound=Change)


@dataclass(frozen=True, slots=True)
class Collapsed(Generic[C]):
    """What several changes in one batch come to: each alert's last change, and the ones it overtook."""

    firing: list[C]
    resolved: list[C]
    overtaken: list[C]


def collapse(changes: Sequence[C]) -> Collapsed[C]:
    """Only the last change of an alert counts: a batch is what happened while nobody looked."""
    latest = {change.alert_id: change for change in changes}
    return Collapsed(
        [change for change in latest.values() if change.status == "firing"],
        [change for change in latest.values() if change.status != "firing"],
        [change for change in changes if latest[change.alert_id] is not change],
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """When a group's clock began (its first flush), and when it last told people something."""

    began_at: datetime
    told_at: datetime


def next_look(route: RouteSpec, spoken: Spoken, now: datetime, *, news: bool) -> datetime | None:
    """When the group speaks next if nothing more happens; None: never. ``news``: alerts have joined since it spoke."""
    if news and route.group_interval:
        return _tick(spoken.began_at, route.group_interval, now)
    if not route.repeat_interval:
        return None
    # Alertmanager only looks at the group's ticks; a group without an interval is looked at on the second.
    return _tick(spoken.began_at, route.group_interval or 1, spoken.told_at + timedelta(seconds=route.repeat_interval))


def _tick(began: datetime, every: int, after: datetime) -> datetime:
    """The first multiple of the interval that is not before then and not the beginning itself."""
    passed = max(after - began, timedelta())
    ticks = max(1, -(-passed // timedelta(seconds=every)))
    return began + timedelta(seconds=every * ticks)


def tells(route: RouteSpec, spoken: Spoken, now: datetime, *, news: bool) -> Literal["changed", "repeat", ""]:
    """What a group whose look is due says."""
    if news and route.group_interval:
        return "changed"
    if route.repeat_interval and now >= spoken.told_at + timedelta(seconds=route.repeat_interval):
        return "repeat"
    return ""
