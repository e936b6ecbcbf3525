"""Events of Kubernetes as its API writes them: ``Event`` of ``v1`` ("Event v1 core") and of ``events.k8s.io/v1``, API
reference of Kubernetes 1.30 to 1.34; alone, in a list of either kind, in a JSON list, or as a watch reports them. Also
the body of kubernetes-event-exporter's webhook, which is an ``Event`` of ``v1`` with more about its object.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    MAX_ANNOTATION_VALUE,
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    each,
    listed,
    normalised,
    read_json,
)
from steward.signals.alerts.ingest.sources.reading import inner, moment, text, texts

# Kubernetes keeps events for an hour, and never says that what they warn of is over.
_EXPIRES = 3600
_CONTAINER = re.compile(r"spec\.(?:initContainers|ephemeralContainers|containers)\{([^{}]+)\}")


def parse(received: Received) -> Parsed:
    """Read events; those that are no warnings are no alerts."""
    values, again = _events(read_json(received.body))
    cluster = received.parameter("cluster")
    warnings = [value for value in values if _matters(value)]
    parsed = each(warnings, lambda value, now: _read_one(value, cluster, now), received.now)
    parsed.good, parsed.repack = _latest(parsed.good), again
    return parsed


def _latest(found: list[Normalised]) -> list[Normalised]:
    """Of several events about the same the one seen last: an old one with another message must not end what goes on."""
    kept: dict[bytes, Normalised] = {}
    for one in found:
        known = kept.get(one.fingerprint)
        if known is None or _left(one) >= _left(known):
            kept[one.fingerprint] = one
    return list(kept.values())


def _left(found: Normalised) -> int:
    return found.expires if isinstance(found.expires, int) else 0


def _events(value: Any) -> tuple[list[Any], Any]:
    """The events of a body, and how some of them make such a body again."""
    if isinstance(value, dict) and "items" in value:
        return listed(value["items"], '"items"'), lambda bad: {"apiVersion": "v1", "kind": "List", "items": bad}
    if isinstance(value, dict):
        return [value], lambda bad: bad[0]
    if isinstance(value, list):
        return listed(value, "The body"), list
    raise Unreadable("The body must be an Event of Kubernetes or a list of them.")


def _matters(value: Any) -> bool:
    """Whether this is a warning, or something that has to be looked at because it is no event."""
    event = _unwrapped(value)
    if isinstance(value, dict) and event is not value and value.get("type") == "DELETED":
        return False  # the API has forgotten it; that says nothing about what it warned of
    return not isinstance(event, dict) or event.get("type") != "Normal"


def _unwrapped(value: Any) -> Any:
    """The event of a line of a watch."""
    watched = isinstance(value, dict) and value.get("type") in ("ADDED", "MODIFIED", "DELETED") and "object" in value
    return value["object"] if watched else value


def _read_one(value: Any, cluster: str, now: datetime) -> Normalised:
    event = _unwrapped(value)
    if not isinstance(event, dict):
        raise BadAlert("An Event must be an object.")
    about = inner(event.get("involvedObject")) or inner(event.get("regarding"))
    reason = text(event.get("reason"))
    if event.get("type") != "Warning" or not reason or not text(about.get("kind")):
        raise BadAlert("An Event needs a type of Warning or Normal, a reason and an object that it is about.")
    last, first = _last(event, now) or now, _first(event, now)
    since = min(now, last)
    left = _EXPIRES - int((now - since).total_seconds())
    over = left <= 0
    return normalised(
        texts(_labels(event, about, reason, cluster)),
        texts(_annotations(event), MAX_ANNOTATION_VALUE),
        "",
        first if first is not None and first <= since else None,
        since + timedelta(seconds=_EXPIRES) if over else None,
        resolved=over,
        # From the last repetition, not from now: whoever sends a whole list every few minutes sends old events as well.
        expires=None if over else left,
    )


def _labels(event: dict[str, Any], about: dict[str, Any], reason: str, cluster: str) -> dict[str, Any]:
    container = _CONTAINER.fullmatch(text(about.get("fieldPath")))
    reporter = text(event.get("reportingController")) or text(event.get("reportingComponent"))
    source = inner(event.get("source")) or inner(event.get("deprecatedSource"))
    return {
        "alertname": reason,
        "severity": "warning",
        "cluster": cluster or event.get("clusterName"),
        "namespace": about.get("namespace"),
        "kind": about.get("kind"),
        "name": about.get("name"),
        "container": container[1] if container else "",
        "component": reporter or source.get("component"),
    }


def _annotations(event: dict[str, Any]) -> dict[str, Any]:
    series = inner(event.get("series"))
    source = inner(event.get("source")) or inner(event.get("deprecatedSource"))
    counts = (series.get("count"), event.get("count"), event.get("deprecatedCount"))
    return {
        "summary": text(event.get("message")) or text(event.get("note")),
        "count": next((count for count in counts if count), ""),
        "node": source.get("host"),
        "action": event.get("action"),
        "reported_by": event.get("reportingInstance"),
    }


def _last(event: dict[str, Any], now: datetime) -> datetime | None:
    """When it was last seen; each generation of the API has another field for it."""
    series = inner(event.get("series"))
    fields = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        inner(event.get("metadata")).get("creationTimestamp"),
    )
    return next((found for found in (moment(field, now) for field in fields) if found), None)


def _first(event: dict[str, Any], now: datetime) -> datetime | None:
    fields = (
        event.get("firstTimestamp"),
        event.get("deprecatedFirstTimestamp"),
        event.get("eventTime"),
        inner(event.get("metadata")).get("creationTimestamp"),
    )
    return next((found for found in (moment(field, now) for field in fields) if found), None)
