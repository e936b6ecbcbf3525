"""OpenTelemetry's log records out of both encodings of OTLP/HTTP, as plain values in the form of its JSON.

Only records that matter are unpacked: a request brings thousands that do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from steward.signals.alerts.ingest.sources.common import Unreadable
from steward.signals.alerts.ingest.sources.reading import inner, object_of, text

ERROR, FATAL = 17, 21  # SeverityNumber: 17 to 20 are ERROR, 21 to 24 FATAL
_HIGHEST = 24
_MAX_DEPTH = 8
# For loggers that give no number; what is in no such list is not an error.
_WORDS = {
    **dict.fromkeys(("error", "err", "severe"), ERROR),
    **dict.fromkeys(("fatal", "critical", "crit", "emergency", "emerg", "alert", "panic"), FATAL),
}


class Record(NamedTuple):
    """One record that matters, with whose it is."""

    level: int
    resource: dict[str, Any]
    scope: str
    fields: dict[str, Any]


def from_json(body: bytes) -> Iterator[Record]:
    """The records of ERROR and above of an ExportLogsServiceRequest in JSON."""
    request = object_of(body, "an ExportLogsServiceRequest of OTLP")
    for resource_logs in _objects(request.get("resourceLogs")):
        resource = attributes(inner(resource_logs.get("resource")).get("attributes"))
        for scope_logs in _objects(resource_logs.get("scopeLogs")):
            scope = text(inner(scope_logs.get("scope")).get("name"))
            for fields in _objects(scope_logs.get("logRecords")):
                level = _level(fields.get("severityNumber"), fields.get("severityText"))
                if level >= ERROR:
                    yield Record(level, resource, scope, fields)


def from_protobuf(body: bytes) -> Iterator[Record]:
    """The same of one in protobuf."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise Unreadable("The body is not an ExportLogsServiceRequest of OTLP in protobuf.") from error
    for resource_logs in request.resource_logs:
        resource = attributes(_plain(resource_logs.resource).get("attributes"))
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                level = _level(record.severity_number, record.severity_text)
                if level >= ERROR:
                    # Ids are hexadecimal in OTLP's JSON and base64 in any other.
                    ids = {"traceId": record.trace_id.hex(), "spanId": record.span_id.hex()}
                    yield Record(level, resource, scope_logs.scope.name, {**_plain(record), **ids})


def attributes(raw: Any, depth: int = 0) -> dict[str, Any]:
    """A list of key and value as an object."""
    return {text(each.get("key")): value(each.get("value"), depth) for each in _objects(raw)}


def value(raw: Any, depth: int = 0) -> Any:
    """An AnyValue as what it holds; what lies too deep is left as it came."""
    if not isinstance(raw, dict) or depth > _MAX_DEPTH:
        return raw
    if "arrayValue" in raw:
        values = inner(raw["arrayValue"]).get("values")
        return [value(each, depth + 1) for each in values] if isinstance(values, list) else []
    if "kvlistValue" in raw:
        return attributes(inner(raw["kvlistValue"]).get("values"), depth + 1)
    return next(iter(raw.values()), None)


def _level(number: Any, word: Any) -> int:
    if isinstance(number, int) and 0 < number <= _HIGHEST:
        return number
    return _WORDS.get(word.strip().lower(), 0) if isinstance(word, str) else 0


def _plain(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message)
    return found


def _objects(raw: Any) -> Iterator[dict[str, Any]]:
    return (each for each in raw if isinstance(each, dict)) if isinstance(raw, list) else iter(())
