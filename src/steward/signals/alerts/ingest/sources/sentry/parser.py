"""Sentry's integration platform: webhooks for issue alerts, metric alerts and issues, as its documentation has them
("Integration Platform", "Webhooks", as of 2025).

An issue alert never says that it is over; the issue's own webhook does, which knows only the issue. So the issue is what
an alert is known by. A metric alert goes from warning to critical and back: each level of a rule is an alert of its own,
so that a worse one is told.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    each,
)
from steward.signals.alerts.ingest.sources.reading import inner, keyed_alert, object_of, signed, text

_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")
_LEVELS = ("warning", "critical")
# What ends an issue's alert; the others (created, assigned, unresolved) are told by alert rules, if anybody wants to know.
_OVER = ("resolved", "archived", "ignored")


def parse(received: Received) -> Parsed:
    """Read one webhook; those about installations, errors and comments bring no alert."""
    payload = object_of(received.body, "a webhook of Sentry's integration platform")
    data, action = payload.get("data"), payload.get("action")
    if not isinstance(data, dict):
        raise Unreadable('"data" must be an object.')
    if "metric_alert" in data:
        return _metric(data, action, received.now)
    if "event" in data:
        return each([data], _issue_alert, received.now)
    if "issue" in data and (action in _OVER or action == "triggered"):
        return each([data["issue"]], partial(_issue, resolved=action in _OVER), received.now)
    return Parsed()


def verify(received: Received, secret: str) -> str:
    """The client secret of the integration signs the body."""
    if signed(received, secret, received.header("sentry-hook-signature")):
        return ""
    return "Sentry-Hook-Signature does not belong to this body and this source's client secret."


def _issue_alert(data: dict[str, Any], now: datetime) -> Normalised:
    event = inner(data.get("event"))
    found = _PROJECT.search(text(event.get("url")))
    rule = text(data.get("triggered_rule"))
    return keyed_alert(
        _key(event.get("issue_id")),
        {
            "alertname": text(event.get("title")) or rule or "Sentry issue",
            "severity": text(event.get("level")).lower(),
            "project": found[1] if found else text(event.get("project")),
            "environment": event.get("environment") or _tag(event, "environment"),
            "rule": rule,
            "issue": event.get("issue_id"),
        },
        {
            "summary": event.get("title"),
            "description": event.get("message") or inner(event.get("metadata")).get("value"),
            "culprit": event.get("culprit"),
            "release": event.get("release"),
            "event": event.get("event_id"),
        },
        resolved=False,
        now=now,
        url=event.get("web_url"),
        starts_at=event.get("datetime") or event.get("timestamp"),
    )


def _issue(raw: Any, now: datetime, resolved: bool) -> Normalised:
    issue = inner(raw)
    return keyed_alert(
        _key(issue.get("id")),
        {
            "alertname": text(issue.get("title")) or "Sentry issue",
            "severity": text(issue.get("level")).lower(),
            "project": inner(issue.get("project")).get("slug"),
            "issue": issue.get("id"),
        },
        {"summary": issue.get("title"), "culprit": issue.get("culprit"), "short_id": issue.get("shortId")},
        resolved=resolved,
        now=now,
        url=issue.get("web_url") or issue.get("permalink"),
    )


def _key(issue: Any) -> str:
    if not text(issue):
        raise BadAlert("The id of the issue is missing.")
    return f"sentry issue {text(issue)}"


def _tag(event: dict[str, Any], name: str) -> Any:
    tags = event.get("tags")
    pairs = [pair for pair in tags if isinstance(pair, list) and len(pair) == 2] if isinstance(tags, list) else []
    return next((value for key, value in pairs if key == name), None)


def _metric(data: dict[str, Any], action: Any, now: datetime) -> Parsed:
    """One report, or several: a rule that is back at a warning is not critical any more."""
    incident = inner(data["metric_alert"])
    rule = inner(incident.get("alert_rule"))
    has = [level for level in _LEVELS if level in _triggers(rule)] or list(_LEVELS)
    if action == "resolved":
        reports = [(level, True) for level in has]
    elif action == "warning":
        reports = [("warning", False), *[(level, True) for level in has if level == "critical"]]
    elif action == "critical":
        reports = [("critical", False)]
    else:
        raise Unreadable('The action of a metric alert must be "critical", "warning" or "resolved".')
    return each(reports, lambda report, now: _level(data, incident, rule, report[0], report[1], now), now)


def _level(
    data: dict[str, Any], incident: dict[str, Any], rule: dict[str, Any], level: str, resolved: bool, now: datetime
) -> Normalised:
    name = text(rule.get("name")) or text(incident.get("title"))
    number = text(rule.get("id")) or name
    if not number:
        raise BadAlert("The alert rule has neither id nor name.")
    projects = incident.get("projects") or rule.get("projects")
    return keyed_alert(
        f"sentry rule {number} {level}",
        {
            "alertname": name or f"Sentry rule {number}",
            "severity": level,
            "project": ",".join(map(text, projects)) if isinstance(projects, list) else text(projects),
            "environment": rule.get("environment"),
            "rule": number,
        },
        {
            "summary": data.get("description_title"),
            "description": data.get("description_text"),
            "query": rule.get("query"),
            "aggregate": rule.get("aggregate"),
            "incident": incident.get("identifier"),
        },
        resolved=resolved,
        now=now,
        url=data.get("web_url"),
        starts_at=incident.get("date_started"),
        ends_at=incident.get("date_closed"),
    )


def _triggers(rule: dict[str, Any]) -> list[str]:
    triggers = rule.get("triggers")
    return [text(inner(each).get("label")) for each in triggers] if isinstance(triggers, list) else []
