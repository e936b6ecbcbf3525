"""The SQL that stores reports, as generators: they yield statements and are sent the rows.

Ingest drives them on its own asynchronous connection, replay on Django's; the decisions are made once, by
:mod:`.rules`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from steward.signals.alerts import payloads
from steward.signals.alerts.ingest.sources import Normalised, Parsed, Received
from steward.signals.alerts.payloads import Payload
from steward.signals.alerts.rules import FIRING, Decision, Incoming, Previous, decide, reason, relabelled

DUE_CHANNEL = "steward_due"
CHANGE_KIND = "alerts.change"
MEMORY_CHANNEL = "steward_alerts"
# NOTIFY takes 8000 bytes; an ident is 49 to 51.
_IDENTS_PER_NOTIFY = 140

Row = Sequence[Any]
Statement = tuple[str, Sequence[Any]]
Steps = Generator[Statement, list[Row], "Stored"]


@dataclass(slots=True)
class Report:
    """One report about an alert of a source, ready to be decided on. ``normalised`` is missing in a late refresh, which
    is about a stored alert and brings nothing but its times. ``payload`` is the request that brought it."""

    source_id: int
    fingerprint: bytes
    received_at: datetime
    resolved: bool
    starts_at: datetime | None
    ends_at: datetime | None
    due_at: datetime | None
    normalised: Normalised | None = None
    payload: Payload | None = None

    @property
    def ident(self) -> tuple[int, bytes]:
        return self.source_id, self.fingerprint


@dataclass(slots=True)
class Outcome:
    """An alert as it is after storing."""

    alert_id: int
    firing: bool
    starts_at: datetime
    due_at: datetime | None


@dataclass(slots=True)
class Stored:
    """What storing did: the state of every alert that was touched, and which were not there to be decided on."""

    outcomes: dict[tuple[int, bytes], Outcome]
    left: list[Report]


def report(
    given: Normalised, *, source_id: int, resolve_timeout: int, now: datetime, payload: Payload | None = None
) -> Report:
    """What ``given`` says about an alert of this source, received ``now``. Nothing starts or ends later than that: of a
    sender whose clock is ahead, an end would otherwise seem to be before the start."""
    ends_at, due_at = given.ends_at, None
    starts_at = min(given.starts_at, now) if given.starts_at else None
    if given.resolved:
        ends_at = min(ends_at, now) if ends_at else None
    elif ends_at is not None:
        due_at = ends_at
    elif given.expires == "timeout":
        due_at = now + timedelta(seconds=resolve_timeout)
    elif isinstance(given.expires, int):
        due_at = now + timedelta(seconds=given.expires)
    return Report(
        source_id, given.fingerprint, now, given.resolved, starts_at, ends_at, due_at, given, payload
    )  # fmt: skip


_ALERT_COLUMNS = (
    "source_id, fingerprint, name, labels, annotations, severity, generator_url, status, starts_at, ends_at,"
    " first_seen_at, last_seen_at, changed_at, fire_count, due_at, payload_id"
)


# The hottest statement. Columns are joined with U+001F (JSON never contains it, _plain keeps it out of the others):
# the cheapest form on both sides, several times cheaper than arrays of parameters or rows in JSON.
# One statement, so that autocommit makes alert, change and wake-up one transaction. The order of rows is the order of
# locks on the unique index; two writers with the same new alerts must not wait for each other crosswise.
def _insert(notes: bool) -> str:
    """With ``notes`` each row brings what is added to the reason of its change: only what was enriched pays for that."""
    columns = 15 if notes else 14
    reason_of = "%s::text::jsonb" + (" || note" if notes else "")
    found = "fresh JOIN incoming ON s = source_id AND f = fingerprint" if notes else "fresh"
    note = ", COALESCE(x::jsonb, '{}') AS note" if notes else ""
    return f"""
WITH incoming AS MATERIALIZED (
  SELECT s::bigint, decode(f, 'hex') AS f, n, l::jsonb, a::jsonb, v, g, t, b::timestamptz, e::timestamptz,
    k::timestamptz, c::int, d::timestamptz, p::bigint{note}
  FROM unnest({", ".join(["string_to_array(%b, chr(31), '')"] * columns)})
    AS r(s, f, n, l, a, v, g, t, b, e, k, c, d, p{", x" if notes else ""}) ORDER BY s, f
), fresh AS (
  INSERT INTO alerts_alert ({_ALERT_COLUMNS})
  SELECT s, f, n, l, a, COALESCE(v, ''), COALESCE(g, ''), t, b, e, k, k, k, c, d, p FROM incoming
  ON CONFLICT (source_id, fingerprint) DO NOTHING
  RETURNING id, source_id, fingerprint, status, starts_at, ends_at, changed_at, payload_id
), noted AS (
  INSERT INTO alerts_alertchange (alert_id, at, status, starts_at, ends_at, reason, due_at, payload_id)
  SELECT id, changed_at, status, starts_at, ends_at, {reason_of}, changed_at, payload_id FROM {found}
  WHERE status = 'firing' RETURNING payload_id
), kept AS (
  {payloads.KEEP} WHERE r.id IN (SELECT payload_id FROM noted) {payloads.KEEP_END}
), told AS (SELECT pg_notify('{DUE_CHANNEL}', '{CHANGE_KIND}') WHERE EXISTS (SELECT 1 FROM noted))
SELECT id, source_id, fingerprint FROM fresh, (SELECT count(*) FROM told) AS waking
"""


_INSERT, _INSERT_NOTED = _insert(False), _insert(True)

_UNIT = "\x1f"
_NEW = orjson.dumps(reason("new")).decode()

_LOCK = """
SELECT a.id, a.source_id, a.fingerprint, a.status, a.starts_at, a.ends_at, a.changed_at, a.due_at, a.annotations::text,
  a.generator_url, a.fire_count, a.last_seen_at, a.labels::text
FROM alerts_alert a JOIN unnest(%s::bigint[], %s::bytea[]) AS k(s, f) ON a.source_id = k.s AND a.fingerprint = k.f
ORDER BY a.id FOR NO KEY UPDATE OF a
"""

_UPDATE = """
UPDATE alerts_alert a SET status = u.t, starts_at = u.b, ends_at = u.e, due_at = u.d, changed_at = u.c,
  last_seen_at = GREATEST(a.last_seen_at, u.k), annotations = COALESCE(u.a, a.annotations),
  generator_url = COALESCE(u.g, a.generator_url), fire_count = u.n, leased_until = NULL,
  labels = COALESCE(u.l, a.labels), name = COALESCE(u.m, a.name), severity = COALESCE(u.s, a.severity)
FROM jsonb_to_recordset(%s::text::jsonb) AS u(i bigint, t text, b timestamptz, e timestamptz, d timestamptz,
  c timestamptz, k timestamptz, a jsonb, g text, n int, l jsonb, m text, s text)
WHERE a.id = u.i
"""

_CHANGES = """
INSERT INTO alerts_alertchange (alert_id, at, status, starts_at, ends_at, reason, due_at, payload_id)
SELECT i, k, t, b, e, r, k, p FROM jsonb_to_recordset(%s::text::jsonb) AS u(o int, i bigint, k timestamptz, t text,
  b timestamptz, e timestamptz, r jsonb, p bigint) ORDER BY o
"""

_NOTIFY = "SELECT pg_notify(c, p) FROM unnest(%s::text[], %s::text[]) AS n(c, p)"

_PARK = """
INSERT INTO alerts_parkedpayload (source_id, received_at, endpoint, raw, error, context)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::bytea[], %s::text[], %s::text[]::jsonb[])
"""

_REFRESH = """
UPDATE alerts_alert a SET last_seen_at = GREATEST(a.last_seen_at, u.k), due_at = u.d
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS u(i, k, d)
WHERE a.id = u.i AND a.status = 'firing' RETURNING a.id
"""


def insert_new(reports: Sequence[Report]) -> Steps:
    """Store reports of alerts that are probably new, in one statement; those that exist already come back in
    ``left``, in order. Only the first report of an alert may be given."""
    decisions = [decide(None, _incoming(each, content_differs=False)) for each in reports]
    columns = list(map(_UNIT.join, zip(*map(_new_row, reports, decisions), strict=True)))
    notes = [_note(each) for each in reports]
    statement = _INSERT
    if any(notes):
        columns.append(_UNIT.join(orjson.dumps(note).decode() if note else "" for note in notes))
        statement = _INSERT_NOTED
    brought = _payloads(each for each, decision in zip(reports, decisions, strict=True) if decision.is_transition)
    rows = yield statement, (*columns, _NEW, *payloads.columns(brought))
    ids = {(row[1], bytes(row[2])): row[0] for row in rows}
    outcomes, left = {}, []
    for each, decision in zip(reports, decisions, strict=True):
        ident = each.ident
        if ident in ids:
            firing = decision.status == FIRING
            outcomes[ident] = Outcome(ids[ident], firing, decision.starts_at, decision.due_at)
        else:
            left.append(each)
    return Stored(outcomes, left)


def _new_row(each: Report, decision: Decision) -> tuple[str, ...]:
    given = each.normalised
    if given is None:
        raise ValueError("A late refresh brings nothing that could be inserted.")
    return (
        str(each.source_id),
        each.fingerprint.hex(),
        _plain(given.name),
        orjson.dumps(given.labels).decode(),
        given.annotations_json.decode(),
        _plain(given.severity),
        _plain(given.generator_url),
        decision.status,
        decision.starts_at.isoformat(),
        decision.ends_at.isoformat() if decision.ends_at else "",
        each.received_at.isoformat(),
        "1" if decision.is_transition else "0",
        decision.due_at.isoformat() if decision.due_at else "",
        str(each.payload.id) if each.payload else "",
    )


def _note(each: Report) -> dict[str, Any]:
    """What is stored with the transition beside its reason."""
    given = each.normalised
    return {"enriched": given.enriched} if given is not None and given.enriched else {}


def _payloads(reports: Iterable[Report]) -> list[Payload]:
    """The requests that brought them, each once."""
    return list({each.payload.id: each.payload for each in reports if each.payload is not None}.values())


def _plain(text: str) -> str:
    return text.replace(_UNIT, " ") if _UNIT in text else text


class _Row:
    """A locked alert, on which the reports of the batch are decided one after the other."""

    def __init__(self, row: Row) -> None:
        self.id: int = row[0]
        self.ident = (row[1], bytes(row[2]))
        self.previous = Previous(row[3], row[4], row[5], row[6], row[7])
        self.annotations = orjson.loads(row[8])
        self.url: str = row[9]
        self.fire_count: int = row[10]
        self.last_seen_at: datetime = row[11]
        self._labels_text: str = row[12]
        self._labels: dict[str, str] | None = None
        self.content_changed = self.touched = False
        self.named: Normalised | None = None

    @property
    def labels(self) -> dict[str, str]:
        """As stored, or as the last report taken said; read only where they can differ."""
        if self._labels is None:
            self._labels = orjson.loads(self._labels_text)
        return self._labels

    def take(self, each: Report) -> Decision:
        """Decide on one report and become what it says."""
        given = each.normalised
        differs = (
            given is not None
            and not (given.keyed and given.resolved)
            and (given.annotations != self.annotations or given.generator_url != self.url)
        )
        incoming = _incoming(each, content_differs=differs)
        if given is not None and given.keyed and not given.resolved:
            after = relabelled(self.labels, given.labels, folds=given.folds)
            incoming.labels_before, incoming.labels_after = (self.labels, after) if after else (None, None)
        decision = decide(self.previous, incoming)
        if decision.kind == "ignore":
            return decision
        self.touched = True
        self.last_seen_at = max(self.last_seen_at, each.received_at)
        if given is not None and differs:
            self.annotations, self.url, self.content_changed = given.annotations, given.generator_url, True
        changed_at = each.received_at if decision.is_transition else self.previous.changed_at
        if decision.kind == "fire_again":
            self.fire_count += 1
        if given is not None and given.keyed:
            self._rename(given, decision.kind, incoming.labels_after)
        self.previous = Previous(
            decision.status, decision.starts_at, decision.ends_at, changed_at, decision.due_at
        )  # fmt: skip
        return decision

    def _rename(self, given: Normalised, kind: str, after: Mapping[str, str] | None) -> None:
        """Take over other labels; of an alert that is not keyed they are the same by its fingerprint."""
        if kind == "fire_again":
            self._labels, self.named = given.labels, given
        elif kind == "change" and after is not None:
            self._labels = dict(after)
            self.named = replace(given, labels=self._labels)

    def as_update(self) -> dict[str, Any]:
        now = self.previous
        return {
            "i": self.id, "t": now.status, "b": now.starts_at, "e": now.ends_at, "d": now.due_at, "c": now.changed_at,
            "k": self.last_seen_at, "a": self.annotations if self.content_changed else None,
            "g": self.url if self.content_changed else None, "n": self.fire_count,
            **({"l": self.named.labels, "m": self.named.name, "s": self.named.severity} if self.named else {}),
        }  # fmt: skip


def change_known(reports: Sequence[Report], origin: str = "") -> Steps:
    """Decide on reports of stored alerts, in a transaction of the caller's; ``left`` are those of alerts that are not
    stored. ``origin`` names the process whose memory needs not be told of resolutions."""
    idents = list(dict.fromkeys(each.ident for each in reports))
    locked = yield _LOCK, ([ident[0] for ident in idents], [ident[1] for ident in idents])
    rows = {row.ident: row for row in map(_Row, locked)}
    changes: list[dict[str, Any]] = []
    changing: list[Report] = []
    left: list[Report] = []
    for each in reports:
        row = rows.get(each.ident)
        if row is None:
            left.append(each)
            continue
        decision = row.take(each)
        if decision.is_transition:
            note = _note(each) if decision.status == FIRING else {}
            changes.append(change_row(len(changes), row.id, each.received_at, decision, each.payload, note))
            changing.append(each)
    touched = [row.as_update() for row in rows.values() if row.touched]
    if touched:
        yield _UPDATE, (_json(touched),)
    if changes:
        ended = [row.ident for row in rows.values() if row.touched and row.previous.status != FIRING]
        yield _CHANGES, (_json(changes),)
        if brought := _payloads(changing):
            yield payloads.keep(brought)
        yield notify(ended, origin, wake=True)
    outcomes = {
        ident: Outcome(row.id, row.previous.status == FIRING, row.previous.starts_at, row.previous.due_at)
        for ident, row in rows.items()
    }
    return Stored(outcomes, left)


def insert_changes(changes: Sequence[dict[str, Any]]) -> Statement:
    """The statement that adds the rows made by :func:`change_row`."""
    return _CHANGES, (_json(changes),)


def change_row(
    order: int,
    alert_id: int,
    at: datetime,
    decision: Decision,
    payload: Payload | None = None,
    note: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One transition, as :data:`_CHANGES` takes it."""
    return {
        "o": order, "i": alert_id, "k": at, "t": decision.status, "b": decision.starts_at, "e": decision.ends_at,
        "r": {**decision.reason, **(note or {})}, "p": payload.id if payload else None,
    }  # fmt: skip


def notify(ended: Sequence[tuple[int, bytes]], origin: str, *, wake: bool) -> Statement:
    """Wake the engine if there are changes, and tell the memories of web processes what does not fire any more."""
    channels, payloads = ([DUE_CHANNEL], [CHANGE_KIND]) if wake else ([], [])
    for start in range(0, len(ended), _IDENTS_PER_NOTIFY):
        part = ended[start : start + _IDENTS_PER_NOTIFY]
        channels.append(MEMORY_CHANNEL)
        payloads.append(" ".join([origin or "-", *(f"{source}:{mark.hex()}" for source, mark in part)]))
    return _NOTIFY, (channels, payloads)


def idents_of(payload: str) -> tuple[str, list[tuple[int, bytes]]]:
    """The origin and the idents of a notification."""
    origin, *idents = payload.split(" ")
    pairs = [each.partition(":") for each in idents]
    return origin, [(int(source), bytes.fromhex(mark)) for source, _colon, mark in pairs]


def refresh(rows: Sequence[tuple[int, datetime, datetime | None]]) -> Statement:
    """The statement that writes (alert id, last seen, due) of alerts that still fire, and returns the ids that do.

    Sorted, because two processes may refresh the same alerts at once."""
    ordered = sorted(rows, key=lambda row: row[0])
    return _REFRESH, ([row[0] for row in ordered], [row[1] for row in ordered], [row[2] for row in ordered])


@dataclass(slots=True)
class Parking:
    """Raw input that could not be used, and why."""

    source_id: int
    received_at: datetime
    endpoint: str
    raw: bytes
    error: str
    context: dict[str, Any] = field(default_factory=dict)


def park(rows: Sequence[Parking]) -> Statement:
    """The statement that keeps what could not be read."""
    return _PARK, (
        [row.source_id for row in rows],
        [row.received_at for row in rows],
        [row.endpoint for row in rows],
        [row.raw for row in rows],
        [row.error.replace("\x00", "�") for row in rows],
        [_json(row.context).replace("\\u0000", "") for row in rows],
    )


def split_first(reports: Iterable[Report]) -> tuple[list[Report], list[Report]]:
    """The first report of every alert, and the later ones, each in order."""
    seen: set[tuple[int, bytes]] = set()
    first: list[Report] = []
    later: list[Report] = []
    for each in reports:
        if each.ident in seen:
            later.append(each)
        else:
            seen.add(each.ident)
            first.append(each)
    return first, later


def _incoming(each: Report, *, content_differs: bool) -> Incoming:
    return Incoming(
        each.received_at,
        each.resolved,
        each.starts_at,
        each.ends_at,
        each.due_at,
        content_differs,
        late=each.normalised is None,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# What parsers may need of a request beside its body; never what proves who sends.
_KEPT_HEADERS = frozenset({"content-type", "user-agent"})
_KEPT_PREFIXES = ("x-github-event", "x-gitlab-event", "x-amz-sns-", "ce-", "sentry-hook-resource", "x-event-")
_PROVING_PARAMETERS = frozenset({"auth_token", "access_token", "token", "secret", "password", "api_key", "apikey"})


def kept(received: Received) -> dict[str, Any]:
    """What of a request is parked beside its body, so that it can be read again."""
    names = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in received.headers]
    headers = {key: value[:300] for key, value in names if key in _KEPT_HEADERS or key.startswith(_KEPT_PREFIXES)}
    return {"query": _without_proof(received.query)[:2000], "headers": headers}


def _without_proof(query: str) -> str:
    """The query without what proves who sends; as it came where there is nothing of that."""
    given = parse_qsl(query, keep_blank_values=True)
    harmless = [(name, value) for name, value in given if name.lower() not in _PROVING_PARAMETERS]
    return query if len(harmless) == len(given) else urlencode(harmless)


def again(raw: bytes, now: datetime, endpoint: str, context: Mapping[str, Any], mapping: object = None) -> Received:
    """A parked request, as if it came now."""
    headers = [
        (key.encode(), str(value).encode("latin-1", "replace")) for key, value in context.get("headers", {}).items()
    ]
    return Received(raw, now, endpoint, str(context.get("query", "")), headers, mapping=mapping)


def payload_of(received: Received, *, source_id: int) -> Payload:
    """A request as it is kept beside what it changed."""
    return payloads.of(
        received.body, source_id=source_id, at=received.now, endpoint=received.path, context=kept(received)
    )  # fmt: skip


def group_bad(parsed: Parsed, received: Received, *, source_id: int) -> list[Parking]:
    """One row per error, with the bad alerts as a body that the path takes again."""
    by_error: dict[str, list[Any]] = {}
    for each in parsed.bad:
        by_error.setdefault(each.error, []).append(each.raw)
    return [
        Parking(source_id, received.now, received.path, _body(parsed, raws, received.body), error, kept(received))
        for error, raws in by_error.items()
    ]


def _body(parsed: Parsed, raws: list[Any], whole: bytes) -> bytes:
    if parsed.repack is None:
        return whole
    try:
        # Not orjson: it refuses lone surrogates and huge integers, which json writes as they came.
        return json.dumps(parsed.repack(raws), separators=(",", ":")).encode()
    except (RecursionError, TypeError):
        return whole
