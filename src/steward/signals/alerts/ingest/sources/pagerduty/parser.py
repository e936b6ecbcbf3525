"""PagerDuty's Events API v2 ("Send an alert event", PD-CEF), for senders that let one change the address.

An end names nothing but its ``dedup_key``, so that is what an alert is known by; the labels are those of the trigger with
which it began.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    each,
)
from steward.signals.alerts.ingest.sources.reading import (
    acknowledged,
    equal,
    inner,
    keyed_alert,
    object_of,
    spread,
    text,
)

_WHAT = "an event of PagerDuty's Events API v2"
_MAX_LINKS = 20


def parse(received: Received) -> Parsed:
    """Read one event."""
    event = object_of(received.body, _WHAT)
    if event.get("event_action") == "acknowledge" and text(event.get("dedup_key")):
        return Parsed(acknowledged=[acknowledged(_key(received, event), who=event.get("client"))])
    return each([event], partial(_read_one, key=_key(received, event)), received.now)


def answer(received: Received, _parsed: Parsed) -> tuple[int, Any]:
    """What PagerDuty answers: senders keep the key if they have sent none."""
    key = _key(received, object_of(received.body, _WHAT))
    return 202, {"status": "success", "message": "Event processed", "dedup_key": key}


def verify(received: Received, secret: str) -> str:
    """The routing key is the secret."""
    try:
        given = received.header("x-routing-key") or text(object_of(received.body, _WHAT).get("routing_key"))
    except Unreadable as error:
        return str(error)
    return "" if equal(given, secret) else "The routing key is not this source's."


def _key(received: Received, event: dict[str, Any]) -> str:
    """The event's key; without one a key that a repetition of the same body gets again."""
    return text(event.get("dedup_key")) or blake2b(received.body, digest_size=16).hexdigest()


def _read_one(event: dict[str, Any], now: datetime, key: str) -> Normalised:
    action = event.get("event_action")
    if action not in ("trigger", "acknowledge", "resolve"):
        raise BadAlert('event_action must be "trigger", "acknowledge" or "resolve".')
    if action == "resolve" and text(event.get("dedup_key")):
        return keyed_alert(key, {"alertname": key, "dedup_key": key}, {}, resolved=True, now=now)
    if action != "trigger":
        raise BadAlert("Only a dedup_key says which alert this is about.")
    payload = inner(event.get("payload"))
    summary = text(payload.get("summary"))
    if not summary:
        raise BadAlert("payload.summary is missing.")
    links = [inner(link) for link in _listed(event.get("links"))]
    return keyed_alert(
        key,
        _labels(payload, summary, key),
        {
            **spread(payload.get("custom_details")),
            "summary": summary,
            "client": event.get("client"),
            "links": "\n".join(f"{text(link.get('text'))} {text(link.get('href'))}".strip() for link in links),
            "images": "\n".join(text(inner(image).get("src")) for image in _listed(event.get("images"))),
        },
        resolved=False,
        now=now,
        url=event.get("client_url") or next((link["href"] for link in links if link.get("href")), ""),
        starts_at=payload.get("timestamp"),
    )


def _labels(payload: dict[str, Any], summary: str, key: str) -> dict[str, Any]:
    return {
        "alertname": text(payload.get("class")) or summary,
        "severity": text(payload.get("severity")).lower(),
        **{name: payload.get(name) for name in ("source", "component", "group", "class")},
        "dedup_key": key,
    }


def _listed(value: Any) -> list[Any]:
    return value[:_MAX_LINKS] if isinstance(value, list) else []
