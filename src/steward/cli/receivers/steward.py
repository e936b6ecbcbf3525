"""Steward's ingest, as receivers call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

import orjson

from steward.foundation.outbound import OutboundError, OutboundPolicy, request

SECONDS = 10.0
Outcome = Literal["taken", "away", "refused", "too-large", "unknown"]


@dataclass(frozen=True, slots=True)
class Said:
    """What Steward said. ``taken``: it is stored, or parked where somebody sees it. ``away``: it is worth trying again.
    ``unknown``: no enabled source has this key."""

    outcome: Outcome
    why: str


class Ingest:
    """The ingest of one Steward. Calls block; use a thread."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # Whoever starts a receiver says where Steward is; nothing that comes in can change it.
        self._policy = OutboundPolicy(allow_hosts=(urlsplit(url).hostname or "",))

    def bring(self, key: str, path: str, body: bytes, *, media: str, parameters: dict[str, str] | None = None) -> Said:
        """Post a body to a source."""
        query = urlencode({name: value for name, value in (parameters or {}).items() if value})
        return self._call("POST", key, path + (f"?{query}" if query else ""), body, {"Content-Type": media})

    def knows(self, key: str) -> Said:
        """Whether an enabled source has this key."""
        return self._call("GET", key, "-/ready", None, {})

    def _call(self, method: str, key: str, path: str, body: bytes | None, headers: dict[str, str]) -> Said:
        address = f"{self.url}/in/{quote(key, safe='')}/{path}"
        try:
            answer = request(
                method, address, policy=self._policy, headers=headers, content=body, timeout=SECONDS, any_status=True
            )
        except OutboundError as error:
            # The address has the key in it, and a log is no place for keys.
            return Said("away", error.detail.replace(quote(key, safe=""), "…"))
        return _understood(answer.status, answer.body)


def _understood(status: int, body: bytes) -> Said:
    why = f"{status} {_detail(body)}".strip()
    if 200 <= status < 300 or (status == 400 and b"parked" in body):
        return Said("taken", why)
    if status == 404:
        return Said("unknown", why)
    if status == 413:
        return Said("too-large", why)
    # An answer that nobody expects (a proxy's page, say) is no reason to throw anything away.
    return Said("refused" if status in (400, 401, 403, 415) else "away", why)


def _detail(body: bytes) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(value.get("detail", ""))[:300] if isinstance(value, dict) else ""
