"""Grafana's unified alerting, by its webhook contact point."""

from steward.signals.alerts.ingest.sources.grafana.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("grafana", "Grafana", {"grafana": parse})
