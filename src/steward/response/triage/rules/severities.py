"""From the words of senders to the severity of an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steward.response.triage.rules.routes import RouteSpec

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
# What senders commonly write in the severity label, for routes that do not say otherwise.
USUAL_SEVERITIES: Mapping[str, str] = {
    # Prometheus' rules, clouds, ticket systems
    "page": "SEV1",
    "emergency": "SEV1",
    "disaster": "SEV1",
    "blocker": "SEV1",
    "critical": "SEV2",
    "fatal": "SEV2",
    "high": "SEV2",
    "major": "SEV2",
    "urgent": "SEV2",
    "error": "SEV3",
    "average": "SEV3",
    "medium": "SEV3",
    "moderate": "SEV3",
    "warning": "SEV3",
    "warn": "SEV3",
    "minor": "SEV4",
    "low": "SEV4",
    "info": "SEV4",
    "information": "SEV4",
    "informational": "SEV4",
    # syslog's words
    "emerg": "SEV1",
    "panic": "SEV1",
    "alert": "SEV1",
    "crit": "SEV2",
    "err": "SEV3",
    "notice": "SEV4",
    "debug": "SEV4",
    "trace": "SEV4",
    # Nobody has judged it, or nobody can tell: that is not harmless.
    "unknown": "SEV3",
    "undefined": "SEV3",
    "indeterminate": "SEV3",
    "not classified": "SEV3",
    "not_classified": "SEV3",
    # It fires although it says that all is well.
    "ok": "SEV4",
    "normal": "SEV4",
    "none": "SEV4",
    "clear": "SEV4",
    "cleared": "SEV4",
    "healthy": "SEV4",
    "up": "SEV4",
    # Levels by number. There is nothing below SEV4.
    **{f"{word}{level}": f"SEV{min(max(level, 1), 4)}" for word in ("sev", "p") for level in range(6)},
}


def severity(route: RouteSpec, alert_severity: str) -> str:
    """SEV1–SEV4: the route's map, then its ``*``, then what senders usually mean, then SEV3."""
    word = alert_severity.lower()
    return route.severity_map.get(word) or route.severity_map.get("*") or USUAL_SEVERITIES.get(word, "SEV3")


def worst(severities: Sequence[str]) -> str:
    return min(severities, default="SEV3")
