"""Which firing alerts keep others from paging. Pure; Alertmanager's meaning (``inhibit/inhibit.go``).

A rule mutes what matches its target side while an alert that matches its source side fires with the same values of the
*equal* labels (a missing label equals an empty one). An alert that matches both sides is not muted by another that does
too, and never by itself: else two of them would mute each other and nobody would hear of either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from steward.algorithms.matching import Matcher, matches_all
from steward.algorithms.matching.index import MatcherIndex


@dataclass(frozen=True, slots=True)
class InhibitionSpec:
    """A rule as the pipeline sees it."""

    id: int
    name: str
    version: int
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A rule and one set of values of its equal labels; ``both``: the alert matches the rule's other side too."""

    rule: InhibitionSpec
    key: str
    both: bool

    @property
    def ident(self) -> tuple[int, str]:
        return self.rule.id, self.key


@dataclass(frozen=True, slots=True)
class Source:
    """A firing alert on the source side of a rule."""

    alert_id: int
    both: bool


@dataclass(slots=True)
class Inhibitions:
    """All rules, indexed by label value on both sides."""

    rules: tuple[InhibitionSpec, ...]
    sources: MatcherIndex[InhibitionSpec] = field(init=False)
    targets: MatcherIndex[InhibitionSpec] = field(init=False)

    def __post_init__(self) -> None:
        self.sources = MatcherIndex((rule, rule.source) for rule in self.rules)
        self.targets = MatcherIndex((rule, rule.target) for rule in self.rules)

    def as_source(self, labels: Mapping[str, str]) -> list[Place]:
        """Where this alert mutes others while it fires."""
        return [
            Place(rule, key_of(rule.equal, labels), matches_all(rule.target, labels))
            for rule in self.sources.matching(labels)
        ]

    def as_target(self, labels: Mapping[str, str]) -> list[Place]:
        """Where this alert may be muted."""
        return [
            Place(rule, key_of(rule.equal, labels), matches_all(rule.source, labels))
            for rule in self.targets.matching(labels)
        ]


def key_of(equal: Sequence[str], labels: Mapping[str, str]) -> str:
    """The values of the equal labels, each preceded by its length, short enough for an index."""
    values = [labels.get(name, "") for name in equal]
    text = "".join(f"{len(value)}:{value}" for value in values)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def muted_by(place: Place, alert_id: int, sources: Iterable[Source]) -> Source | None:
    """The source that mutes an alert in this place, if one does."""
    for source in sources:
        if source.alert_id != alert_id and not (place.both and source.both):
            return source
    return None
