"""Steward's own JSON, for scripts and programs."""

from steward.signals.alerts.ingest.sources.events.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("events", "Steward events (JSON)", {"events": parse})
