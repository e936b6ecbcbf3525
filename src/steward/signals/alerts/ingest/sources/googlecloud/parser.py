"""Google Cloud Monitoring's webhook notification channel, as documented in "Create and manage notification channels"
(schema version 1.2): an incident that opens and closes. The test button sends the version ``test``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import BadAlert, Normalised, Parsed, Received, Unreadable, each
from steward.signals.alerts.ingest.sources.reading import alert, equal, inner, object_of, text

# The test's incident is opened and never closed.
_TEST_SECONDS = 300
_MAX_LABELS = 15
_NO_SEVERITY = "no severity"


def verify(received: Received, secret: str) -> str:
    """Google adds nothing to a webhook but what its address says, so the token is a parameter of it."""
    known = equal(received.parameter("auth_token"), secret)
    return "" if known else "The auth_token in the address is not this source's."


def parse(received: Received) -> Parsed:
    """Read one notification: it has one incident."""
    payload = object_of(received.body, "Cloud Monitoring's webhook payload")
    if not isinstance(payload.get("incident"), dict):
        raise Unreadable('The body must have an "incident".')
    return each([payload], _read_one, received.now)


def _read_one(payload: dict[str, Any], now: datetime) -> Normalised:
    incident = payload["incident"]
    state, name = text(incident.get("state")).lower(), text(incident.get("policy_name"))
    if state not in ("open", "acknowledged", "closed"):
        raise BadAlert('The state must be "open" or "closed".')
    if not name:
        raise BadAlert('An incident needs a "policy_name".')
    found = alert(
        {**_labels(incident), "alertname": name},
        _annotations(incident),
        resolved=state == "closed",
        now=now,
        url=incident.get("url"),
        starts_at=incident.get("started_at"),
        ends_at=incident.get("ended_at"),
    )
    if payload.get("version") == "test" and not found.resolved:
        found.expires = _TEST_SECONDS
    return found


def _labels(incident: dict[str, Any]) -> dict[str, Any]:
    resource, metric = inner(incident.get("resource")), inner(incident.get("metric"))
    severity = text(incident.get("severity")).lower()
    found = {
        "severity": "" if severity == _NO_SEVERITY else severity,
        "condition": incident.get("condition_name"),
        "project": incident.get("scoping_project_id"),
        "resource_type": resource.get("type"),
        "metric_type": metric.get("type"),
    }
    # What people gave the policy first, for routes; a name that is taken is written with where it comes from.
    for origin, given in (
        ("policy", incident.get("policy_user_labels")),
        ("resource", resource.get("labels")),
        ("metric", metric.get("labels")),
    ):
        _add(found, origin, inner(given))
    return found


def _add(found: dict[str, Any], origin: str, given: Mapping[str, Any]) -> None:
    for name, value in list(given.items())[:_MAX_LABELS]:
        taken = name in found or name == "alertname"
        found[f"{origin}_{name}" if taken else name] = value


def _annotations(incident: dict[str, Any]) -> dict[str, Any]:
    documentation = incident.get("documentation")
    said = documentation if isinstance(documentation, str) else inner(documentation).get("content")
    links = inner(documentation).get("links")
    runbook = next((inner(one).get("url") for one in links if inner(one)), "") if isinstance(links, list) else ""
    return {
        "summary": text(inner(documentation).get("subject")) or incident.get("summary"),
        "description": said,
        "details": incident.get("summary"),
        "runbook_url": runbook,
        "value": incident.get("observed_value"),
        "threshold": incident.get("threshold_value"),
        "resource": text(incident.get("resource_display_name")) or incident.get("resource_name"),
        "incident_id": incident.get("incident_id"),
    }
