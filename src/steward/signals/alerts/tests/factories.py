"""Sources and alerts, and a caller of the ingest door, for tests."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import async_to_sync

from steward.algorithms.matching import fingerprint
from steward.foundation.actors import Actor
from steward.people.accounts.permissions import permissions_of
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, Source

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def lead() -> Actor:
    return Actor(kind="user", id=None, label="Lead", role="lead", permissions=permissions_of("lead"))


def source(key: str = "", **fields: Any) -> Source:
    """A source; its key is ``key``, or one of its own."""
    number = next(_numbers)
    key = key or f"key-{number}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Source.objects.create(**{"name": f"Source {number}", "key_digest": digest, "key_prefix": key[:6], **fields})


def stored(of: Source, name: str = "DiskFull", **fields: Any) -> Alert:
    labels = fields.pop("labels", {"alertname": name, "instance": f"host-{next(_numbers)}"})
    times = dict.fromkeys(("starts_at", "first_seen_at", "last_seen_at", "changed_at"), NOW)
    return Alert.objects.create(
        **{"source": of, "name": name, "labels": labels, "fingerprint": fingerprint(labels), **times, **fields}
    )


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def posted(
    name: str = "DiskFull", *, start: datetime | None = None, end: datetime | None = None, **changes: Any
) -> Any:
    """An alert as Prometheus sends it: firing for four more minutes unless ``end`` says otherwise."""
    now = datetime.now(UTC)
    return {
        "annotations": {"summary": f"{name} is wrong"},
        "endsAt": iso(end or now + timedelta(minutes=4)),
        "startsAt": iso(start or now.replace(microsecond=0) - timedelta(minutes=1)),
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up&g0.tab=1",
        "labels": {"alertname": name, "instance": "host-1", "severity": "Critical"},
        **changes,
    }


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: Application,
    path: str,
    body: Any = None,
    *,
    method: str = "",
    chunks: Sequence[bytes] | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
    query: bytes = b"",
) -> Answer:
    """One request; a body that is no bytes is sent as JSON, compact as Prometheus does."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body, separators=(",", ":")).encode()
    parts = list(chunks) if chunks is not None else [body or b""]
    sent: list[Any] = []
    given = list(headers)
    if chunks is None:
        given.append((b"content-length", str(len(parts[0])).encode()))
    scope = {
        "type": "http", "method": method or ("GET" if body is None and chunks is None else "POST"), "path": path,
        "headers": given, "query_string": query,
    }  # fmt: skip

    async def receive() -> Any:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], head, b"".join(part.get("body", b"") for part in sent[1:]))


def with_door(story: Callable[..., Awaitable[Any]], doors: int = 1) -> Any:
    """Run ``story(app, …)`` with that many ingest processes' worth of applications, closed afterwards."""

    async def run() -> Any:
        apps = [Application() for _ in range(doors)]
        try:
            return await story(*apps)
        finally:
            for app in apps:
                await app.aclose()

    return async_to_sync(run)()
