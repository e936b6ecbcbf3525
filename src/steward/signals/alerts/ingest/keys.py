"""Which source a key belongs to, remembered for a few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

import psycopg

from steward.foundation.sealing import unseal
from steward.signals.alerts import identity
from steward.signals.alerts.identity import EVERY, Identity
from steward.signals.alerts.ingest.database import Database
from steward.signals.alerts.ingest.sources.generic import mapping
from steward.signals.alerts.ingest.sources.generic.mapping import Compiled
from steward.signals.alerts.storing import Row

REMEMBER_SECONDS = 3.0
MAX_REMEMBERED = 4_096
_SQL = (
    "SELECT id, name, resolve_timeout, enabled, kind, secret, mapping::text, identity::text FROM alerts_source"
    " WHERE key_digest = %s"
)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    id: int
    name: str
    resolve_timeout: int
    kind: str = ""
    secret: str = ""
    mapping: Compiled | None = None
    identity: Identity = EVERY


class Keys:
    """Looks keys up by their SHA-256; disabled sources are as if unknown."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._remembered: dict[str, tuple[SourceInfo | None, float]] = {}

    async def find(self, key: str) -> SourceInfo | None:
        """The source of this key. A remembered source outlives a database that is away; the write will say so."""
        held = self._remembered.get(key)
        now = time.monotonic()
        if held is not None and held[1] > now:
            return held[0]
        try:
            rows = await self.database.fetch(_SQL, (sha256(key.encode("utf-8", "replace")).hexdigest(),))
        except (psycopg.Error, OSError):
            await self.database.close()
            if held is not None and held[0] is not None:
                return held[0]
            raise
        found = _info(rows[0]) if rows and rows[0][3] else None
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (found, now + REMEMBER_SECONDS)
        return found


def _info(row: Row) -> SourceInfo:
    return SourceInfo(row[0], row[1], row[2], row[4], unseal(row[5]), mapping.remembered(row[6] or ""),
                      identity.remembered(row[7] or ""))  # fmt: skip
