"""Incidents and what they need, for tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from steward.estate.configuration.models import Service
from steward.foundation.actors import system
from steward.people.accounts.models import Organisation
from steward.response.incidents import actions
from steward.response.incidents.actions import JoiningAlert
from steward.response.incidents.models import Incident
from steward.response.notifications.tests.factories import actor, organisation, user
from steward.signals.alerts.models import Alert, Source

__all__ = [
    "ENGINE",
    "NOW",
    "actor",
    "alert",
    "fired",
    "incident",
    "joining",
    "organisation",
    "service",
    "supplier",
    "user",
]

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ENGINE = system("triage")
_numbers = itertools.count(1)


def supplier(name: str) -> Organisation:
    return Organisation.objects.get_or_create(slug=name.lower(), defaults={"kind": "supplier", "name": name})[0]


def service(name: str = "", **fields: Any) -> Service:
    number = next(_numbers)
    return Service.objects.create(name=name or f"Service {number}", slug=f"service-{number}", **fields)


def alert(name: str = "DiskFull", **fields: Any) -> Alert:
    number = next(_numbers)
    source = Source.objects.get_or_create(name="Prometheus", defaults={"key_digest": "d" * 64, "key_prefix": "p"})[0]
    values: dict[str, Any] = {
        "source": source, "fingerprint": number.to_bytes(16, "big"), "name": name,
        "labels": {"alertname": name, "instance": f"host-{number}"}, "starts_at": NOW, "first_seen_at": NOW,
        "last_seen_at": NOW, "changed_at": NOW,
    }  # fmt: skip
    return Alert.objects.create(**{**values, **fields})


def joining(alert: Alert, *, firing: bool = True) -> JoiningAlert:
    return JoiningAlert(alert.pk, alert.name, "", firing, {}, "from Prometheus")


def incident(*alerts: Alert, **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "actor": ENGINE, "now": NOW, "title": "Claims intake rejects uploads", "severity": "SEV2", "service_id": None,
        "policy_id": None, "origin": {"kind": "route", "id": 1, "name": "Tier 1", "version": 3}, "why": "route Tier 1",
        "alerts": [joining(each) for each in alerts],
    }  # fmt: skip
    return actions.open_incident(**{**values, **changes})


def fired(found: Incident) -> list[bool]:
    return list(found.memberships.order_by("id").values_list("firing", flat=True))
