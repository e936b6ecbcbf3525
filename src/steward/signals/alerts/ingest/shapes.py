"""What the door does to the alerts of a source, remembered for a few seconds as the keys are.

Rules and tables are read by a thread, and only when a newer version of them is there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from hashlib import blake2b

from django.db import Error, connection

from steward.signals.alerts import enrichment
from steward.signals.alerts.identity import Identity
from steward.signals.alerts.ingest.keys import REMEMBER_SECONDS, SourceInfo
from steward.signals.alerts.shaping import PLAIN, Shape


@dataclass(slots=True)
class Shapes:
    """The shapes of sources under the rules that are in force."""

    _rules: enrichment.Live = enrichment.NOTHING
    _until: float = 0.0
    _made: dict[tuple[int, Identity], Shape] = field(default_factory=dict)
    _looking: asyncio.Task[None] | None = None

    async def of(self, source: SourceInfo) -> Shape:
        """The shape of this source."""
        if self._until <= time.monotonic():
            # One look for all who wait, so that they go on together: the group commit lives on that.
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)
        key = (source.id, source.identity)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = shape_of(source.id, source.identity, self._rules)
        return made

    async def _look(self) -> None:
        try:
            fresh = await asyncio.to_thread(_newer, self._rules)
            if fresh is not self._rules or len(self._made) > 4_096:
                self._rules, self._made = fresh, {}
            self._until = time.monotonic() + REMEMBER_SECONDS
        except Error as problem:
            # Rules that are remembered outlive a database that is away, as keys do; the write will say so.
            if not self._until:
                raise OSError(str(problem)) from problem
        finally:
            self._looking = None


def _newer(known: enrichment.Live) -> enrichment.Live:
    try:
        return enrichment.newer(known)
    finally:
        connection.close()


def shape_of(source_id: int, identity: Identity, rules: enrichment.Live) -> Shape:
    """What applies to a source; the plain shape where nothing does."""
    concerned = [each for each in rules.rules if not each.sources or source_id in each.sources]
    if not concerned and identity.mode == "all":
        return PLAIN
    settings = f"{rules.stamp} {identity.mode} {sorted(identity.labels)} {identity.folds}"
    mark = b"." + blake2b(settings.encode(), digest_size=8).hexdigest().encode()
    return Shape(concerned, rules.world, identity, mark, rules.number)
