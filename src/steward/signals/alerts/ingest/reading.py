"""What Alertmanager's API v2 answers to GET: the alerts of this source, and the status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from steward.algorithms.matching import Matcher, MatcherError, matches_all, parse_matchers
from steward.signals.alerts.ingest.answers import Refused
from steward.signals.alerts.ingest.database import Database
from steward.signals.alerts.storing import Row

MAX_ALERTS = 10_000
_FLAGS = {"active", "silenced", "inhibited", "unprocessed"}
_SQL = """
SELECT labels::text, annotations::text, generator_url, fingerprint, starts_at, due_at, last_seen_at
FROM alerts_alert WHERE source_id = %s AND status = 'firing' AND labels @> %s::text::jsonb
ORDER BY changed_at DESC, id DESC LIMIT %s
"""


async def alerts(database: Database, source_id: int, query: bytes) -> list[dict[str, Any]]:
    """The firing alerts of the source that the query asks for; Steward knows no silenced ones here."""
    matchers, flags = _read_query(query)
    if not flags.get("active", True):
        return []
    same = {each.name: each.value for each in matchers if each.op == "=" and each.value}
    rows = await database.fetch(_SQL, (source_id, orjson.dumps(same).decode(), MAX_ALERTS))
    found = [_gettable(row) for row in rows]
    return [alert for alert in found if matches_all(matchers, alert["labels"])]


def _read_query(query: bytes) -> tuple[list[Matcher], dict[str, bool]]:
    matchers: list[Matcher] = []
    flags: dict[str, bool] = {}
    for name, value in parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True):
        if name == "filter":
            matchers += _matchers(value)
        elif name in _FLAGS:
            if value not in ("true", "false"):
                raise Refused(400, "bad-query", f"{name} must be true or false.")
            flags[name] = value == "true"
    return matchers, flags


def _matchers(text: str) -> Sequence[Matcher]:
    try:
        parsed = parse_matchers(text)
    except MatcherError as error:
        raise Refused(400, "bad-query", str(error)) from error
    if any("\x00" in each.value or "\x00" in each.name for each in parsed):
        raise Refused(400, "bad-query", "A matcher contains a NUL character.")
    return parsed


def _gettable(row: Row) -> dict[str, Any]:
    ends: datetime | None = row[5]
    return {
        "labels": orjson.loads(row[0]),
        "annotations": orjson.loads(row[1]),
        "generatorURL": row[2],
        "fingerprint": bytes(row[3]).hex(),
        "startsAt": row[4],
        "endsAt": ends or "9999-12-31T23:59:59Z",
        "updatedAt": row[6],
        "receivers": [],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }


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
