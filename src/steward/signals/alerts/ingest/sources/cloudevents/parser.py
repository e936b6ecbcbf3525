"""CloudEvents 1.0 over HTTP, as in the specification's "HTTP Protocol Binding" and "JSON Event Format", version 1.0.2:
structured mode (one event, or a batch) and binary mode (attributes as ``ce-`` headers, the data as the body).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from steward.signals.alerts.ingest.sources.common import (
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    each,
    listed,
    read_json,
)
from steward.signals.alerts.ingest.sources.reading import alert, equal, inner, text

_STRUCTURED = "application/cloudevents"
_REQUIRED = ("id", "source", "type")
_CONTEXT = frozenset(
    {*_REQUIRED, "specversion", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64"}
)
# Extensions of the specification's own collection that are about one event, and so are others in the event that ends it.
_OF_ONE_EVENT = frozenset(
    {"traceparent", "tracestate", "sequence", "sequencetype", "sampledrate", "recordedtime", "expirytime", "dataref"}
    | {"correlationid", "causationid", "partitionkey", "deprecated", "authid", "authtype", "authclaims"}
)
_OVER = re.compile(r"\.(?:resolved|recovered|closed)$", re.IGNORECASE)
# What stands where the endings above would: without it both are of the same name.
_BEGUN = re.compile(r"\.(?:firing|fired|triggered|raised|opened)$", re.IGNORECASE)
# A DNS name, as the specification says; some send an address of the web.
_ORIGIN = re.compile(r"[A-Za-z0-9*][A-Za-z0-9.:/_-]{0,252}", re.ASCII)
_MAX_EXTENSIONS = 40


def verify(received: Received, secret: str) -> str:
    """As in the specification's "HTTP 1.1 Web Hooks for Event Delivery": a bearer token, in a header or the address."""
    scheme, _space, token = received.header("authorization").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else received.parameter("access_token")
    return "" if equal(given, secret) else "The bearer token is not this source's."


def handshake(received: Received) -> list[tuple[str, str]]:
    """The same specification's validation request: whoever has the key may send, at whatever rate it asks for."""
    origin = received.header("webhook-request-origin").strip()
    if not _ORIGIN.fullmatch(origin):
        return []
    rate = received.header("webhook-request-rate").strip()
    granted = rate if rate.isascii() and rate.isdigit() and int(rate[:12]) else "*"
    return [("WebHook-Allowed-Origin", origin), *([("WebHook-Allowed-Rate", granted[:12])] if rate else [])]


def parse(received: Received) -> Parsed:
    """Read one event in either mode, or a batch. What says it is structured is as good as its media type."""
    structured = received.header("content-type").lower().startswith(_STRUCTURED)
    if received.header("ce-specversion") and not structured:
        return each([_binary(received)], _read_one, received.now)
    value = read_json(received.body)
    if isinstance(value, dict):
        parsed = each([value], _read_one, received.now)
        parsed.repack = lambda bad: bad[0]
        return parsed
    if not isinstance(value, list):
        raise Unreadable("The body must be a CloudEvent or a batch of them, or there must be ce- headers.")
    parsed = each(listed(value, "The body"), _read_one, received.now)
    parsed.repack = list
    return parsed


def _binary(received: Received) -> dict[str, Any]:
    """The event of ``ce-`` headers, as it would be in structured mode."""
    names = {key.decode("latin-1").lower() for key, _value in received.headers}
    event: dict[str, Any] = {name[3:]: unquote(received.header(name)) for name in names if name.startswith("ce-")}
    event["datacontenttype"] = received.header("content-type")
    event["data"] = _data(received.body, event["datacontenttype"])
    return event


def _data(body: bytes, media: str) -> Any:
    """JSON as its value, anything else as text."""
    kind = media.partition(";")[0].strip().lower()
    if body and (kind in ("", "application/json", "text/json") or kind.endswith("+json")):
        try:
            return read_json(body)
        except Unreadable:
            return body.decode("utf-8", "replace")
    return body.decode("utf-8", "replace")


def _read_one(event: Any, now: datetime) -> Normalised:
    if not isinstance(event, dict):
        raise BadAlert("A CloudEvent must be an object.")
    if event.get("specversion") != "1.0":
        raise BadAlert('The "specversion" must be "1.0".')
    if any(not isinstance(event.get(name), str) or not event[name] for name in _REQUIRED):
        raise BadAlert("A CloudEvent needs an id, a source and a type.")
    resolved = _OVER.search(event["type"]) is not None
    data = _content(event)
    extensions = _extensions(event)
    return alert(
        {
            **{name: value for name, value in extensions.items() if name not in _OF_ONE_EVENT},
            "alertname": _OVER.sub("", _BEGUN.sub("", event["type"])) or event["type"],
            "source": event["source"],
            "subject": event.get("subject"),
        },
        {
            **{name: value for name, value in extensions.items() if name in _OF_ONE_EVENT},
            **_texts(data),
            "type": event["type"],
            "id": event["id"],
        },
        resolved=resolved,
        now=now,
        url=_link(data),
        starts_at=None if resolved else event.get("time"),
        ends_at=event.get("time"),
    )


def _extensions(event: Mapping[str, Any]) -> dict[str, Any]:
    given = [(text(name).lower(), value) for name, value in event.items() if name not in _CONTEXT]
    return dict(sorted(given, key=lambda pair: pair[0])[:_MAX_EXTENSIONS])


def _content(event: Mapping[str, Any]) -> Any:
    """The data, also where it came in base64."""
    if event.get("data") is not None or not isinstance(event.get("data_base64"), str):
        return event.get("data")
    try:
        return _data(base64.b64decode(event["data_base64"], validate=True), text(event.get("datacontenttype")))
    except ValueError:
        return event["data_base64"]


def _texts(data: Any) -> dict[str, Any]:
    """What the data says to people, and the data as it is."""
    if not isinstance(data, dict):
        return {"description": data}
    return {
        "summary": text(data.get("summary")) or text(data.get("title")),
        "description": text(data.get("description")) or text(data.get("message")),
        "runbook_url": data.get("runbook_url"),
        "data": data,
    }


def _link(data: Any) -> str:
    return text(inner(data).get("url")) or text(inner(data).get("link"))
