"""The body that the set-up page gives for Kibana's webhook connector (variables as documented for Kibana 8 and 9, "Rule
action variables") and for a webhook action of Watcher ("Watcher webhook action").

Kibana tells of recoveries, so its alerts fire until then. A watch only speaks while its condition holds: its alerts
bring ``expires_in`` and end when nothing more is heard of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import inner, keyed_alert, object_of, text

_OWN = {"rule", "rule_id", "space", "alert_id", "group", "severity", "labels", "url", "date", "message", "expires_in"}
_RECOVERED = "recovered"
_MAX_NOTES = 40
_LONGEST_EXPIRY = 7 * 86_400


def parse(received: Received) -> Parsed:
    """Read one alert of a rule or a watch."""
    payload = object_of(received.body, "the body from this kind's set-up page")
    if "rule_id" not in payload:
        raise Unreadable('"rule_id" is missing. Use the body from the set-up page of this source.')
    try:
        return Parsed([_read(payload, received)])
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])


def _read(given: Mapping[str, Any], received: Received) -> Normalised:
    rule, name, instance = (text(given.get(key)) for key in ("rule_id", "rule", "alert_id"))
    if not rule:
        raise BadAlert("rule_id is empty.")
    recovered = text(given.get("group")).lower() == _RECOVERED
    labels = {
        **inner(given.get("labels")),
        "alertname": name or rule,
        "severity": text(given.get("severity")).lower(),
        "rule_id": rule,
        "space": given.get("space"),
        "alert_id": instance,
    }
    others = [key for key in given if key not in _OWN][:_MAX_NOTES]
    notes = {**{key: given[key] for key in others}, "summary": given.get("message"), "action_group": given.get("group")}
    space = text(given.get("space"))
    # Both say the same of an alert's severity and labels only as long as nobody edits one action without the other.
    found = keyed_alert(
        f"{space}\n{rule}\n{instance}",
        labels,
        notes,
        resolved=recovered,
        now=received.now,
        url=given.get("url"),
        # The date is that of this message: it says when an alert ended, but not when it began.
        ends_at=given.get("date"),
    )
    found.expires = _expires_in(given.get("expires_in"))
    return found


def _expires_in(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if type(value) is not int or not 0 < value <= _LONGEST_EXPIRY:
        raise BadAlert(f"expires_in must be a number of seconds up to {_LONGEST_EXPIRY}.")
    return value
