"""Datadog, by its Webhooks integration."""

from steward.signals.alerts.ingest.sources.datadog.parser import parse, verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("datadog", "Datadog", {"datadog": parse}, verify, "Bearer token")
