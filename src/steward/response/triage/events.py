"""What triage tells the rooms above, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.foundation.actors import Actor


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """Routes, inhibitions, time intervals or the settings of the pipeline are other than before."""

    now: datetime
    actor: Actor
    revision: int
