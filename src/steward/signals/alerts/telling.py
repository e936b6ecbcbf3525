"""Alerts as the rooms above are told of them. In a storm these are tens of thousands: rows are read, not models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from steward.signals.alerts.events import ChangedAlert
from steward.signals.alerts.models import Alert, Source, SourceMode


class Row(NamedTuple):
    """What an event needs of an alert, by the names of its columns."""

    id: int
    source_id: int
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    status: str
    starts_at: datetime
    ends_at: datetime | None
    generator_url: str
    service_id: int | None
    item_id: int | None


class Change(NamedTuple):
    """The same of a transition; its state is the alert's as it was then."""

    id: int
    alert_id: int
    status: str
    starts_at: datetime
    ends_at: datetime | None
    reason: dict[str, Any]


def rows(found: QuerySet[Alert]) -> dict[int, Row]:
    """These alerts by key, in their order."""
    return {row[0]: Row._make(row) for row in found.values_list(*Row._fields)}


class Teller:
    """Makes events of alerts: knows what their sources are called, and which are in shadow mode."""

    def __init__(self, alerts: Iterable[Row]) -> None:
        wanted = {each.source_id for each in alerts}
        found = Source.objects.filter(pk__in=wanted).values_list("pk", "name", "mode")
        self._sources: Mapping[int, tuple[str, bool]] = {
            key: (name, mode == SourceMode.SHADOW) for key, name, mode in found
        }

    def of_change(self, alert: Row, change: Change) -> ChangedAlert:
        """One transition of the alert."""
        return self._event(alert, change.id, change.status, change.starts_at, change.ends_at, change.reason)

    def of_alert(self, alert: Row, change_id: int) -> ChangedAlert:
        """The alert as it is now; ``change_id`` is its newest change."""
        return self._event(alert, change_id, alert.status, alert.starts_at, alert.ends_at, {})

    def _event(
        self, alert: Row, change_id: int, status: str, starts_at: datetime, ends_at: datetime | None,
        reason: dict[str, Any],
    ) -> ChangedAlert:  # fmt: skip
        source_name, shadow = self._sources[alert.source_id]
        return ChangedAlert(
            change_id, alert.id, source_name, alert.name, alert.labels, alert.annotations, alert.severity, status,
            starts_at, ends_at, alert.service_id, alert.item_id, reason, alert.generator_url, alert.source_id, shadow,
        )  # fmt: skip
