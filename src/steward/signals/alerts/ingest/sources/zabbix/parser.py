"""What ``files/steward-media-type.yaml`` sends: Zabbix's macros of a trigger event by names of ours, as documented for
Zabbix 7.0 ("Supported macros", "Webhook media type").

The severity is the trigger's: that of an event can be changed by hand while the problem lasts, and would make it
another alert.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import alert, object_of, text

# By number, because the words can be renamed in Zabbix.
_SEVERITIES = {"0": "not classified", "1": "info", "2": "warning", "3": "average", "4": "high", "5": "disaster"}
_TRIGGER = "0"
_UNRESOLVED = re.compile(r"\{[$#]?[A-Z0-9_.]+\}|\*UNKNOWN\*")
_NOTES = {
    "operational_data": "event_opdata", "event_severity": "event_severity", "description": "trigger_description",
    "event_id": "event_id", "host_ip": "host_ip", "item_name": "item_name", "host_groups": "host_groups",
}  # fmt: skip
_MAX_TAGS = 40


def parse(received: Received) -> Parsed:
    """Read one event. Updates (acknowledged, commented, severity changed) and the media type's Test button change no
    state and bring no alert."""
    payload = object_of(received.body, "what Steward's media type for Zabbix sends")
    event = {name: _resolved(value) for name, value in payload.items()}
    if "event_value" not in event:
        raise Unreadable('"event_value" is missing. Import the media type from this page into Zabbix.')
    if not event["event_value"] or event.get("event_update_status") == "1":
        return Parsed()
    if event.get("event_source", _TRIGGER) != _TRIGGER:
        raise Unreadable("Only trigger events are understood; let this media type's actions be trigger actions.")
    if event["event_value"] not in ("0", "1"):
        raise Unreadable('"event_value" must be 1 (problem) or 0 (recovery).')
    try:
        return Parsed([_read(event, received)])
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])


def _resolved(value: Any) -> str:
    """A macro's value; nothing for one that has none here, which Zabbix leaves as it is written."""
    found = text(value).strip()
    return "" if _UNRESOLVED.fullmatch(found) else found


def _read(event: Mapping[str, str], received: Received) -> Normalised:
    name, trigger, host = event.get("event_name", ""), event.get("trigger_id", ""), event.get("host_name", "")
    if not name or not trigger:
        raise BadAlert("event_name or trigger_id is missing.")
    recovered = event["event_value"] == "0"
    own = {
        "alertname": name,
        "severity": _SEVERITIES.get(event.get("trigger_nseverity", ""), ""),
        "host": host,
        "trigger_id": trigger,
    }
    # The name is the event's: macros in it are filled in once, when the problem starts.
    notes = {key: event.get(field) for key, field in _NOTES.items()}
    return alert(
        {**_tags(event.get("event_tags", "")), **own},
        {**notes, "summary": f"{host}: {name}" if host else name},
        resolved=recovered,
        now=received.now,
        url=_link(event),
        starts_at=event.get("event_timestamp"),
        ends_at=event.get("event_recovery_timestamp"),
    )


def _tags(raw: str) -> dict[str, str]:
    """The event's tags as labels; a tag that is there more than once has all its values."""
    try:
        tags = json.loads(raw) if raw else []
    except (ValueError, RecursionError):
        return {}
    found: dict[str, set[str]] = {}
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict):
            found.setdefault(text(tag.get("tag")), set()).add(text(tag.get("value")))
    kept = sorted(name for name in found if name)[:_MAX_TAGS]
    # A tag without a value is a statement too.
    return {name: ",".join(sorted(found[name] - {""})) or "true" for name in kept}


def _link(event: Mapping[str, str]) -> str:
    """The trigger's own link, else the event's page if Zabbix' address is known."""
    base = event.get("zabbix_url", "").rstrip("/")
    if event.get("trigger_url") or not base.startswith(("http://", "https://")):
        return event.get("trigger_url", "")
    return f"{base}/tr_events.php?triggerid={event.get('trigger_id', '')}&eventid={event.get('event_id', '')}"
