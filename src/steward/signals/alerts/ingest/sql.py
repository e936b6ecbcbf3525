"""The statements of ingest: whole batches at once, keys in one order so that two processes never lock in a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg

from steward.signals.alerts import rules
from steward.signals.alerts.rules import Incoming, Known, Verdict

Connection = psycopg.AsyncConnection[Any]
Key = tuple[int, bytes]
Wanted = Mapping[Key, tuple[Incoming, timedelta]]


@dataclass(slots=True)
class Outcome:
    """What became of one alert."""

    alert_id: int
    status: str
    starts_at: datetime
    notable: bool


INSERT = """
INSERT INTO alerts_alert (source_id, fingerprint, name, labels, annotations, severity, generator_url, status, starts_at,
  ends_at, due_at, first_seen_at, last_seen_at, changed_at, fire_count)
SELECT s, f, n, l::jsonb, a::jsonb, v, g, st, sa, ea, du, %(now)s, %(now)s, %(now)s, 1
FROM unnest(%(s)s::bigint[], %(f)s::bytea[], %(n)s::text[], %(l)s::text[], %(a)s::text[], %(v)s::text[], %(g)s::text[],
  %(st)s::text[], %(sa)s::timestamptz[], %(ea)s::timestamptz[], %(du)s::timestamptz[])
  AS t(s, f, n, l, a, v, g, st, sa, ea, du)
ON CONFLICT (source_id, fingerprint) DO NOTHING
RETURNING id, source_id, fingerprint
"""

CHANGES = """
INSERT INTO alerts_alertchange (alert_id, at, status, starts_at, ends_at, reason, due_at)
SELECT i, %(now)s, st, sa, ea, r::jsonb, %(now)s
FROM unnest(%(i)s::bigint[], %(st)s::text[], %(sa)s::timestamptz[], %(ea)s::timestamptz[], %(r)s::text[])
  AS t(i, st, sa, ea, r)
"""

LOCK = """
SELECT a.id, a.source_id, a.fingerprint, a.status, a.starts_at, a.annotations, a.generator_url
FROM alerts_alert a JOIN unnest(%s::bigint[], %s::bytea[]) AS k(s, f) ON a.source_id = k.s AND a.fingerprint = k.f
ORDER BY a.id FOR UPDATE OF a
"""

UPDATE = """
UPDATE alerts_alert a SET status = st, starts_at = sa, ends_at = ea, due_at = du, leased_until = NULL,
  annotations = an::jsonb, generator_url = g, last_seen_at = %(now)s,
  changed_at = CASE WHEN nb THEN %(now)s ELSE changed_at END,
  fire_count = fire_count + CASE WHEN fa THEN 1 ELSE 0 END
FROM unnest(%(i)s::bigint[], %(st)s::text[], %(sa)s::timestamptz[], %(ea)s::timestamptz[], %(du)s::timestamptz[],
  %(an)s::text[], %(g)s::text[], %(nb)s::bool[], %(fa)s::bool[]) AS t(i, st, sa, ea, du, an, g, nb, fa)
WHERE a.id = t.i
"""

REFRESH = """
UPDATE alerts_alert a SET last_seen_at = t.seen, due_at = t.due
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS t(i, seen, due)
WHERE a.id = t.i AND a.status = 'firing' RETURNING a.id
"""


def text_of(value: object) -> str:
    return orjson.dumps(value).decode()


async def insert_new(connection: Connection, wanted: Wanted, now: datetime) -> dict[Key, Outcome]:
    """Insert the alerts that are not there yet; those that are stay untouched and are missing in the answer."""
    if not wanted:
        return {}
    rows = [
        (key, incoming, rules.decide(None, incoming, now, timeout))
        for key, (incoming, timeout) in sorted(wanted.items(), key=lambda item: item[0])
    ]
    columns = {
        "now": now,
        "s": [key[0] for key, _i, _v in rows],
        "f": [key[1] for key, _i, _v in rows],
        "n": [name_of(incoming.labels) for _k, incoming, _v in rows],
        "l": [text_of(incoming.labels) for _k, incoming, _v in rows],
        "a": [text_of(incoming.annotations) for _k, incoming, _v in rows],
        "v": [incoming.labels.get("severity", "").lower()[:40] for _k, incoming, _v in rows],
        "g": [incoming.generator_url for _k, incoming, _v in rows],
        "st": [verdict.status for _k, _i, verdict in rows],
        "sa": [verdict.starts_at for _k, _i, verdict in rows],
        "ea": [verdict.ends_at for _k, _i, verdict in rows],
        "du": [verdict.expires_at for _k, _i, verdict in rows],
    }
    cursor = await connection.execute(INSERT, columns)
    ids = {(row[1], bytes(row[2])): row[0] for row in await cursor.fetchall()}
    made = [(ids[key], verdict) for key, _incoming, verdict in rows if key in ids]
    await _add_changes(connection, made, now)
    return {
        key: Outcome(ids[key], verdict.status, verdict.starts_at, verdict.notable)
        for key, _incoming, verdict in rows
        if key in ids
    }


async def change_known(connection: Connection, wanted: Wanted, now: datetime) -> dict[Key, Outcome]:
    """Lock the stored alerts, decide on each with its state as it is now, and store the outcome."""
    if not wanted:
        return {}
    cursor = await connection.execute(LOCK, ([key[0] for key in wanted], [key[1] for key in wanted]))
    decided: list[tuple[Key, int, Incoming, Verdict]] = []
    for alert_id, source_id, digest, status, starts_at, notes, url in await cursor.fetchall():
        key = (source_id, bytes(digest))
        incoming, timeout = wanted[key]
        decided.append(
            (key, alert_id, incoming, rules.decide(Known(status, starts_at, notes, url), incoming, now, timeout))
        )
    stored = [row for row in decided if row[3].transition != "still resolved"]
    if stored:
        await connection.execute(UPDATE, _update_columns(stored, now))
        await _add_changes(connection, [(row[1], row[3]) for row in stored], now)
    return {key: Outcome(alert_id, v.status, v.starts_at, v.notable) for key, alert_id, _incoming, v in decided}


def _update_columns(stored: Sequence[tuple[Key, int, Incoming, Verdict]], now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "i": [alert_id for _k, alert_id, _i, _v in stored],
        "st": [v.status for _k, _a, _i, v in stored],
        "sa": [v.starts_at for _k, _a, _i, v in stored],
        "ea": [v.ends_at for _k, _a, _i, v in stored],
        "du": [v.expires_at for _k, _a, _i, v in stored],
        "an": [text_of(incoming.annotations) for _k, _a, incoming, _v in stored],
        "g": [incoming.generator_url for _k, _a, incoming, _v in stored],
        "nb": [v.notable for _k, _a, _i, v in stored],
        "fa": [v.transition == "fired again" for _k, _a, _i, v in stored],
    }


REASONS = {
    "new": "first time heard of",
    "fired again": "fires again after it was resolved",
    "sender resolved": "its sender says that it ended",
}


async def _add_changes(connection: Connection, made: Sequence[tuple[int, Verdict]], now: datetime) -> None:
    notable = [(alert_id, verdict) for alert_id, verdict in made if verdict.notable]
    if not notable:
        return
    columns = {
        "now": now,
        "i": [alert_id for alert_id, _v in notable],
        "st": [v.status for _a, v in notable],
        "sa": [v.starts_at for _a, v in notable],
        "ea": [v.ends_at for _a, v in notable],
        "r": [text_of({"transition": v.transition, "text": REASONS[v.transition]}) for _a, v in notable],
    }
    await connection.execute(CHANGES, columns)


async def refresh(connection: Connection, dirty: Mapping[int, tuple[datetime, datetime]]) -> set[int]:
    """Move the expiry of firing alerts; returns those that really are firing."""
    if not dirty:
        return set()
    ids = sorted(dirty)
    cursor = await connection.execute(REFRESH, (ids, [dirty[i][0] for i in ids], [dirty[i][1] for i in ids]))
    return {row[0] for row in await cursor.fetchall()}


async def touch_sources(connection: Connection, seen: Mapping[int, datetime]) -> None:
    for source_id, at in sorted(seen.items()):
        await connection.execute("UPDATE alerts_source SET last_received_at = %s WHERE id = %s", (at, source_id))


async def park(connection: Connection, rows: Sequence[tuple[int, datetime, str, bytes, str]]) -> None:
    """Keep what could not be read."""
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO alerts_parkedpayload (source_id, received_at, endpoint, raw, error) VALUES (%s,%s,%s,%s,%s)",
                rows,
            )


def name_of(labels: Mapping[str, str]) -> str:
    """What the alert is called: its alertname, or its first label."""
    return (labels.get("alertname") or next(iter(labels.values())))[:300]
