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
    source_id: int = 0
    # Its source is in shadow mode: nobody may be paged because of it.
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class AlertsChanged:
    """Changes in the order in which they happened, each exactly once."""

    changes: tuple[ChangedAlert, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """A sender says that somebody works on its alert, which fires and is locked. ``who`` and ``note`` are the sender's
    words, ``sender`` its kind's own name. Who could act on it says so in ``taken``; else it is asked again."""

    alert_id: int
    source_name: str
    sender: str
    who: str
    note: str
    now: datetime
    taken: list[str]


@dataclass(frozen=True, slots=True)
class AlertsLeaving:
    """Asked before old alerts are removed: a room that still needs some puts their keys into ``kept``. The alerts are
    locked; what hangs on those that go (by foreign keys that cascade) goes with them."""

    alert_ids: frozenset[int]
    kept: set[int]


@dataclass(frozen=True, slots=True)
class ChangesLeaving:
    """The same for old changes of alerts."""

    change_ids: frozenset[int]
    kept: set[int]


@dataclass(frozen=True, slots=True)
class ChangesGone:
    """Told before a whole month of changes is dropped: what hangs on these has to go now, nothing cascades."""

    change_ids: frozenset[int]
