"""Checkmk, by the notification script that is shipped here."""

from steward.signals.alerts.ingest.sources.checkmk.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("checkmk", "Checkmk", {"checkmk": parse})
