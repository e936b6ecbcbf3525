"""One module per payload: bytes in, what was understood and what was not out. Pure: no Django, no clock, no database."""

from __future__ import annotations

from steward.signals.alerts.ingest.parsers import api_v2, events, webhook
from steward.signals.alerts.ingest.parsers.common import Bad, Normalised, Parsed, Parser, TooManyAlerts, Unreadable

PARSERS: dict[str, Parser] = {
    "api/v2/alerts": api_v2.parse,
    "alertmanager": webhook.parse,
    "events": events.parse,
}

__all__ = ["PARSERS", "Bad", "Normalised", "Parsed", "Parser", "TooManyAlerts", "Unreadable"]
