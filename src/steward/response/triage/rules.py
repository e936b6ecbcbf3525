"""Which routes take an alert, what severity it has there, and what is decided: pure, with reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from steward.algorithms.matching import Matcher, explain, group_key, group_labels

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
Outcome = Literal["opened", "joined", "waiting", "recorded", "reopened", "resolved", "unrouted"]


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


def walk(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteMatch]:
    """Hold the labels against the routes in order. The first match stops the walk unless it continues; the default
    route takes what no other took."""
    found: list[RouteMatch] = []
    stopped = taken = False
    for route in routes:
        results = tuple(MatcherResult(str(m), ok, actual) for m, ok, actual in explain(route.matchers, labels))
        fits = all(result.matched for result in results) and not (route.is_default and taken)
        reached = not stopped
        found.append(RouteMatch(route, fits and reached, reached, results))
        if fits and reached:
            taken = True
            stopped = not route.continues
    return found


def matching(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteSpec]:
    """The routes that take the alert."""
    return [match.route for match in walk(routes, labels) if match.matched]


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


GroupStep = Literal["join", "reopen", "wait", "open", "record"]


def next_step(route: RouteSpec, incident: IncidentState | None, waiting: bool, now: datetime) -> GroupStep:
    """What a firing alert does to its group."""
    if not route.opens_incident:
        return "record"
    if incident is not None and incident.status in {"open", "acknowledged"}:
        return "join"
    if incident is not None and incident.status == "resolved" and incident.resolved_at is not None:
        return (
            "reopen"
            if now - incident.resolved_at <= timedelta(minutes=route.reopen_minutes)
            else _fresh(route, waiting)
        )
    return _fresh(route, waiting)


def _fresh(route: RouteSpec, waiting: bool) -> GroupStep:
    if waiting or route.group_wait > 0:
        return "wait"
    return "open"
