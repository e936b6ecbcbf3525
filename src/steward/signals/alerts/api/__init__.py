"""API of alerts, sources, how they are read and enriched. Sending alerts in is `/in/<key>/…`, not here."""

from steward.signals.alerts.api import core, enrichment, reading

ROUTERS = {**core.ROUTERS, "/enrichment": enrichment.rules, "/lookup-tables": enrichment.lookups}

__all__ = ["ROUTERS", "reading"]
