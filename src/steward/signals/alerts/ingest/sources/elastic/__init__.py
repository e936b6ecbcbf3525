"""Elastic: Kibana's rules by a webhook connector, and Watcher."""

from steward.signals.alerts.ingest.sources.elastic.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("elastic", "Elastic", {"elastic": parse})
