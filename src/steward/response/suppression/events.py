"""What suppression tells the rooms above, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class SuppressionChanged:
    """A silence or window was made or edited, or it began, ended or was expired: what it holds must be judged again."""

    kind: Literal["maintenance", "silence"]
    id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class MaintenanceEnded:
    """A maintenance window, or one of its occurrences, is over; besides the change."""

    window_id: int
    now: datetime
