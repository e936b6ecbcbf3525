"""Uptime Kuma's notification of the type Webhook with the body "Preset - application/json", as versions 1.23 and 2.0
send it: ``heartbeat`` (null for tests and for what expires soon), ``monitor`` and ``msg``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    Bad,
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    normalised,
)
from steward.signals.alerts.ingest.sources.reading import alert, inner, object_of, text

_DOWN, _UP, _PENDING, _MAINTENANCE = 0, 1, 2, 3
# "2026-03-02 09:30:00.123", in UTC whatever the zone of the server is.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)", re.ASCII)
_MAX_TAGS = 40
# Certificates and domains are told of 21, 14 and 7 days before they expire (unless set otherwise), and never again when
# they are renewed: without another notice within eight days, all is well.
_EXPIRY = re.compile(r"(.{1,3000}?) will (?:be expired|expire) in -?\d+ days?\b.*", re.DOTALL)
_EXPIRY_SECONDS = 8 * 86_400
_TEST = " Testing"
_NOTES = {"target": "url", "hostname": "hostname", "description": "description", "group": "pathName"}


def parse(received: Received) -> Parsed:
    """Read one notification; pending, maintenance and tests change no state."""
    payload = object_of(received.body, "Uptime Kuma's webhook payload")
    if "heartbeat" not in payload or "msg" not in payload:
        raise Unreadable('"heartbeat" or "msg" is missing: choose the body "Preset - application/json" in Uptime Kuma.')
    beat, monitor = payload["heartbeat"], inner(payload.get("monitor"))
    if beat is None:
        return _without_heartbeat(text(payload["msg"]))
    status = inner(beat).get("status")
    if type(status) is int and status in (_PENDING, _MAINTENANCE):
        return Parsed()
    try:
        if type(status) is not int or status not in (_DOWN, _UP):
            raise BadAlert("The heartbeat's status must be 0 (down) or 1 (up).")
        return Parsed([_read(beat, monitor, text(payload["msg"]), received)])
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])


def _without_heartbeat(message: str) -> Parsed:
    """The Test button, or a certificate or a domain that expires soon."""
    if message.endswith(_TEST):
        return Parsed()
    expiry = _EXPIRY.fullmatch(message)
    if expiry is None:
        raise Unreadable("This message has no heartbeat, and is neither a test nor about something that expires.")
    labels = {"alertname": "Expires soon", "subject": expiry[1], "severity": "warning"}
    notes = {"summary": message}
    return Parsed([normalised(labels, notes, "", None, None, resolved=False, expires=_EXPIRY_SECONDS)])


def _read(beat: Mapping[str, Any], monitor: Mapping[str, Any], message: str, received: Received) -> Normalised:
    number = text(monitor.get("id")) or text(beat.get("monitorID"))
    if not number:
        raise BadAlert("The monitor has no id.")
    up, at = beat["status"] == _UP, _moment(beat.get("time"))
    own = {
        "alertname": text(monitor.get("name")) or f"Monitor {number}",
        "monitor_id": number,
        "monitor_type": monitor.get("type"),
    }
    notes = {name: monitor.get(key) for name, key in _NOTES.items()}
    target = text(monitor.get("url"))
    return alert(
        {**_tags(monitor.get("tags")), **own},
        {**notes, "summary": message, "output": beat.get("msg"), "ping_ms": beat.get("ping")},
        resolved=up,
        now=received.now,
        # The form of a monitor that has no address brings this.
        url="" if target in ("http://", "https://") or not target.startswith("http") else target,
        starts_at=None if up else at,
        ends_at=at,
    )


def _moment(value: Any) -> Any:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]}T{found[2]}Z" if found else value


def _tags(raw: Any) -> dict[str, str]:
    """A monitor's tags as labels; one without a value is a statement too."""
    tags = [tag for tag in raw if isinstance(tag, dict)] if isinstance(raw, list) else []
    return {text(tag.get("name"))[:200]: text(tag.get("value")) or "true" for tag in tags[:_MAX_TAGS]}
