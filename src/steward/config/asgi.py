"""The ASGI entry: mounts that are served before Django (ingest), then Django."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "steward.config.django_settings")

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

from steward.config.lifeline import end_with_parent

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_django = get_asgi_application()
_mounts = [(prefix, import_string(target.replace(":", "."))) for prefix, target in settings.ASGI_MOUNTS.items()]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Route one connection; lifespan is answered here because Django does not know it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    path = scope["path"]
    for prefix, mounted in _mounts:
        if path.startswith(prefix):
            await mounted(scope, receive, send)
            return
    await _django(scope, receive, send)  # type: ignore[arg-type]


def _collect_less() -> None:
    """Let the garbage collector leave alone what was imported, and look less often: at its defaults it takes a fifth of
    the time of ingest, which makes no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            end_with_parent()
            _collect_less()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for _prefix, mounted in _mounts:
                await mounted.aclose()
            await send({"type": "lifespan.shutdown.complete"})
            return
