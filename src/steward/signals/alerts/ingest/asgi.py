"""The ingest application: raw ASGI, because a request here must not pay for sessions, templates and middleware."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import secrets
from collections import deque
from datetime import datetime
from typing import Any

import psycopg

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.rest import keyed
from steward.foundation.sealing import Broken
from steward.signals.alerts.ingest import lending, pieces, reading
from steward.signals.alerts.ingest.acknowledging import noting
from steward.signals.alerts.ingest.answers import (
    Receive,
    Refused,
    Scope,
    Send,
    read_body,
    send_body,
    send_json,
    send_problem,
)
from steward.signals.alerts.ingest.database import Database, address
from steward.signals.alerts.ingest.keys import Keys, SourceInfo
from steward.signals.alerts.ingest.listener import listen
from steward.signals.alerts.ingest.memory import Memory, seconds
from steward.signals.alerts.ingest.paths import allowed_methods, not_found, shake_hands
from steward.signals.alerts.ingest.shapes import Shapes
from steward.signals.alerts.ingest.sources import (
    Kind,
    NotFetched,
    Parsed,
    Parser,
    Received,
    TooManyAlerts,
    Unreadable,
    reader_of,
)
from steward.signals.alerts.ingest.visiting import visit
from steward.signals.alerts.ingest.writer import Busy, Writer
from steward.signals.alerts.shaping import Shape, shaped
from steward.signals.alerts.storing import Parking, Report, group_bad, kept, payload_of, report

log = logging.getLogger(__name__)
API_V2 = "api/v2/alerts"
ROUTES = {
    API_V2: "GET, POST", reading.GROUPS: "GET", reading.RECEIVERS: "GET", "api/v2/status": "GET",
    "-/healthy": "GET", "-/ready": "GET",
}  # fmt: skip
RETRY_LATER = [(b"retry-after", b"2")]
# A sender that only sends rubbish must not fill the disk: so many parked payloads a source, process and minute.
MAX_PARKED_A_MINUTE = 120


class _Running:
    """What lives as long as the event loop: connections, memory and the two tasks."""

    def __init__(self, conninfo: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.name = secrets.token_hex(6)
        self.reader = Database(conninfo)
        self.keys = Keys(self.reader)
        self.shapes = Shapes()
        self.memory = Memory()
        self.writer = Writer(conninfo, self.memory, self.name, clock.now)
        self.writing = asyncio.create_task(self.writer.run())
        self.listening = asyncio.create_task(listen(conninfo, self.memory, self.name))
        self.parked: dict[int, deque[float]] = {}

    async def close(self) -> None:
        """Write what waits, then close."""
        self.writer.stop()
        await asyncio.gather(self.writing, return_exceptions=True)
        self.listening.cancel()
        await asyncio.gather(self.listening, return_exceptions=True)
        await self.reader.close()

    def may_park(self, source_id: int, now: float) -> bool:
        """Whether the source has parked less than it may in the last minute; counts this one if so."""
        recent = self.parked.setdefault(source_id, deque())
        while recent and recent[0] < now - 60:
            recent.popleft()
        if len(recent) >= MAX_PARKED_A_MINUTE:
            return False
        recent.append(now)
        return True


class Application:
    """``/in/<key>/…``. It starts with the first request and stops with :meth:`aclose`."""

    def __init__(self) -> None:
        self.started = clock.now()
        self._running: _Running | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return  # no websockets here; the server closes the connection
        try:
            await self._route(scope, receive, send)
        except Refused as refused:
            await send_problem(send, refused)
        except ConnectionResetError:
            return  # the sender left in the middle of its body
        except Busy:
            text = "Steward has more to store than it can hold. Send again in a moment."
            await send_problem(send, Refused(503, "busy", text, headers=RETRY_LATER))
        except NotFetched as problem:
            log.warning("ingest answers 502: %s", problem)
            text = f"What this request needs from elsewhere could not be had: {problem} Send again in a moment."
            await send_problem(send, Refused(502, "not-fetched", text, headers=RETRY_LATER))
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as problem:
            log.warning("ingest answers 503: %s", problem)
            text = "The database cannot be reached, so nothing was stored. Send again in a moment."
            await send_problem(send, Refused(503, "database-away", text, headers=RETRY_LATER))
        except Broken as problem:
            log.error("ingest answers 503: %s", problem)
            text = (
                "This source's secret cannot be opened any more. Enter it again on the source's page, then send again."
            )
            await send_problem(send, Refused(503, "secret-unreadable", text, headers=RETRY_LATER))
        except Exception:
            log.exception("an ingest request failed")
            text = "Nothing was stored because of a fault in Steward; its log has the details. Send again later."
            await send_problem(send, Refused(500, "internal", text))

    async def aclose(self) -> None:
        """Write what waits and close the connections."""
        if self._running is not None:
            running, self._running = self._running, None
            await running.close()

    def _run(self) -> _Running:
        if self._running is None or self._running.loop is not asyncio.get_running_loop():
            self._running = _Running(address())
        return self._running

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        key, _slash, path = scope["path"].removeprefix("/in/").partition("/")
        running = self._run()
        source = await running.keys.find(key)
        if source is None:
            text = "No enabled source has this key. Create a source, or copy its ingest path again."
            raise Refused(404, "unknown-key", text)
        reader = reader_of(path)
        allowed = ROUTES.get(path) or (allowed_methods(reader[0]) if reader else None)
        if allowed is None:
            if (found := keyed.find(path)) is not None:
                await lending.answer(source, found, scope, receive, send)
                return
            raise not_found(source.kind, [*ROUTES, *keyed.paths()])
        method = scope["method"]
        if method not in allowed and not (method == "HEAD" and "GET" in allowed):
            raise Refused(405, "method", f"Use {allowed} here.", headers=[(b"allow", allowed.encode())])
        if method == "OPTIONS" and reader:
            asked = Received(b"", clock.now(), path, "", scope["headers"])
            await send_body(send, 200, b"text/plain", b"", shake_hands(reader[0], asked))
        elif method == "POST" and reader:
            body = await read_body(scope, receive, load().ingest_max_bytes, gzip=reader[0].gzip)
            query, headers = scope["query_string"].decode("latin-1"), scope["headers"]
            received = Received(body, clock.now(), path, query, headers, visit, source.mapping)
            await self._receive(running, source, reader, received, send)
        elif path in (API_V2, reading.GROUPS):
            found_alerts = await reading.alerts(running.reader, source.id, scope["query_string"], clock.now())
            await send_json(send, reading.grouped(found_alerts) if path == reading.GROUPS else found_alerts)
        elif path == reading.RECEIVERS:
            await send_json(send, reading.receivers())
        elif path == "api/v2/status":
            await send_json(send, reading.status(importlib.metadata.version("steward"), self.started))
        else:
            await send_json(send, {"status": "healthy"})

    async def _receive(
        self, running: _Running, source: SourceInfo, reader: tuple[Kind, Parser], received: Received, send: Send
    ) -> None:
        now, path, body, kind = received.now, received.path, received.body, reader[0]
        await _check_sender(source, kind, received)
        running.writer.heard_from(source.id, now)
        running.writer.lately.note(source.id, received)
        try:
            shape = await running.shapes.of(source)
            refreshed, parsed = _read(running.memory, source, reader[1], received, shape)
        except TooManyAlerts as error:
            raise Refused(413, "too-many-alerts", str(error)) from error
        except Unreadable as error:
            await _park(running, [Parking(source.id, now, path, body, str(error), kept(received))], now)
            text = f"{error} It was parked on the source's page."
            raise Refused(400, "unreadable", text) from error
        reports, unchanged = _reports(running.memory, source, received, parsed)
        parked = group_bad(parsed, received, source_id=source.id)
        if parked:
            _limit_parking(running, source.id, now)
        if reports or parked:
            try:
                await running.writer.submit(reports, parked)
            except psycopg.DataError as error:
                # Something that the parsers let through and PostgreSQL does not take: keep it for whoever mends that.
                text = f"The database refused it: {error}"
                await _park(running, [Parking(source.id, now, path, body, text, kept(received))], now)
                text = "It could not be stored as it is. It was parked on the source's page."
                raise Refused(400, "unusable", text) from error
        if parsed.acknowledged:
            await running.reader.fetch(*noting(parsed.acknowledged, source_id=source.id, sender=kind.label, now=now))
        if parsed.confirm:
            # Only now: who is not answered with success asks again.
            await asyncio.to_thread(received.fetch, parsed.confirm)
        good = refreshed + unchanged + len(reports)
        if parsed.bad and not good:
            errors = sorted({bad.error for bad in parsed.bad})[:10]
            text = f"No alert could be used: {errors[0]} All were parked on the source's page."
            raise Refused(400, "unusable", text, parked=len(parsed.bad), errors=errors)
        if kind.answer is not None:
            await _send_own(send, received, *kind.answer(received, parsed))
        else:
            await send_json(send, {"status": "success", "accepted": good, "parked": len(parsed.bad)})


async def _send_own(send: Send, received: Received, status: int, value: Any) -> None:
    """Answer in the kind's own form."""
    if isinstance(value, bytes):
        await send_body(send, status, received.header("content-type").encode("latin-1"), value)
    else:
        await send_json(send, value, status)


async def _check_sender(source: SourceInfo, kind: Kind, received: Received) -> None:
    """Where a source has a secret, only its own kind's paths are open, and only to who can prove that it knows it."""
    if not source.secret:
        return
    if kind.name != source.kind or kind.verify is None:
        raise Refused(403, "not-verified", "This source only takes what is signed or carries its token.")
    # Some have to fetch a certificate first.
    trouble = await asyncio.to_thread(kind.verify, received, source.secret)
    if trouble:
        raise Refused(403, "not-verified", trouble)


def _read(memory: Memory, source: SourceInfo, parse: Parser, received: Received, shape: Shape) -> tuple[int, Parsed]:
    if received.path == API_V2:
        cuts = pieces.read(received.body, memory, source.id, received.now, source.resolve_timeout, shape)
        if cuts is not None:
            return cuts.refreshed, cuts.parsed
    parsed = parse(received)
    parsed.good = shaped(parsed.good, shape)
    return 0, parsed


def _reports(memory: Memory, source: SourceInfo, received: Received, parsed: Parsed) -> tuple[list[Report], int]:
    """What has to be stored, and how many alerts were refreshes of what is known to fire."""
    now = received.now
    reports, unchanged, stamp = [], 0, now.timestamp()
    for given in parsed.good:
        each = report(given, source_id=source.id, resolve_timeout=source.resolve_timeout, now=now)
        if memory.trusted and not given.resolved:
            known = memory.known.get(each.ident)
            if known and known.content == given.content and seconds(given.starts_at) >= known.starts:
                memory.refresh(known, seconds(each.due_at), stamp)
                unchanged += 1
                continue
        reports.append(each)
    if reports:
        brought = payload_of(received, source_id=source.id)
        for each in reports:
            each.payload = brought
    return reports, unchanged


def _limit_parking(running: _Running, source_id: int, now: datetime) -> None:
    if not running.may_park(source_id, now.timestamp()):
        text = "This source sends too much that cannot be read. Correct what is parked on its page, then send again."
        raise Refused(429, "too-much-unreadable", text, headers=[(b"retry-after", b"60")])


async def _park(running: _Running, parked: list[Parking], now: datetime) -> None:
    _limit_parking(running, parked[0].source_id, now)
    await running.writer.submit([], parked)


application = Application()
