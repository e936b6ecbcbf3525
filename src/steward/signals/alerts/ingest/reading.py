"""What Alertmanager's API v2 answers to GET: the alerts of this source, and the status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.db import connection

from steward.algorithms.matching import Matcher, MatcherError, matches_all, parse_matchers
from steward.foundation.rest import keyed
from steward.foundation.rest.keyed import Firing, Marks
from steward.signals.alerts.ingest.answers import Refused
from steward.signals.alerts.ingest.database import Database
from steward.signals.alerts.storing import Row

MAX_ALERTS = 10_000
GROUPS, RECEIVERS = "api/v2/alerts/groups", "api/v2/receivers"
# Alertmanager names who is notified; here the routes decide that for each alert, so all of Steward is one receiver.
RECEIVER = "steward"
_FLAGS = {"active", "silenced", "inhibited", "unprocessed", "muted"}
_SQL = """
SELECT labels::text, annotations::text, generator_url, fingerprint, starts_at, due_at, last_seen_at,
       service_id, item_id, standing::text
FROM alerts_alert WHERE source_id = %s AND status = 'firing' AND labels @> %s::text::jsonb
ORDER BY changed_at DESC, id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class _Query:
    """What the address asks for. Flags that it does not name are on, as in Alertmanager."""

    matchers: list[Matcher]
    flags: dict[str, bool]
    receiver: Matcher | None

    def wants(self, marks: Marks) -> bool:
        """By Alertmanager's rule: an alert that nothing holds is active, one that is held by both needs both flags."""
        if not marks.silenced_by and not marks.inhibited_by:
            return self.flags.get("active", True)
        silenced = not marks.silenced_by or self.flags.get("silenced", True)
        return silenced and (not marks.inhibited_by or self.flags.get("inhibited", True))


async def alerts(database: Database, source_id: int, query: bytes, now: datetime) -> list[dict[str, Any]]:
    """The firing alerts of the source that the query asks for, with what holds them."""
    asked = _read_query(query)
    if asked.receiver is not None and not asked.receiver.matches({"receiver": RECEIVER}):
        return []
    same = {each.name: each.value for each in asked.matchers if each.op == "=" and each.value}
    rows = await database.fetch(_SQL, (source_id, orjson.dumps(same).decode(), MAX_ALERTS))
    firing = [Firing(orjson.loads(row[0]), row[7], row[8], orjson.loads(row[9] or "null")) for row in rows]
    marked = await asyncio.to_thread(_marks, source_id, firing, now)
    return [
        _gettable(row, alert.labels, marks)
        for row, alert, marks in zip(rows, firing, marked, strict=True)
        if matches_all(asked.matchers, alert.labels) and asked.wants(marks)
    ]


def _marks(source_id: int, firing: list[Firing], now: datetime) -> list[Marks]:
    try:
        return keyed.marks(source_id, firing, now)
    finally:
        connection.close()


def grouped(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The alerts by name, in the form of Alertmanager's groups; what Steward puts into one incident is its routes'
    business."""
    names: dict[str, list[dict[str, Any]]] = {}
    for alert in found:
        names.setdefault(alert["labels"].get("alertname", ""), []).append(alert)
    return [
        {"labels": {"alertname": name} if name else {}, "receiver": {"name": RECEIVER}, "alerts": names[name]}
        for name in sorted(names)
    ]


def receivers() -> list[dict[str, str]]:
    """Who is notified, as far as Alertmanager's API can say it."""
    return [{"name": RECEIVER}]


def _read_query(query: bytes) -> _Query:
    matchers: list[Matcher] = []
    flags: dict[str, bool] = {}
    receiver: Matcher | None = None
    for name, value in parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True):
        if name == "filter":
            matchers += _matchers(value)
        elif name == "receiver" and value:
            try:
                receiver = Matcher("receiver", "=~", value)
            except MatcherError as error:
                raise Refused(400, "bad-query", str(error)) from error
        elif name in _FLAGS:
            if value not in ("true", "false"):
                raise Refused(400, "bad-query", f"{name} must be true or false.")
            flags[name] = value == "true"
    return _Query(matchers, flags, receiver)


def _matchers(text: str) -> Sequence[Matcher]:
    try:
        parsed = parse_matchers(text)
    except MatcherError as error:
        raise Refused(400, "bad-query", str(error)) from error
    if any("\x00" in each.value or "\x00" in each.name for each in parsed):
        raise Refused(400, "bad-query", "A matcher contains a NUL character.")
    return parsed


def _gettable(row: Row, labels: Mapping[str, str], marks: Marks) -> dict[str, Any]:
    ends: datetime | None = row[5]
    held = bool(marks.silenced_by or marks.inhibited_by)
    return {
        "labels": labels,
        "annotations": orjson.loads(row[1]),
        "generatorURL": row[2],
        "fingerprint": bytes(row[3]).hex(),
        "startsAt": row[4],
        "endsAt": ends or "9999-12-31T23:59:59Z",
        "updatedAt": row[6],
        "receivers": receivers(),
        "status": {
            "state": "suppressed" if held else "active",
            "silencedBy": list(marks.silenced_by), "inhibitedBy": list(marks.inhibited_by),
        },
    }  # fmt: skip


def status(version: str, started: datetime) -> dict[str, Any]:
    """Alertmanager's status document, as far as it applies."""
    return {
        "cluster": {"name": "", "status": "disabled", "peers": []},
        "config": {"original": ""},
        "uptime": started,
        "versionInfo": {
            "branch": "", "buildDate": "", "buildUser": "", "goVersion": "", "revision": "",
            "version": f"steward {version}",
        },
    }  # fmt: skip
