"""Alarms of Amazon CloudWatch as Amazon SNS delivers them over HTTPS: an envelope whose ``Message`` is the alarm as JSON.

As documented in the developer guide of Amazon SNS ("HTTP/HTTPS notification JSON format") and, for the alarm, in the user
guide of CloudWatch ("Alarm events and notifications"); metric alarms, metric math and composite alarms.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote

from steward.signals.alerts.ingest.sources.cloudwatch.sns import own_address
from steward.signals.alerts.ingest.sources.common import Normalised, Parsed, Received, Unreadable, each
from steward.signals.alerts.ingest.sources.reading import alert, inner, object_of, text

_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_MAX_DIMENSIONS = 30


def parse(received: Received) -> Parsed:
    """Read one envelope, or an alarm alone where the subscription has raw message delivery."""
    payload = object_of(received.body, "an envelope of Amazon SNS")
    kind = payload.get("Type")
    if kind == "SubscriptionConfirmation":
        return _confirmation(payload)
    if kind == "UnsubscribeConfirmation":
        return Parsed()  # somebody ended the subscription on purpose
    if kind == "Notification":
        return each([_message(payload)], _read_one, received.now)
    if "AlarmName" in payload:
        return each([payload], _read_one, received.now)
    raise Unreadable('The body must be an envelope of Amazon SNS: an object with the "Type" Notification.')


def _confirmation(payload: dict[str, Any]) -> Parsed:
    """Only Amazon's own addresses are visited, and only to confirm: the body comes from anyone who has the key."""
    url = payload.get("SubscribeURL")
    parts = own_address(url)
    if parts is None or parse_qs(parts.query).get("Action") != ["ConfirmSubscription"]:
        raise Unreadable("The SubscribeURL is not an address of Amazon SNS that confirms a subscription.")
    return Parsed(confirm=parts.geturl())


def _message(payload: dict[str, Any]) -> dict[str, Any]:
    message = payload.get("Message")
    if not isinstance(message, str):
        raise Unreadable("The Message must be the alarm as a text of JSON.")
    return object_of(message.encode("utf-8", "surrogatepass"), "an alarm of CloudWatch in Message")


def _read_one(alarm: dict[str, Any], now: datetime) -> Normalised:
    state, name = alarm.get("NewStateValue"), text(alarm.get("AlarmName"))
    if state not in _STATES or not name:
        raise Unreadable('An alarm of CloudWatch has an "AlarmName" and a "NewStateValue": ' + ", ".join(_STATES) + ".")
    trigger = inner(alarm.get("Trigger"))
    metric = _metric(trigger)
    region = _region(alarm)
    changed = alarm.get("StateChangeTime")
    # Without data nothing is known to be well: that fires too, as the same alert.
    resolved = state == "OK"
    return alert(
        {
            **_dimensions(metric),
            "alertname": name,
            "account": alarm.get("AWSAccountId"),
            "region": region or alarm.get("Region"),
            "namespace": metric.get("Namespace"),
            "metric": metric.get("MetricName"),
        },
        {
            "summary": alarm.get("NewStateReason"),
            "description": alarm.get("AlarmDescription"),
            "state": state,
            "previous_state": alarm.get("OldStateValue"),
            "threshold": _threshold(trigger),
            "rule": alarm.get("AlarmRule"),
            "triggering_children": alarm.get("TriggeringChildren") or "",
            "arn": alarm.get("AlarmArn"),
        },
        resolved=resolved,
        now=now,
        url=_link(alarm, region, name),
        starts_at=None if resolved else changed,
        ends_at=changed,
    )


def _metric(trigger: dict[str, Any]) -> dict[str, Any]:
    """What is measured: named by the trigger itself, or by the first metric of an expression."""
    if trigger.get("MetricName"):
        return trigger
    metrics = trigger.get("Metrics")
    stats = [inner(inner(one).get("MetricStat")) for one in metrics] if isinstance(metrics, list) else []
    return next((inner(stat.get("Metric")) for stat in stats if inner(stat.get("Metric"))), {})


def _dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    """Dimensions as labels. Their names and values are written small in triggers, large in expressions."""
    given = metric.get("Dimensions")
    pairs = [inner(one) for one in given] if isinstance(given, list) else []
    found = {text(one.get("name", one.get("Name"))): one.get("value", one.get("Value")) for one in pairs}
    return dict(list(found.items())[:_MAX_DIMENSIONS])


def _threshold(trigger: dict[str, Any]) -> str:
    """Such as "Average GreaterThanThreshold 80"; nothing for an alarm without a threshold of its own."""
    if trigger.get("Threshold") is None:
        return ""
    parts = (trigger.get("Statistic") or trigger.get("ExtendedStatistic"), trigger.get("ComparisonOperator"))
    return " ".join(part for part in (*map(text, parts), text(trigger["Threshold"])) if part)


def _region(alarm: dict[str, Any]) -> str:
    """The region's code: the alarm itself has it in its ARN alone, beside it stands a name for people."""
    parts = text(alarm.get("AlarmArn")).split(":")
    return parts[3] if len(parts) > 6 and parts[0] == "arn" else ""


def _link(alarm: dict[str, Any], region: str, name: str) -> str:
    if not region:
        return ""
    china = text(alarm.get("AlarmArn")).startswith("arn:aws-cn:")
    host = f"{quote(region)}.console.{'amazonaws.cn' if china else 'aws.amazon.com'}"
    return f"https://{host}/cloudwatch/home?region={quote(region)}#alarmsV2:alarm/{quote(name, safe='')}"
