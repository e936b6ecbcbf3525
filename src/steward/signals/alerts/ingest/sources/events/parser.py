"""Steward's own JSON: one event or a list of them.

    {"name": "Backup failed", "severity": "critical", "status": "firing", "labels": {"host": "db-3"},
     "summary": "…", "description": "…", "url": "https://…", "starts_at": "…", "ends_at": "…", "expires_in": 3600}

Only ``name`` (or at least one label) is needed. ``name`` and ``severity`` become the labels ``alertname`` and
``severity``; the labels together are the alert's identity, so the event that ends it carries the same ones with
``"status": "resolved"``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    check_order,
    each,
    listed,
    normalised,
    read_json,
    time_of,
)

KNOWN = frozenset(
    {
        "name",
        "severity",
        "status",
        "labels",
        "annotations",
        "summary",
        "description",
        "url",
        "starts_at",
        "ends_at",
        "expires_in",
    }
)
MAX_EXPIRES = 31 * 24 * 3600


def parse(received: Received) -> Parsed:
    """Read one event or a list of events."""
    value = read_json(received.body)
    if isinstance(value, dict):
        value = [value]
    elif not isinstance(value, list):
        raise Unreadable("The body must be an event or a list of events.")
    parsed = each(listed(value, "The body"), _read_one, received.now)
    parsed.repack = list
    return parsed


def _read_one(raw: Any, now: datetime) -> Normalised:
    if type(raw) is not dict:
        raise BadAlert("An event must be an object.")
    if not raw.keys() <= KNOWN:
        # A misspelt field would silently change what the event means.
        raise BadAlert("An event has a field that is not known; known are " + ", ".join(sorted(KNOWN)) + ".")
    status = raw.get("status", "firing")
    if status not in ("firing", "resolved"):
        raise BadAlert('The status must be "firing" or "resolved".')
    starts_at, ends_at = time_of(raw, "starts_at", now), time_of(raw, "ends_at", now)
    check_order(starts_at, ends_at, now)
    return normalised(
        _with(raw, "labels", {"name": "alertname", "severity": "severity"}),
        _with(raw, "annotations", {"summary": "summary", "description": "description"}),
        raw.get("url"),
        starts_at,
        ends_at,
        resolved=status == "resolved" or (ends_at is not None and ends_at <= now),
        expires=_expires(raw.get("expires_in")),
    )


def _with(raw: dict[str, Any], where: str, fields: dict[str, str]) -> dict[str, Any]:
    given = raw.get(where)
    if given is not None and type(given) is not dict:
        raise BadAlert(f"The {where} must be an object of texts.")
    return {**(given or {}), **{label: raw[name] for name, label in fields.items() if raw.get(name) is not None}}


def _expires(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= MAX_EXPIRES:
        raise BadAlert(f"expires_in must be a whole number of seconds from 1 to {MAX_EXPIRES}.")
    return value
