"""Requests as they came: those behind changes of alerts, and the last that every source sent.

One row a request, however many alerts it brought; a request that changed nothing leaves none. Like :mod:`.storing`,
only statements: ingest and replay run them.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

# A longer body is not kept: cut JSON is of no use to anybody. Its row says how long it was.
MAX_BODY = 256 * 1024
LAST_KEPT = 20
# Shorter ones are not worth the time: making ready to compress costs more than compressing them.
_PACKED_FROM = 2_000
_RANDOM_BITS = 30


@dataclass(slots=True, eq=False)
class Payload:
    """One request. ``id`` is made here and not by the database, so that alerts, changes and payload are one statement."""

    id: int
    source_id: int
    at: datetime
    endpoint: str
    context: dict[str, Any]  # the query and the headers that parsers read; nothing that proves who sends
    body: bytes


def of(body: bytes, *, source_id: int, at: datetime, endpoint: str, context: dict[str, Any]) -> Payload:
    """A request, with an id: seconds and 30 random bits. Rows are found by id and time, so two requests are only mixed up
    if they come in the same microsecond and draw the same number."""
    return Payload(id_before(at) | secrets.randbits(_RANDOM_BITS), source_id, at, endpoint, context, body)


def id_before(at: datetime) -> int:
    """What no id of a request of this second or later is below: requests are found by time without another index."""
    return int(at.timestamp()) << _RANDOM_BITS


def packed(body: bytes) -> tuple[bool, bytes]:
    """The body as it is stored, and whether it is compressed. Fast and not small: many wait for it."""
    if len(body) > MAX_BODY:
        return False, b""
    return (True, zlib.compress(body, 1)) if len(body) >= _PACKED_FROM else (False, body)


def unpacked(*, is_packed: bool, stored: bytes) -> bytes:
    """The reverse of :func:`packed`."""
    return zlib.decompress(stored) if is_packed else stored


_COLUMNS = "id, at, source_id, endpoint, context, size, packed, body"
_ROWS = (
    "unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[]::jsonb[], %s::int[], %s::bool[],"
    " %b::bytea[]) AS r(id, at, source_id, endpoint, context, size, packed, body)"
)
# On a repeated attempt, and where a request brought both new and known alerts, its row may be there already.
KEEP = f"INSERT INTO alerts_payload ({_COLUMNS}) SELECT {_COLUMNS} FROM {_ROWS}"
KEEP_END = "ON CONFLICT DO NOTHING"
_LAST = _COLUMNS.removeprefix("id, ")
_NOTE_LAST = f"INSERT INTO alerts_lastpayload ({_LAST}) SELECT {_LAST} FROM {_ROWS} ORDER BY at"
_FORGET = f"""
DELETE FROM alerts_lastpayload p WHERE source_id = ANY(%s) AND id <= (
  SELECT id FROM alerts_lastpayload o WHERE o.source_id = p.source_id ORDER BY id DESC OFFSET {LAST_KEPT} LIMIT 1)
"""


def columns(payloads: Iterable[Payload]) -> tuple[list[Any], ...]:
    """The parameters of :data:`KEEP`."""
    rows = [
        (each.id, each.at, each.source_id, each.endpoint, _json(each.context), len(each.body), *packed(each.body))
        for each in payloads
    ]
    return tuple(map(list, zip(*rows, strict=True))) if rows else ([], [], [], [], [], [], [], [])


def keep(payloads: Iterable[Payload]) -> tuple[str, Sequence[Any]]:
    """The statement that keeps requests."""
    return f"{KEEP} {KEEP_END}", columns(payloads)


def note_last(payloads: Sequence[Payload]) -> list[tuple[str, Sequence[Any]]]:
    """The statements that keep these as the last of their sources, and let go of what came before the last twenty."""
    return [(_NOTE_LAST, columns(payloads)), (_FORGET, ([each.source_id for each in payloads],))]


def _json(value: Any) -> str:
    # PostgreSQL takes no NUL in jsonb.
    return orjson.dumps(value).decode().replace("\\u0000", "")
