"""Requests below a key that a room above answers, each on a thread with Django's connection."""

from __future__ import annotations

import asyncio
from typing import Any

from django.db import connection

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.foundation.rest.keyed import Answer, Asked, Keyed
from steward.signals.alerts.ingest.answers import Receive, Refused, Scope, Send, read_body, send_json
from steward.signals.alerts.ingest.keys import SourceInfo

# These are asked by people and their scripts; more at once wait, so that they cannot take all connections.
AT_ONCE = 4
_places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


async def answer(
    source: SourceInfo, found: tuple[Keyed, dict[str, str]], scope: Scope, receive: Receive, send: Send
) -> None:
    """Read the request, have it handled, answer."""
    lent, parts = found
    method = scope["method"]
    if method not in lent.methods:
        allowed = ", ".join(lent.methods)
        raise Refused(405, "method", f"Use {allowed} here.", headers=[(b"allow", allowed.encode())])
    if source.secret:
        # The key alone is not enough for this source, and nothing that asks here can sign.
        raise Refused(403, "not-verified", "This source only takes what is signed or carries its token.")
    body = await read_body(scope, receive, load().ingest_max_bytes) if method in ("POST", "PUT") else b""
    query = scope["query_string"].decode("latin-1")
    asked = Asked(source.id, source.name, method, scope["path"], parts, query, body, clock.now())
    loop = asyncio.get_running_loop()
    if loop not in _places:
        _places.clear()
        _places[loop] = asyncio.Semaphore(AT_ONCE)
    async with _places[loop]:
        try:
            made = await asyncio.to_thread(_handled, lent, asked)
        except StewardError as error:
            extra: dict[str, Any] = {"fields": error.fields} if error.fields else {}
            raise Refused(error.status, error.code, error.message, **extra) from error
    await send_json(send, made.value, made.status)


def _handled(lent: Keyed, asked: Asked) -> Answer:
    try:
        return lent.handle(asked)
    finally:
        connection.close()  # back into the pool; the thread may never be used again
