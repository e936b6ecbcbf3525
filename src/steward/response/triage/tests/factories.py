"""Routes and changing alerts for tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from steward.algorithms.matching import parse_matchers
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import system
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import service
from steward.response.notifications.tests.factories import actor, user
from steward.response.oncall.tests.factories import notify, policy, wait
from steward.response.triage import actions
from steward.response.triage.models import Decision, Route
from steward.response.triage.rules import RouteSpec
from steward.signals.alerts import actions as alerts
from steward.signals.alerts.models import Alert, AlertChange, Source

__all__ = [
    "ADMIN", "NOW", "actor", "change", "decisions", "default_route", "fire", "incidents", "minutes", "notify",
    "policy", "process", "resolve", "route", "service", "spec", "user", "wait",
]  # fmt: skip

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADMIN = system("test")
_numbers = itertools.count(1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def spec(matchers: str = "", **changes: Any) -> RouteSpec:
    """A route as the rules see it."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": number, "name": f"Route {number}", "version": 1, "matchers": parse_matchers(matchers), "group_by": (),
        "group_wait": 0, "continues": False, "severity_map": {}, "service_id": None, "policy_id": None,
        "opens_incident": True, "auto_resolve": True, "reopen_minutes": 30, "is_default": False,
    }  # fmt: skip
    return RouteSpec(**{**values, **changes})


def route(matchers: str = "", **changes: Any) -> Route:
    """A stored route that opens incidents at once, one for each alert name."""
    values: dict[str, Any] = {
        "name": f"Route {next(_numbers)}", "matchers": matchers, "group_by": ["alertname"], "group_wait": 0,
    }  # fmt: skip
    return actions.create_route(actor=ADMIN, now=NOW, **{**values, **changes})


def default_route() -> Route:
    return Route.objects.get(is_default=True)


def change(name: str = "DiskFull", status: str = "firing", at: datetime = NOW, **labels: str) -> AlertChange:
    """A change of the alert with these labels that triage has not seen yet; the alert is made if it is new."""
    source = Source.objects.get_or_create(name="Prometheus", defaults={"key_digest": "d" * 64, "key_prefix": "p"})[0]
    all_labels = {"alertname": name, "severity": "critical", **labels}
    alert = Alert.objects.filter(labels=all_labels).first()
    if alert is None:
        alert = Alert(
            source=source, fingerprint=next(_numbers).to_bytes(16, "big"), name=name, labels=all_labels,
            annotations={"summary": f"{name} is bad"}, severity=all_labels["severity"], starts_at=at,
            first_seen_at=at, last_seen_at=at, changed_at=at,
        )  # fmt: skip
    alert.status, alert.ends_at, alert.changed_at = status, None if status == "firing" else at, at
    alert.save()
    return AlertChange.objects.create(
        alert=alert, at=at, status=status, starts_at=at, ends_at=alert.ends_at, due_at=at,
        reason={"text": "the sender says so"},
    )  # fmt: skip


def process(*changes: AlertChange, at: datetime = NOW) -> None:
    """What the engine does with due changes."""
    configuration.forget()
    alerts.process_changes(now=at, ids=[each.pk for each in changes])


def fire(name: str = "DiskFull", at: datetime = NOW, **labels: str) -> AlertChange:
    made = change(name, "firing", at, **labels)
    process(made, at=at)
    return made


def resolve(name: str = "DiskFull", at: datetime = NOW, **labels: str) -> AlertChange:
    made = change(name, "resolved", at, **labels)
    process(made, at=at)
    return made


def incidents() -> list[Incident]:
    return list(Incident.objects.order_by("number"))


def decisions(made: AlertChange) -> list[tuple[str, str]]:
    """What was decided on a change, as (outcome, route)."""
    found = Decision.objects.filter(change=made).select_related("route").order_by("id")
    return [(each.outcome, each.route.name if each.route else "") for each in found]
