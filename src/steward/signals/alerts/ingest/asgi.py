"""The ingest door: ``/in/<key>/…`` as plain ASGI, before Django, so that an alert pays for nothing it does not need."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import psycopg
from django.db import connection as django_connection

from steward import __version__
from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.signals.alerts.errors import BadPayload, SourceNotFound, TooLarge, Unavailable
from steward.signals.alerts.ingest.reading import list_alerts, status_document
from steward.signals.alerts.ingest.writer import Writer
from steward.signals.alerts.parsers import PARSERS, Parsed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
JSON, PROBLEM = b"application/json", b"application/problem+json"
SOURCE_SECONDS = 3.0
KNOWN_SOURCES = 10_000


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What ingest needs of a source."""

    id: int
    resolve_timeout: timedelta


class Ingest:
    """The ASGI application of one process."""

    def __init__(self) -> None:
        self._writer: Writer | None = None
        self._sources: dict[str, tuple[float, SourceFacts | None]] = {}
        self._limit = load().ingest_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            status, kind, body = await self._answer(scope, receive)
        except StewardError as error:
            status, kind, body = error.status, PROBLEM, _problem(error)
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        if status == 503:
            headers.append((b"retry-after", b"1"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        _empty, _in, key, *rest = scope["path"].split("/", 3)
        endpoint = (rest[0] if rest else "").rstrip("/")
        source = await self._source(key)
        if scope["method"] == "POST" and endpoint in PARSERS:
            return await self._take(source, endpoint, await self._body(scope, receive))
        if scope["method"] == "GET" and endpoint == "api/v2/alerts":
            query = scope["query_string"].decode("latin-1")
            return 200, JSON, await list_alerts(self._conninfo(), source.id, query)
        if scope["method"] == "GET" and endpoint == "api/v2/status":
            return 200, JSON, status_document(__version__)
        if scope["method"] == "GET" and endpoint in {"-/healthy", "-/ready"}:
            return 200, b"text/plain", b"OK"
        raise _unknown(endpoint, scope["method"])

    async def _take(self, source: SourceFacts, endpoint: str, body: bytes) -> tuple[int, bytes, bytes]:
        writer = self._started()
        try:
            parsed: Parsed = PARSERS[endpoint](body, clock.now())
        except BadPayload as error:
            await writer.park(source.id, endpoint, body[: 1 << 20], error.message)
            raise
        await writer.take(source.id, source.resolve_timeout, parsed.good, parsed.bad, endpoint)
        if not parsed.bad:
            return 200, JSON, b"{}"
        first = parsed.bad[0]
        detail = f"alert {first.index}: {first.error}"
        if not parsed.good:
            raise BadPayload(f"No alert could be taken; all are parked. First: {detail}", parked=len(parsed.bad))
        answer = {"taken": len(parsed.good), "parked": len(parsed.bad), "first_error": detail}
        return 200, JSON, orjson.dumps(answer)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._limit:
            raise self._too_large()
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            return body if len(body) <= self._limit else self._refuse()
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadPayload("The connection ended before the body did.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limit:
                raise self._too_large()
        return b"".join(parts)

    def _refuse(self) -> bytes:
        raise self._too_large()

    def _too_large(self) -> TooLarge:
        megabytes = self._limit / (1 << 20)
        return TooLarge(f"The body is larger than {megabytes:.0f} MiB. Send fewer alerts a request.")

    async def _source(self, key: str) -> SourceFacts:
        digest = hashlib.sha256(key.encode()).hexdigest()
        kept = self._sources.get(digest)
        if kept is None or time.monotonic() - kept[0] > SOURCE_SECONDS:
            if len(self._sources) > KNOWN_SOURCES:
                self._sources.clear()
            kept = (time.monotonic(), await self._look_up(digest))
            self._sources[digest] = kept
        if kept[1] is None:
            raise SourceNotFound("No enabled source has this key. Look under Sources, or make one there.")
        return kept[1]

    async def _look_up(self, digest: str) -> SourceFacts | None:
        try:
            async with await psycopg.AsyncConnection.connect(**self._conninfo()) as connection:
                cursor = await connection.execute(
                    "SELECT id, resolve_timeout FROM alerts_source WHERE key_digest = %s AND enabled", (digest,)
                )
                row = await cursor.fetchone()
        except (psycopg.Error, OSError) as error:
            raise Unavailable("The database does not answer; nothing was stored. Send again.") from error
        return SourceFacts(row[0], timedelta(seconds=row[1])) if row else None

    def _started(self) -> Writer:
        # Made at the first request: it belongs to the running event loop.
        if self._writer is None:
            self._writer = Writer(self._conninfo())
        return self._writer

    def _conninfo(self) -> dict[str, Any]:
        wanted = ("dbname", "user", "password", "host", "port")
        parameters = django_connection.get_connection_params()
        return {name: value for name, value in parameters.items() if name in wanted}

    async def aclose(self) -> None:
        """Write what is kept in memory; called when the process ends."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await asyncio.shield(writer.aclose())


def _unknown(endpoint: str, method: str) -> StewardError:
    known = ", ".join(f"POST {name}" for name in PARSERS)
    error = StewardError(
        f"{method} {endpoint or '/'} is not known here. Known: {known}, GET api/v2/alerts, api/v2/status."
    )
    error.status, error.code = 404, "not-found"
    return error


def _problem(error: StewardError) -> bytes:
    return orjson.dumps(
        {
            "type": f"urn:steward:problem:{error.code}",
            "title": error.code.replace("-", " ").capitalize(),
            "status": error.status,
            "detail": error.message,
            **error.extra,
        }
    )


application = Ingest()
