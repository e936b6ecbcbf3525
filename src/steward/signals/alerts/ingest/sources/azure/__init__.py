"""Azure Monitor, by the webhook of an action group."""

from steward.signals.alerts.ingest.sources.azure.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("azure", "Azure Monitor", {"azure": parse})
