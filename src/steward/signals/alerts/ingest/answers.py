"""Answers of the ingest door: JSON, and problem documents that say what to do."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """The request is answered with a problem document."""

    def __init__(self, status: int, code: str, detail: str, *, headers: Headers | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.extra = headers or [], extra


async def send_json(send: Send, value: Any, status: int = 200) -> None:
    """Answer with JSON."""
    await send_body(send, status, b"application/json", orjson.dumps(value))


async def send_problem(send: Send, refused: Refused) -> None:
    """Answer with an RFC 9457 problem document."""
    body = {
        "type": f"urn:steward:problem:{refused.code}",
        "title": refused.code.replace("-", " ").capitalize(),
        "status": refused.status,
        "detail": refused.detail,
        **refused.extra,
    }
    await send_body(send, refused.status, b"application/problem+json", orjson.dumps(body), refused.headers)


async def send_body(send: Send, status: int, kind: bytes, body: bytes, headers: Headers | None = None) -> None:
    """Answer with these bytes."""
    length = str(len(body)).encode()
    head = [(b"content-type", kind), (b"content-length", length), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def read_body(scope: Scope, receive: Receive, most: int, *, gzip: bool = False) -> bytes:
    """The whole body; refused as soon as it is longer than ``most``, announced or not. With ``gzip`` it may come
    compressed; ``most`` then holds for both forms."""
    announced, packed = 0, False
    for name, value in scope["headers"]:
        if name == b"content-length":
            announced = int(value) if value.isdigit() and len(value) < 20 else most + 1
        elif name == b"content-encoding" and value.lower() not in (b"identity", b""):
            if not gzip or packed or value.lower() != b"gzip":
                raise unsupported_encoding(gzip)
            packed = True
    if announced > most:
        raise too_large(most)
    body = await _read_all(receive, most)
    # zlib lets other threads run meanwhile: the loop does not wait for megabytes.
    return await asyncio.to_thread(unpacked, body, most) if packed else body


def unpacked(body: bytes, most: int) -> bytes:
    """The content of a gzip file (of one part or several); never more than ``most`` and one byte of it is made, whatever
    the file claims."""
    parts: list[bytes] = []
    size = 0
    while body:
        unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            part = unpacking.decompress(body, most - size + 1)
        except zlib.error as error:
            raise not_gzip() from error
        size += len(part)
        if size > most:
            raise too_large(most)
        if not unpacking.eof:
            raise not_gzip()
        parts.append(part)
        body = unpacking.unused_data
    return b"".join(parts)


async def _read_all(receive: Receive, most: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > most:
            raise too_large(most)
        return body
    return await _read_rest(message, receive, most)


async def _read_rest(message: MutableMapping[str, Any], receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise too_large(most)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def unsupported_encoding(gzip: bool) -> Refused:
    text = "Send the body with Content-Encoding gzip, or none." if gzip else "Send the body without Content-Encoding."
    return Refused(415, "unsupported-encoding", text)


def not_gzip() -> Refused:
    return Refused(400, "not-gzip", "The body is not what its Content-Encoding says, or not all of it.")


def too_large(most: int) -> Refused:
    return Refused(413, "too-large", f"One request may have {most} bytes; send the alerts in several.", limit=most)
