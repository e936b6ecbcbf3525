"""New Relic, by a workflow's webhook."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.newrelic.parser import parse

KIND = Kind("newrelic", "New Relic", {"newrelic": parse})
