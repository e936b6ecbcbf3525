"""Alertmanager's webhook payload, version 4."""

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


def parse(received: Received) -> Parsed:
    """Read one notification; its group is Alertmanager's business, its alerts are ours."""
    payload = read_json(received.body)
    if not isinstance(payload, dict):
        raise Unreadable('The body must be an object with "version" and "alerts".')
    if payload.get("version", "4") != "4":
        raise Unreadable("Only version 4 of Alertmanager's webhook payload is understood.")
    parsed = each(listed(payload.get("alerts"), '"alerts"'), _read_one, received.now)
    parsed.repack = lambda bad: {"version": "4", "alerts": bad}
    return parsed


def _read_one(raw: Any, now: datetime) -> Normalised:
    """One alert. Alertmanager repeats a firing one only after hours, so it fires until it is resolved."""
    if type(raw) is not dict:
        raise BadAlert("An alert must be an object.")
    status = raw.get("status")
    if status not in ("firing", "resolved"):
        raise BadAlert('The status must be "firing" or "resolved".')
    starts_at, ends_at = time_of(raw, "startsAt", now), time_of(raw, "endsAt", now)
    check_order(starts_at, ends_at, now)
    return normalised(
        raw.get("labels"),
        raw.get("annotations"),
        raw.get("generatorURL"),
        starts_at,
        ends_at if status == "resolved" else None,
        resolved=status == "resolved",
        expires=None,
    )
