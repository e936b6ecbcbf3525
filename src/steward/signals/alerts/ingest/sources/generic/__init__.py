"""Any JSON, by a mapping that is written on the source's page."""

from steward.signals.alerts.ingest.sources.generic.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("generic", "Generic JSON", {"json": parse})
