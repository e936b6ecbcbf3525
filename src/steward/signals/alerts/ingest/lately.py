"""The last requests of every source, for who tries out how they are read. They wait here for the next tick.

A source is let through twenty at once and then one every ten seconds: that is enough to look at, and a sender that
repeats itself ten thousand times a second costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from steward.signals.alerts.ingest.sources import Received
from steward.signals.alerts.payloads import LAST_KEPT, Payload
from steward.signals.alerts.storing import payload_of

SECONDS = 10.0


@dataclass(slots=True)
class _Allowance:
    left: float
    since: float


@dataclass(slots=True)
class Lately:
    """What came in and is to be kept as such."""

    waiting: list[Payload] = field(default_factory=list)
    _allowed: dict[int, _Allowance] = field(default_factory=dict)

    def note(self, source_id: int, received: Received) -> None:
        """One request; most are let go at once."""
        now = received.now.timestamp()
        allowance = self._allowed.get(source_id)
        if allowance is None:
            allowance = self._allowed[source_id] = _Allowance(LAST_KEPT, now)
        allowance.left = min(LAST_KEPT, allowance.left + max(0.0, now - allowance.since) / SECONDS)
        allowance.since = now
        if allowance.left >= 1:
            allowance.left -= 1
            self.waiting.append(payload_of(received, source_id=source_id))

    def take(self) -> list[Payload]:
        """What waits. If it then cannot be written it is lost, which hurts nobody."""
        waiting, self.waiting = self.waiting, []
        return waiting
