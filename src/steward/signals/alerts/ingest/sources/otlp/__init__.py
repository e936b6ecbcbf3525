"""OpenTelemetry logs, by OTLP over HTTP."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.otlp.parser import answer, parse, verify

KIND = Kind(
    "otlp",
    "OpenTelemetry logs (OTLP)",
    {"v1/logs": parse},
    verify,
    "Token",
    answer=answer,
    gzip=True,
)
