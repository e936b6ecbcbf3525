"""Datadog's webhook with the payload that the set-up page gives; the variables are those of Datadog's documentation of
the integration "Webhooks". Datadog puts values into the template as texts, and leaves empty what a monitor has not."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import BadAlert, Normalised, Parsed, Received, each
from steward.signals.alerts.ingest.sources.reading import alert, equal, object_of, text

_FIRING = frozenset({"triggered", "warn", "no data", "renotify"})
# Priorities are numbers; these are the usual words.
_SEVERITIES = {"p1": "critical", "p2": "high", "p3": "warning", "p4": "info", "p5": "info"}
# What Datadog writes before the monitor's name, which is another at every transition. "[TEST]" stays: people look for it.
_PREFIX = re.compile(
    r"\[(?:P[1-5]|(?:Re-)?(?:Triggered|Warn|No Data)|Recovered|Renotify)(?: on \{[^\]]*\})?\]\s*", re.I
)
_TEST = "[TEST]"
# A test of a monitor is never followed by its recovery.
_TEST_SECONDS = 300
# Of all the tags only these: others (of a host, say) may change while a monitor is triggered.
_TAGS = ("env", "service", "team")
_MAX_SCOPE = 40


def verify(received: Received, secret: str) -> str:
    """Datadog does not sign; the token is one of the webhook's custom headers."""
    known = equal(received.header("authorization").removeprefix("Bearer "), secret)
    return "" if known else "The Authorization header has not this source's token."


def parse(received: Received) -> Parsed:
    """Read one notification: it is about one group of one monitor."""
    payload = object_of(received.body, "the payload of the webhook's set-up")
    return each([payload], _read_one, received.now)


def _read_one(raw: dict[str, Any], now: datetime) -> Normalised:
    values = {name: _filled(value) for name, value in raw.items()}
    transition = values.get("transition", "").lower()
    resolved = transition.endswith("recovered")
    if not resolved and transition.removeprefix("re-") not in _FIRING:
        raise BadAlert('The "transition" must be what Datadog puts in place of $ALERT_TRANSITION.')
    name = _PREFIX.sub("", values.get("title", "")).strip() or values.get("metric") or values.get("monitor_id")
    if not name:
        raise BadAlert('A notification needs a "title" or a "monitor_id".')
    began = not resolved and transition in _FIRING - {"renotify"}
    found = alert(
        {**_tagged(values), "alertname": name, "severity": _SEVERITIES.get(values.get("priority", "").lower(), "")},
        _annotations(values),
        resolved=resolved,
        now=now,
        url=values.get("link"),
        starts_at=values.get("date") if began else None,
        ends_at=values.get("date"),
    )
    if not resolved and _TEST in name.upper():
        found.expires = _TEST_SECONDS
    return found


def _filled(value: Any) -> str:
    """The value; nothing for a variable that Datadog does not know and leaves as it is."""
    found = text(value, 32_768).strip()
    return "" if re.fullmatch(r"\$[A-Z_]+", found) or found.lower() == "null" else found


def _tagged(values: dict[str, str]) -> dict[str, str]:
    """Labels from the tags that make the group, and those by which teams are found."""
    scope = dict(list(_tags(values.get("scope", "")).items())[:_MAX_SCOPE])
    tags = _tags(values.get("tags", ""))
    return {
        **{name: tags[name] for name in _TAGS if name in tags},
        **scope,
        "monitor_id": values.get("monitor_id", ""),
        "metric": values.get("metric", ""),
        "org": values.get("org", ""),
    }


def _tags(listed: str) -> dict[str, str]:
    """Tags such as "host:web-1,role:web"; one without a value is a label that says so. The last of several wins; "*"
    is a monitor over everything."""
    found: dict[str, str] = {}
    for tag in filter(None, (part.strip() for part in listed.split(","))):
        name, colon, value = tag.partition(":")
        if tag != "*":
            found[name] = value if colon else "true"
    return found


def _annotations(values: dict[str, str]) -> dict[str, str]:
    return {
        "summary": values.get("status") or values.get("title", ""),
        "description": values.get("message", ""),
        "state": values.get("transition", ""),
        "query": values.get("query", ""),
        "tags": values.get("tags", ""),
        "image": values.get("snapshot", ""),
        "cycle": values.get("cycle", ""),
    }
