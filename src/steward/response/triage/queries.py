"""Reads of routes and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from steward.algorithms.matching import format_matchers, from_json
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.triage import rules
from steward.response.triage.errors import RouteNotFound
from steward.response.triage.models import Decision, Route, RouteQuerySet


def routes(actor: Actor) -> RouteQuerySet:
    """All routes in the order in which they are tried."""
    return Route.objects.visible_to(actor).select_related("service", "policy").order_by("is_default", "position", "id")


def route_by_id(actor: Actor, route_id: int) -> Route:
    found = routes(actor).filter(pk=route_id).first()
    if found is None:
        raise RouteNotFound(_("There is no such route."))
    return found


def spec(route: Route) -> rules.RouteSpec:
    """The route in the terms of the rules."""
    return rules.RouteSpec(
        id=route.pk,
        name=route.name,
        version=route.version,
        matchers=tuple(from_json(route.matchers)),
        group_by=tuple(route.group_by),
        group_wait=route.group_wait,
        continues=route.continues,
        severity_map={str(k).lower(): str(v) for k, v in route.severity_map.items()},
        service_id=route.service_id,
        policy_id=route.policy_id,
        opens_incident=route.opens_incident,
        auto_resolve=route.auto_resolve,
        reopen_minutes=route.reopen_minutes,
        is_default=route.is_default,
    )


def active_specs() -> list[rules.RouteSpec]:
    """The enabled routes in order, for the pipeline."""
    return [spec(route) for route in Route.objects.filter(enabled=True).order_by("is_default", "position", "id")]


def matchers_text(route: Route) -> str:
    return format_matchers(from_json(route.matchers))


@dataclass(frozen=True, slots=True)
class Trial:
    """What would happen to an alert with some labels."""

    walked: list[rules.RouteMatch]
    outcomes: list[TrialOutcome]
    belongs: str


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    route: rules.RouteSpec
    severity: str
    group: dict[str, str]
    service: str
    pages: list[Any]


def try_labels(labels: Mapping[str, str], now: datetime) -> Trial:
    """Which routes would take an alert with these labels, and who would be paged now."""
    walked = rules.walk(active_specs(), labels)
    belongs = configuration.match([labels])[0]
    outcomes = []
    for match in walked:
        if not match.matched:
            continue
        route = match.route
        service = configuration.service_by_id(route.service_id or belongs.service_id or 0)
        outcomes.append(
            TrialOutcome(
                route=route,
                severity=rules.severity(route, labels.get("severity", "")),
                group=rules.labels_of(route, labels),
                service=service.name if service else "",
                pages=list(oncall.who_would_be_paged(route.policy_id, now))
                if route.policy_id and route.opens_incident
                else [],
            )
        )
    return Trial(walked, outcomes, belongs.why)


def decisions_on(actor: Actor, alert_id: int) -> QuerySet[Decision]:
    """The newest decisions on an alert, if the actor may see routes."""
    if not actor.can("routes.view"):
        return Decision.objects.none()
    return Decision.objects.filter(alert_id=alert_id).select_related("route", "incident").order_by("-id")
