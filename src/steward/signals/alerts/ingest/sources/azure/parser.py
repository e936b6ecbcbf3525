"""Azure Monitor's common alert schema, as documented in "Common alert schema" and "Sample alert payloads" (essentials
version 1.0; alert contexts of metric, log search (Log Alerts V2), activity log, service health and resource health).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from steward.signals.alerts.ingest.sources.common import BadAlert, Normalised, Parsed, Received, Unreadable, each
from steward.signals.alerts.ingest.sources.reading import alert, inner, object_of, text

_SCHEMA = "azureMonitorCommonAlertSchema"
# Azure numbers them; these are the usual words for what it calls critical, error, warning, informational and verbose.
_SEVERITIES = {"sev0": "critical", "sev1": "high", "sev2": "warning", "sev3": "info", "sev4": "info"}
# What happened once, such as a restart, is never said to be over.
_ONCE_SECONDS = 3600
_MAX_DIMENSIONS = 30


def parse(received: Received) -> Parsed:
    """Read one notification: it has one alert."""
    payload = object_of(received.body, "Azure Monitor's common alert schema")
    if payload.get("schemaId") != _SCHEMA:
        raise Unreadable(f'The "schemaId" must be {_SCHEMA}: enable the common alert schema in the action group.')
    return each([payload], _read_one, received.now)


def _read_one(payload: dict[str, Any], now: datetime) -> Normalised:
    data = inner(payload.get("data"))
    essentials, context = inner(data.get("essentials")), inner(data.get("alertContext"))
    condition, name = essentials.get("monitorCondition"), text(essentials.get("alertRule"))
    if condition not in ("Fired", "Resolved") or not name:
        raise BadAlert('An alert needs an "alertRule" and a "monitorCondition" of Fired or Resolved.')
    resolved = condition == "Resolved" or _over(context)
    found = alert(
        {**_dimensions(context), **_identity(essentials, context), "alertname": name},
        {**_texts(essentials, context), **_custom(data)},
        resolved=resolved,
        now=now,
        url=_link(essentials, context),
        starts_at=essentials.get("firedDateTime"),
        ends_at=essentials.get("resolvedDateTime") or (essentials.get("firedDateTime") if resolved else None),
    )
    if not resolved and _happened(essentials, context):
        found.expires = _ONCE_SECONDS
    return found


def _identity(essentials: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    targets = essentials.get("alertTargetIDs")
    target = text(targets[0]) if isinstance(targets, list) and targets else ""
    parts = target.strip("/").split("/")
    items = essentials.get("configurationItems")
    severity = text(essentials.get("severity")).lower()
    named = dict(zip((part.lower() for part in parts[::2]), parts[1::2], strict=False))
    return {
        "severity": _SEVERITIES.get(severity, severity),
        "signal_type": text(essentials.get("signalType")).lower(),
        # Azure writes the same address sometimes in small letters.
        "target": target.lower(),
        "resource": text(items[0]) if isinstance(items, list) and items else parts[-1],
        "resource_group": named.get("resourcegroups", "").lower(),
        "subscription": named.get("subscriptions", "").lower(),
        "tracking_id": inner(context.get("properties")).get("trackingId"),
    }


def _conditions(context: dict[str, Any]) -> list[dict[str, Any]]:
    given = inner(context.get("condition")).get("allOf")
    return [inner(one) for one in given] if isinstance(given, list) else []


def _dimensions(context: dict[str, Any]) -> dict[str, Any]:
    """What splits one rule into several alerts, of the first condition that has it."""
    found: dict[str, Any] = {}
    for condition in _conditions(context):
        given = condition.get("dimensions")
        for one in given if isinstance(given, list) else []:
            found.setdefault(text(inner(one).get("name")), inner(one).get("value"))
    return dict(list(found.items())[:_MAX_DIMENSIONS])


def _texts(essentials: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    properties = inner(context.get("properties"))
    measured = [_measured(one) for one in _conditions(context)]
    happened = " ".join(part for part in (text(context.get("operationName")), text(context.get("status"))) if part)
    return {
        "summary": text(properties.get("title")) or ", ".join(filter(None, measured)) or happened,
        "description": text(essentials.get("description")) or text(properties.get("communication")),
        "service": essentials.get("monitoringService"),
        "alert_id": essentials.get("alertId"),
        "caller": context.get("caller"),
        "cause": properties.get("cause"),
        "stage": properties.get("stage"),
        "health": properties.get("currentHealthStatus"),
        "query": next((one["searchQuery"] for one in _conditions(context) if one.get("searchQuery")), ""),
    }


def _measured(condition: dict[str, Any]) -> str:
    """Such as "Percentage CPU GreaterThan 80: 93.5"."""
    what = text(condition.get("metricName")) or text(condition.get("metricMeasureColumn")) or "Result"
    value = condition.get("metricValue")
    if value is None:
        return ""
    return f"{what} {text(condition.get('operator'))} {text(condition.get('threshold'))}: {text(value)}"


def _custom(data: dict[str, Any]) -> dict[str, Any]:
    """What people added to the rule: annotations, because only some kinds of alerts bring them every time."""
    return dict(list(inner(data.get("customProperties")).items())[:_MAX_DIMENSIONS])


def _over(context: dict[str, Any]) -> bool:
    """Health alerts fire again to say that all is well."""
    properties = inner(context.get("properties"))
    return properties.get("stage") in ("Resolved", "RCA") or properties.get("currentHealthStatus") == "Available"


def _happened(essentials: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether this is an entry of the activity log that nothing will follow."""
    properties = inner(context.get("properties"))
    return essentials.get("signalType") == "Activity Log" and not (
        properties.get("stage") or properties.get("currentHealthStatus")
    )


def _link(essentials: dict[str, Any], context: dict[str, Any]) -> str:
    """Where Azure's portal shows the alert, or what its query found."""
    if text(essentials.get("investigationLink")):
        return text(essentials["investigationLink"])
    for condition in _conditions(context):
        for name in ("linkToFilteredSearchResultsUI", "linkToSearchResultsUI"):
            if text(condition.get(name)):
                return text(condition[name])
    alert_id = text(essentials.get("alertId"))
    blade = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/"
    return blade + quote(alert_id, safe="") if alert_id else ""
