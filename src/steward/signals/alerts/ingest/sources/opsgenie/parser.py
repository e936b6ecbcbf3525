"""Opsgenie's Alert API v2 ("Create Alert", "Close Alert", "Acknowledge Alert"), for senders that let one change the
address.

Closing names nothing but the alias, so that is what an alert is known by; the labels are those with which it began.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

from steward.signals.alerts.ingest.sources.common import BadAlert, Normalised, Parsed, Received, Unreadable, each
from steward.signals.alerts.ingest.sources.reading import (
    acknowledged,
    equal,
    inner,
    keyed_alert,
    object_of,
    spread,
    text,
)

CREATE = "v2/alerts"
# Opsgenie's priorities in the words that routes know; it takes P3 where none is given.
_SEVERITIES = {"P1": "critical", "P2": "high", "P3": "warning", "P4": "minor", "P5": "info"}


def create(received: Received) -> Parsed:
    """Read one alert."""
    body = object_of(received.body, "an alert of Opsgenie's Alert API")
    alias = text(body.get("alias")) or blake2b(received.body, digest_size=16).hexdigest()
    return each([body], partial(_read_one, alias=alias), received.now)


def close(received: Received) -> Parsed:
    """Read an end: all of it is in the address."""
    alias = _alias(received, "/close")
    return Parsed([keyed_alert(alias, {"alertname": alias, "alias": alias}, {}, resolved=True, now=received.now)])


def acknowledge(received: Received) -> Parsed:
    """Read that somebody works on it; the body says who, if there is one."""
    alias = _alias(received, "/acknowledge")
    body = object_of(received.body, "who acknowledges, or empty") if received.body.strip() else {}
    return Parsed(acknowledged=[acknowledged(alias, who=body.get("user"), note=body.get("note"))])


def answer(received: Received, _parsed: Parsed) -> tuple[int, Any]:
    """What Opsgenie answers."""
    named = blake2b(received.path.encode("utf-8", "surrogatepass") + received.body, digest_size=16).digest()
    return 202, {"result": "Request will be processed", "took": 0.1, "requestId": str(UUID(bytes=named))}


def verify(received: Received, secret: str) -> str:
    """The integration's API key is the secret."""
    scheme, _space, key = received.header("authorization").partition(" ")
    if scheme.lower() != "geniekey":
        return "The header Authorization must be GenieKey and this source's API key."
    return "" if equal(key.strip(), secret) else "The API key is not this source's."


def _alias(received: Received, action: str) -> str:
    if received.parameter("identifierType").lower() != "alias":
        raise Unreadable("Alerts are known by their alias here: add identifierType=alias to the address.")
    alias = text(received.path.removeprefix(f"{CREATE}/").removesuffix(action))
    if not alias:
        raise Unreadable("The alias is empty.")
    return alias


def _read_one(body: dict[str, Any], now: datetime, alias: str) -> Normalised:
    message = text(body.get("message"))
    if not message:
        raise BadAlert("The message is missing.")
    priority = text(body.get("priority")).upper() or "P3"
    return keyed_alert(
        alias,
        {
            "alertname": message,
            "severity": _SEVERITIES.get(priority, priority.lower()),
            "priority": priority,
            "alias": alias,
            "entity": body.get("entity"),
            "source": body.get("source"),
            "tags": ",".join(sorted(filter(None, map(text, _listed(body.get("tags")))))),
            "team": _team(body),
        },
        {
            **spread(body.get("details")),
            "summary": message,
            "description": body.get("description"),
            "note": body.get("note"),
            "user": body.get("user"),
        },
        resolved=False,
        now=now,
    )


def _team(body: dict[str, Any]) -> str:
    """The teams among those who are to be told, by name where there is one."""
    told = [inner(each) for each in [*_listed(body.get("responders")), *_listed(body.get("teams"))]]
    teams = [each for each in told if each.get("type", "team") == "team"]
    return ",".join(filter(None, (text(each.get("name")) or text(each.get("id")) for each in teams)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
