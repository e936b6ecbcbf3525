"""What a source's settings make of its alerts once they are read: enrichment, then by which labels they are known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from steward.signals.alerts.enriching import Rule, World, enriched, noted
from steward.signals.alerts.identity import EVERY, Identity, identified
from steward.signals.alerts.ingest.sources.common import Normalised


@dataclass(frozen=True, slots=True)
class Shape:
    """``mark`` names these settings: what was learnt of bodies under others does not count any more."""

    rules: Sequence[Rule] = ()
    world: World = field(default_factory=World)
    identity: Identity = EVERY
    mark: bytes = b""
    version: int = 0  # of the rules

    def of(self, given: Normalised) -> Normalised:
        """The alert as it is stored."""
        whole = given
        if self.rules:
            whole, done = enriched(given, self.rules, self.world)
            if done:
                whole = replace(whole, enriched=noted(self.version, done))
        # What its sender knows by a key stays known by that: its end may bring nothing else.
        if self.identity.mode == "all" or given.keyed:
            return whole
        return identified(whole, self.identity, given.labels)


PLAIN = Shape()


def shaped(found: list[Normalised], shape: Shape) -> list[Normalised]:
    """All of them. Costs nothing where a source has no rules."""
    return found if shape is PLAIN else [shape.of(each) for each in found]
