"""OpenTelemetry's logs by OTLP/HTTP ("OTLP Specification" 1.x, "Logs Data Model"), in JSON and in protobuf.

Records of ERROR and above are alerts. A log never says that something is over: the alert ends when nothing is heard of
it for the source's resolve timeout. Which alert a record is about must not hang on its words, or every request id would
make another: it is who logs, by which logger, and the exception or event that it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from steward.signals.alerts.ingest.sources.common import (
    MAX_ALERTS,
    Normalised,
    Parsed,
    Received,
    TooManyAlerts,
    Unreadable,
)
from steward.signals.alerts.ingest.sources.otlp.records import (
    FATAL,
    Record,
    attributes,
    from_json,
    from_protobuf,
    value,
)
from steward.signals.alerts.ingest.sources.reading import alert, equal, text

PROTOBUF = "application/x-protobuf"
# Of a resource, what says who it is, and not which of its many short-lived copies.
_RESOURCE = {
    "service": ("service.name",),
    "service_namespace": ("service.namespace",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "cluster": ("k8s.cluster.name",),
    "namespace": ("k8s.namespace.name",),
}
_UNKNOWN = "unknown_service"  # what SDKs call a service that nobody named
_MAX_SUMMARY = 1000


def parse(received: Received) -> Parsed:
    """Read one request: one alert for all records about the same."""
    kind = _content_type(received)
    if kind == PROTOBUF:
        records = from_protobuf(received.body)
    elif kind in ("application/json", ""):
        records = from_json(received.body)
    else:
        raise Unreadable(f"The Content-Type must be {PROTOBUF} or application/json.")
    return Parsed([_alert(labels, last, since, received.now) for labels, last, since in _grouped(records)])


def answer(received: Received, _parsed: Parsed) -> tuple[int, Any]:
    """An ExportLogsServiceResponse in the encoding of the request: all was taken."""
    if _content_type(received) == PROTOBUF:
        return 200, ExportLogsServiceResponse().SerializeToString()
    return 200, {}


def verify(received: Received, secret: str) -> str:
    """The token comes as a header that exporters let one set."""
    scheme, _space, token = received.header("authorization").partition(" ")
    if scheme.lower() == "bearer" and equal(token.strip(), secret):
        return ""
    return "The header Authorization must be Bearer and this source's token."


def _content_type(received: Received) -> str:
    return received.header("content-type").partition(";")[0].strip().lower()


def _grouped(records: Iterable[Record]) -> list[tuple[dict[str, str], Record, float]]:
    """For each alert its labels, the last record, and since when (nanoseconds; 0: not said)."""
    found: dict[tuple[tuple[str, str], ...], tuple[dict[str, str], Record, float]] = {}
    for record in records:
        labels = _labels(record)
        key = tuple(labels.items())
        earlier = found.get(key)
        times = [each for each in (_time(record), earlier[2] if earlier else 0.0) if each]
        found[key] = (labels, record, min(times, default=0.0))
        if len(found) > MAX_ALERTS:
            raise TooManyAlerts(f"One request may bring {MAX_ALERTS} alerts; send several.")
    return list(found.values())


def _labels(record: Record) -> dict[str, str]:
    noted = attributes(record.fields.get("attributes"))
    labels = {name: _first(record.resource, keys) for name, keys in _RESOURCE.items()}
    if not labels["service"] or labels["service"].startswith(_UNKNOWN):
        labels["host"] = text(record.resource.get("host.name"))
    fatal = record.level >= FATAL
    named = text(noted.get("exception.type")) or text(record.fields.get("eventName")) or text(noted.get("event.name"))
    return {
        "alertname": named or ("Fatal log" if fatal else "Error log"),
        "severity": "critical" if fatal else "error",
        **labels,
        "logger": record.scope,
    }


def _first(values: dict[str, Any], names: Iterable[str]) -> str:
    return next(filter(None, (text(values.get(name)) for name in names)), "")


def _alert(labels: dict[str, str], record: Record, since: float, now: datetime) -> Normalised:
    noted = attributes(record.fields.get("attributes"))
    noted.pop("exception.type", None)  # the alert's name
    trouble, trace = text(noted.pop("exception.message", "")), text(noted.pop("exception.stacktrace", ""), 32_768)
    said = text(value(record.fields.get("body")), 32_768) or trouble
    found = alert(
        labels,
        {
            "summary": said[:_MAX_SUMMARY],
            "description": said if len(said) > _MAX_SUMMARY else "",
            "exception": trouble if trouble != said else "",
            "stacktrace": trace,
            "attributes": noted or None,
            "trace_id": record.fields.get("traceId"),
            "span_id": record.fields.get("spanId"),
        },
        resolved=False,
        now=now,
        starts_at=since / 1e9 if since else None,
    )
    return replace(found, expires="timeout")


def _time(record: Record) -> float:
    """When it happened, or was seen, in nanoseconds since 1970; JSON has them as texts."""
    for name in ("timeUnixNano", "observedTimeUnixNano"):
        given = record.fields.get(name)
        try:
            nanoseconds = float(given) if isinstance(given, str | int) else 0.0
        except (ValueError, OverflowError):
            nanoseconds = 0.0
        if nanoseconds > 0:
            return nanoseconds
    return 0.0
