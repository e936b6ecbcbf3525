"""What senders may ask back: the source's alerts and the status, as Alertmanager's API v2 answers them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg

from steward.algorithms.matching import Matcher, MatcherError, matches_all, parse_matchers
from steward.foundation import clock
from steward.signals.alerts.errors import BadPayload, Unavailable

MOST = 10_000
STARTED = datetime.now(UTC)


async def list_alerts(conninfo: dict[str, Any], source_id: int, query: str) -> bytes:
    """Firing alerts of the source, filtered by ``filter=`` matchers (``active=false`` leaves all out)."""
    asked = parse_qs(query)
    matchers = _matchers(asked.get("filter", []))
    if asked.get("active", ["true"])[0] == "false":
        return b"[]"
    try:
        async with await psycopg.AsyncConnection.connect(**conninfo) as connection:
            cursor = await connection.execute(
                "SELECT fingerprint, labels, annotations, starts_at, due_at, last_seen_at, generator_url"
                " FROM alerts_alert WHERE source_id = %s AND status = 'firing' ORDER BY id LIMIT %s",
                (source_id, MOST),
            )
            rows = await cursor.fetchall()
    except (psycopg.Error, OSError) as error:
        raise Unavailable("The database does not answer. Ask again.") from error
    return orjson.dumps([_gettable(row) for row in rows if matches_all(matchers, row[1])])


def _matchers(filters: list[str]) -> list[Matcher]:
    try:
        return [matcher for text in filters for matcher in parse_matchers(text)]
    except MatcherError as error:
        raise BadPayload(f"“filter” cannot be read: {error}") from error


def _gettable(row: tuple[Any, ...]) -> dict[str, Any]:
    fingerprint, labels, annotations, starts_at, due_at, last_seen_at, url = row
    return {
        "fingerprint": bytes(fingerprint).hex()[:16],
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at,
        "endsAt": due_at or clock.now(),
        "updatedAt": last_seen_at,
        "generatorURL": url,
        "receivers": [{"name": "steward"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    }


def status_document(version: str) -> bytes:
    return orjson.dumps(
        {
            "cluster": {"status": "disabled", "peers": []},
            "versionInfo": {
                "version": version, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
            },
            "config": {"original": ""},
            "uptime": STARTED,
        }
    )  # fmt: skip
