"""Which routes take an alert, what severity it has there, and what is decided: pure, with reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

from steward.algorithms.matching import Matcher, explain, format_matchers, group_key, group_labels, matches_all

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
# What senders commonly write in the severity label, for routes that do not say otherwise.
USUAL_SEVERITIES: Mapping[str, str] = {
    "page": "SEV1",
    "emergency": "SEV1",
    "critical": "SEV2",
    "disaster": "SEV1",
    "high": "SEV2",
    "error": "SEV3",
    "major": "SEV2",
    "warning": "SEV3",
    "minor": "SEV4",
    "info": "SEV4",
    "informational": "SEV4",
}
Outcome = Literal["opened", "joined", "waiting", "recorded", "reopened", "resolved", "unrouted", "overtaken"]


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A route as the rules see it."""

    id: int
    name: str
    version: int
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: int
    continues: bool
    severity_map: Mapping[str, str]
    service_id: int | None
    policy_id: int | None
    opens_incident: bool
    auto_resolve: bool
    reopen_minutes: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class MatcherResult:
    """One matcher held against the labels."""

    text: str
    matched: bool
    actual: str


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """A route held against the labels, with every matcher's result; ``reached`` is false behind a stop."""

    route: RouteSpec
    matched: bool
    reached: bool
    results: tuple[MatcherResult, ...]


def written(matcher: Matcher) -> str:
    """One matcher as people write it."""
    return format_matchers([matcher])[1:-1]


def walk(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteMatch]:
    """Hold the labels against the routes in order. The first match stops the walk unless it continues; the default
    route takes what no other took."""
    found: list[RouteMatch] = []
    stopped = taken = False
    for route in routes:
        results = tuple(MatcherResult(written(m), ok, actual) for m, ok, actual in explain(route.matchers, labels))
        fits = all(result.matched for result in results) and not (route.is_default and taken)
        reached = not stopped
        found.append(RouteMatch(route, fits and reached, reached, results))
        if fits and reached:
            taken = True
            stopped = not route.continues
    return found


def match_routes(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteMatch]:
    """The routes that take the alert, each with its matchers' results."""
    return [match for match in walk(routes, labels) if match.matched]


def matching(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteSpec]:
    """The same routes without the explanations: the pipeline asks this for every alert."""
    found: list[RouteSpec] = []
    for route in routes:
        if matches_all(route.matchers, labels) and not (route.is_default and found):
            found.append(route)
            if not route.continues:
                break
    return found


def severity(route: RouteSpec, alert_severity: str) -> str:
    """SEV1–SEV4: the route's map, then its ``*``, then what senders usually mean, then SEV3."""
    word = alert_severity.lower()
    return route.severity_map.get(word) or route.severity_map.get("*") or USUAL_SEVERITIES.get(word, "SEV3")


def worst(severities: Sequence[str]) -> str:
    return min(severities, default="SEV3")


def key_of(route: RouteSpec, labels: Mapping[str, str]) -> str:
    """The group's key, short enough for an index."""
    return hashlib.blake2b(group_key(labels, route.group_by).encode(), digest_size=16).hexdigest()


def labels_of(route: RouteSpec, labels: Mapping[str, str]) -> dict[str, str]:
    return dict(group_labels(labels, route.group_by))


@dataclass(frozen=True, slots=True)
class IncidentState:
    """The group's last incident."""

    id: int
    ref: str
    status: str
    resolved_at: datetime | None
    severity: str = ""

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


def next_step(route: RouteSpec, incident: IncidentState | None, waiting: bool, now: datetime) -> GroupStep:
    """What a firing alert does to its group: join the incident that is being worked on, reopen the one that was
    resolved a moment ago, or open a new one, after the group wait if the route has one."""
    if not route.opens_incident:
        return "record"
    if incident is not None and incident.is_active:
        return "join"
    if incident is not None and reopens(route, incident, now):
        return "reopen"
    return "wait" if waiting or route.group_wait > 0 else "open"


def reopens(route: RouteSpec, incident: IncidentState, now: datetime) -> bool:
    """Whether the incident was resolved so short a time ago that an alert that fires again belongs to it."""
    if incident.status != "resolved" or incident.resolved_at is None:
        return False
    return now - incident.resolved_at <= timedelta(minutes=route.reopen_minutes)


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
