"""Reading a body of Alertmanager's API v2 alert by alert, without parsing what was parsed before.

Prometheus sends the same bytes for an alert again and again, all but its ``endsAt``. So the body is cut into alerts,
the end is cut out of each, and the rest is looked up. Cutting at bytes is sound because a piece is only ever learnt if
it is a whole JSON object by itself, with that end as its one ``endsAt``: then the body is the list of the pieces, and
other ends in the same places change nothing else. Anything unusual is read as a whole instead.
"""

from __future__ import annotations

import re
from datetime import datetime

import orjson

from steward.signals.alerts.ingest.memory import Memory, Piece, seconds
from steward.signals.alerts.ingest.sources import Bad, Normalised, Parsed
from steward.signals.alerts.ingest.sources.alertmanager import api_v2
from steward.signals.alerts.ingest.sources.common import MAX_ALERTS, BadAlert, TooManyAlerts, instant
from steward.signals.alerts.shaping import PLAIN, Shape

_END = b'"endsAt":"'
_SEAM = b'},{"'
# A second "endsAt" could hide behind an escape of one of its letters.
_ESCAPED_LETTER = re.compile(rb"\\u00(?:65|6[eE]|64|73|41|74)")


class Pieces:
    """The result of reading: how many alerts were refreshes (and already noted), and the others parsed."""

    __slots__ = ("parsed", "refreshed")

    def __init__(self, refreshed: int, parsed: Parsed) -> None:
        self.refreshed, self.parsed = refreshed, parsed


class _NotInPieces(Exception):
    pass


def cut(body: bytes) -> list[bytes] | None:
    """The alerts of a compact JSON list of objects; ``None`` if the body is not one."""
    if not (body.startswith(b'[{"') and body.endswith(b"}]")):
        return None
    cuts = body[2:-2].split(_SEAM)
    cuts[0] = cuts[0][1:]
    if len(cuts) > MAX_ALERTS:
        raise TooManyAlerts(f"One request may bring {MAX_ALERTS} alerts, this one has more; send several.")
    return cuts


def read(
    body: bytes, memory: Memory, source_id: int, now: datetime, timeout: float, shape: Shape = PLAIN
) -> Pieces | None:
    """Read the body in pieces and note its refreshes; ``None`` if it has to be read as a whole. ``timeout`` is the
    source's resolve timeout."""
    cuts = cut(body.rstrip(b" \t\r\n"))
    if cuts is None:
        return None
    try:
        return _read(cuts, memory, source_id, now, timeout, shape)
    except _NotInPieces:
        return None


def _read(cuts: list[bytes], memory: Memory, source_id: int, now: datetime, timeout: float, shape: Shape) -> Pieces:
    stamp = now.timestamp()
    prefix = b"%d%b " % (source_id, shape.mark)
    pieces, known_get, trusted = memory.pieces, memory.known.get, memory.trusted
    ends: dict[bytes, float] = {}
    hits = []
    parsed = Parsed(repack=list)
    for each in cuts:
        at = each.find(_END)
        if at < 0:
            raw_end, key = b"", prefix + each
        else:
            start = at + 10
            stop = each.find(b'"', start)
            raw_end = each[start:stop]
            key = prefix + each[:start] + each[stop:]
        due = ends.get(raw_end)
        if due is None:
            due = ends[raw_end] = _due(raw_end, now, timeout)
        if trusted and due > stamp:
            piece = pieces.get(key)
            if piece is not None:
                known = known_get(piece.ident)
                if known is not None and known.content == piece.content and piece.starts >= known.starts:
                    hits.append((known, due))
                    continue
        _parse(each, key, raw_end, memory, source_id, now, parsed, shape)
    # Only now: had a piece failed, the whole body would be read again, and nothing may be noted twice.
    refresh = memory.refresh
    for known, due in hits:
        refresh(known, due, stamp)
    return Pieces(len(hits), parsed)


def _due(raw_end: bytes, now: datetime, timeout: float) -> float:
    """When an alert with this end expires; 0 for an end that has to be looked at in full."""
    if not raw_end:
        return now.timestamp() + timeout
    found = instant(raw_end.decode("ascii", "replace"))
    # A missing end, a far one or none at all: the parser says what it is.
    return 0.0 if found is None or (found - now).days > 300 else found.timestamp()


def _parse(
    each: bytes, key: bytes, raw_end: bytes, memory: Memory, source_id: int, now: datetime, parsed: Parsed,
    shape: Shape,
) -> None:  # fmt: skip
    try:
        raw = orjson.loads(b'{"%b}' % each)
    except orjson.JSONDecodeError:
        raise _NotInPieces from None
    try:
        given = api_v2.read_one(raw, now)
    except BadAlert as error:
        parsed.bad.append(Bad(raw, str(error)))
        return
    if shape is not PLAIN:
        given = shape.of(given)
    parsed.good.append(given)
    plain = raw.get("endsAt", "") == raw_end.decode("ascii", "replace")
    once = each.count(b"endsAt") == (1 if raw_end else 0) and not _ESCAPED_LETTER.search(each)
    if plain and once and (given.starts_at is None or given.starts_at <= now):
        memory.pieces.put(key, piece_of(given, source_id))


def piece_of(given: Normalised, source_id: int) -> Piece:
    """What is remembered of a parsed alert."""
    starts = seconds(given.starts_at)
    return Piece((source_id, given.fingerprint), given.content, starts)
