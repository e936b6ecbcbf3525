"""Any JSON, read by the mapping that the source's page holds."""

from __future__ import annotations

from steward.signals.alerts.ingest.sources.common import Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.generic.mapping import Compiled


def parse(received: Received) -> Parsed:
    """Read a request by its source's mapping."""
    if not isinstance(received.mapping, Compiled):
        raise Unreadable("This source has no mapping yet: write one on its page, then replay what was parked.")
    return received.mapping.read(received)
