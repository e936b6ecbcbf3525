"""Stored events through any configuration: what a replay of the past needs from the database, and the simulation of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from steward.algorithms.intervals import parse
from steward.algorithms.matching import from_json
from steward.estate.configuration import queries as estate
from steward.response.oncall import queries as oncall
from steward.response.suppression import queries as suppression
from steward.response.triage import rules
from steward.response.triage.models import InhibitionRule, Route
from steward.response.triage.opening import TRIAGE
from steward.response.triage.rules.simulation import Event, Result, Suppressed, Surroundings, simulate
from steward.signals.alerts import queries as alerts

Document = Mapping[str, Any]
# Routes and rules that are in the document only.
NEW = 10**9


def history(start: datetime, end: datetime, source_ids: Sequence[int], most: int) -> list[Event]:
    """The stored events of this time, oldest first, at most so many."""
    return [
        Event(
            each.change_id, each.alert_id, each.at, each.status, each.starts_at, each.name, each.labels, each.severity,
            each.code, each.service_id, each.item_id, each.source_id, each.shadow,
        )
        for each in alerts.changes_between(start, end, source_ids, most)
    ]  # fmt: skip


def configuration_of(document: Document) -> rules.Configuration:
    """A document in the terms of the rules. What has the name of a stored route or rule is that one."""
    names = _Names()
    routes = [*names.routes(document["routes"], None), names.route(document["default"], None, is_default=True)]
    flapping, topology = document["flapping"], document["topology"]
    return rules.Configuration(
        revision=0, routes=tuple(route for route in routes if route is not None),
        inhibitions=tuple(names.inhibition(each) for each in document["inhibitions"] if each["enabled"]),
        intervals={each["name"]: parse(each["spec"]) for each in document["time_intervals"]},
        flapping=rules.FlappingSpec(flapping["changes"], flapping["window"], flapping["quiet"]),
        topology=rules.TopologySpec(topology["enabled"], topology["delay"]),
    )  # fmt: skip


def _keys(found: QuerySet[Any]) -> dict[str, int]:
    return dict(found.values_list("name", "pk"))


def _lasting(policy_id: int) -> timedelta:
    """How long an escalation runs if nobody answers."""
    policy = oncall.policies(TRIAGE).filter(pk=policy_id).prefetch_related("steps").first()
    if policy is None:
        return timedelta()
    return timedelta(minutes=sum(step.wait_minutes or 0 for step in policy.steps.all()) * (policy.repeat + 1))


@dataclass(slots=True)
class _Names:
    """Keys by name; what is not stored gets one of its own."""

    known: dict[str, int] = field(default_factory=lambda: dict(Route.objects.values_list("name", "pk")))
    inhibitions: dict[str, int] = field(default_factory=lambda: dict(InhibitionRule.objects.values_list("name", "pk")))
    policies: dict[str, int] = field(default_factory=lambda: _keys(oncall.policies(TRIAGE)))
    services: dict[str, int] = field(default_factory=lambda: _keys(estate.services(TRIAGE)))

    def routes(self, rows: Sequence[Document], parent: int | None) -> list[rules.RouteSpec]:
        found = []
        for row in rows:
            spec = self.route(row, parent)
            # What stands below a route that is switched off is not asked: its parent would have to take it first.
            found += ([spec] if row["enabled"] else []) + self.routes(row["children"], spec.id)
        return found

    def route(self, row: Document, parent: int | None, *, is_default: bool = False) -> rules.RouteSpec:
        key = self.known.setdefault(row["name"], NEW + len(self.known))
        same = ("group_wait", "opens_incident", "auto_resolve", "reopen_minutes", "group_interval", "repeat_interval",
                "largest_group", "storm_groups")  # fmt: skip
        times: dict[str, Any] = {name: tuple(row.get(name, ())) for name in ("mute_times", "active_times", "group_by")}
        return rules.RouteSpec(
            id=key, name=row["name"], version=0, matchers=from_json(row.get("matchers", [])),
            continues=row.get("continues", False), severity_map=row["severity_map"],
            service_id=self.services.get(row["service"] or ""), policy_id=self.policies.get(row["policy"] or ""),
            is_default=is_default, parent=parent, **times, **{name: row[name] for name in same},
        )  # fmt: skip

    def inhibition(self, row: Document) -> rules.InhibitionSpec:
        key = self.inhibitions.setdefault(row["name"], NEW + len(self.inhibitions))
        return rules.InhibitionSpec(
            key, row["name"], 0, from_json(row["source_matchers"]), from_json(row["target_matchers"]),
            tuple(row["equal"]),
        )  # fmt: skip


def replay(
    document: Document, events: Sequence[Event], start: datetime, end: datetime,
    progress: Callable[[int], bool] | None = None,
) -> Result:  # fmt: skip
    """Run the events through a configuration; its silences hold besides those that stood then."""
    return simulate(events, configuration_of(document), surroundings(start, end, document["silences"]), end, progress)


def surroundings(start: datetime, end: datetime, tried: Sequence[Document] = ()) -> Surroundings:
    """Silences and windows as they stood; the estate and the policies as they are now."""
    held = suppression.past(start, end, tried)
    above: dict[int, Mapping[int, Sequence[str]]] = {}
    lasting: dict[int, timedelta] = {}

    def suppressed(event: Event, now: datetime) -> Suppressed | None:
        found = held.holding(now, event.labels, event.service_id, event.item_id, event.source_id)
        return Suppressed(*found) if found else None

    def upstream(service_id: int) -> Mapping[int, Sequence[str]]:
        if service_id not in above:
            above[service_id] = estate.upstream([service_id]).get(service_id, {})
        return above[service_id]

    def escalation(policy_id: int) -> timedelta:
        if policy_id not in lasting:
            lasting[policy_id] = _lasting(policy_id)
        return lasting[policy_id]

    return Surroundings(suppressed, held.turns, upstream, escalation)
