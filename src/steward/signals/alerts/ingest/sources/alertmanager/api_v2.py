"""Alertmanager's API v2, ``POST /api/v2/alerts``: what Prometheus sends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    BadAlert,
    Normalised,
    Parsed,
    Received,
    check_order,
    each,
    listed,
    normalised,
    read_json,
    time_of,
)


def parse(received: Received) -> Parsed:
    """Read a list of postable alerts."""
    parsed = each(listed(read_json(received.body), "The body"), read_one, received.now)
    parsed.repack = list
    return parsed


def read_one(raw: Any, now: datetime) -> Normalised:
    """One alert: without ``startsAt`` it starts at its end or now, without ``endsAt`` the resolve timeout counts."""
    if type(raw) is not dict:
        raise BadAlert("An alert must be an object.")
    starts_at, ends_at = time_of(raw, "startsAt", now), time_of(raw, "endsAt", now)
    check_order(starts_at, ends_at, now)
    return normalised(
        raw.get("labels"),
        raw.get("annotations"),
        raw.get("generatorURL"),
        starts_at,
        ends_at,
        resolved=ends_at is not None and ends_at <= now,
        expires="timeout",
    )
