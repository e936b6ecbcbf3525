"""Grafana's webhook, as documented for Grafana 9 to 12 ("Configure webhook notifications"): Alertmanager's payload with
more about each alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import BadAlert, Normalised, Parsed, Received, each, listed
from steward.signals.alerts.ingest.sources.reading import alert, inner, object_of, text

# Grafana's own labels for a rule without data or with a broken query keep the rule's name here.
_RULE = "rulename"


def parse(received: Received) -> Parsed:
    """Read one notification: its alerts are ours, its group is Grafana's business."""
    payload = object_of(received.body, "Grafana's webhook payload")
    parsed = each(listed(payload.get("alerts"), '"alerts"'), _read_one, received.now)
    parsed.repack = lambda bad: {**payload, "alerts": bad}
    return parsed


def _read_one(raw: Any, now: datetime) -> Normalised:
    if not isinstance(raw, dict):
        raise BadAlert("An alert must be an object.")
    status = raw.get("status")
    if status not in ("firing", "resolved"):
        raise BadAlert('The status must be "firing" or "resolved".')
    labels, annotations = inner(raw.get("labels")), dict(inner(raw.get("annotations")))
    for name, key in (("values", "valueString"), ("dashboard", "dashboardURL"), ("panel", "panelURL"),
                      ("silence", "silenceURL"), ("image", "imageURL")):  # fmt: skip
        if text(raw.get(key)):
            annotations.setdefault(name, raw[key])
    return alert(
        {**labels, "alertname": labels.get("alertname") or labels.get(_RULE)},
        annotations,
        resolved=status == "resolved",
        now=now,
        url=raw.get("generatorURL"),
        starts_at=raw.get("startsAt"),
        ends_at=raw.get("endsAt"),
    )
