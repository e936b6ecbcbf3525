"""What the nightly run tells others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HistoryCleaned:
    """A run is over; ``removed`` is rows by cleaner, ``failed`` the error of each that could not be finished."""

    removed: dict[str, int]
    failed: dict[str, str]
    now: datetime
