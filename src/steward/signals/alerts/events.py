"""What the alerts room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ChangedAlert:
    """One transition of an alert; ``change_id`` is the AlertChange. ``status`` is ``firing`` or ``resolved``."""

    change_id: int
    alert_id: int
    source_name: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    status: str
    starts_at: datetime
    ends_at: datetime | None
    service_id: int | None
    item_id: int | None
    reason: dict[str, Any]
    generator_url: str


@dataclass(frozen=True, slots=True)
class AlertsChanged:
    """Changes in the order in which they happened, each exactly once."""

    changes: tuple[ChangedAlert, ...]
    now: datetime
