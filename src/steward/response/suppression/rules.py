"""Which silences and maintenance windows hold an alert just now. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from steward.algorithms.matching import Matcher, matches_all
from steward.algorithms.matching.index import MatcherIndex
from steward.response.suppression.recurring import Run, Span, run_of
from steward.response.suppression.scope import Graph, Node, reach

MAINTENANCE: Literal["maintenance"] = "maintenance"
SILENCE: Literal["silence"] = "silence"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that holds an alert. ``version`` is that of the silence or window; ``until`` is when it ends as things
    stand, ``why`` a sentence."""

    kind: Literal["maintenance", "silence"]
    id: int
    version: int
    label: str
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class SilenceSpec:
    """A silence as evaluation needs it. With a ``source_id`` it holds alerts of that source only."""

    id: int
    version: int
    matchers: tuple[Matcher, ...]
    span: Span
    source_id: int | None = None
    comment: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A maintenance window; ``matchers``, if any, must hold besides."""

    id: int
    version: int
    title: str
    span: Span
    chosen: tuple[Node, ...]
    dependants: bool = False
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldBy:
    """A silence or window that holds an alert, in which run, and for a window the node through which."""

    spec: SilenceSpec | WindowSpec
    run: Run
    node: Node | None = None


class Book:
    """What holds at one moment, arranged for asking about many alerts. It stays true until ``valid_until``."""

    __slots__ = ("_items", "_services", "_silences", "running", "valid_until")

    def __init__(
        self, silences: Sequence[tuple[SilenceSpec, Run]], windows: Sequence[tuple[WindowSpec, Run]], graph: Graph,
        valid_until: datetime | None = None,
    ) -> None:  # fmt: skip
        self.valid_until = valid_until
        self.running = bool(silences or windows)
        self._silences = MatcherIndex([((spec, run), spec.matchers) for spec, run in silences])
        self._services: dict[int, list[tuple[WindowSpec, Run]]] = defaultdict(list)
        self._items: dict[int, list[tuple[WindowSpec, Run]]] = defaultdict(list)
        for spec, run in windows:
            for kind, key in reach(graph, spec.chosen, dependants=spec.dependants):
                (self._services if kind == "service" else self._items)[key].append((spec, run))

    def holding(
        self, labels: Mapping[str, str], service_id: int | None, item_id: int | None, source_id: int | None
    ) -> list[HeldBy]:
        """Windows first, then silences; each in order of its key."""
        if not self.running:
            return []
        found = self._windows(labels, service_id, item_id)
        for spec, run in self._silences.matching(labels):
            if spec.source_id is None or spec.source_id == source_id:
                found.append(HeldBy(spec, run))
        return found

    def _windows(self, labels: Mapping[str, str], service_id: int | None, item_id: int | None) -> list[HeldBy]:
        found: dict[int, HeldBy] = {}
        nodes: list[tuple[Node, list[tuple[WindowSpec, Run]]]] = []
        if service_id is not None:
            nodes.append((("service", service_id), self._services.get(service_id, [])))
        if item_id is not None:
            nodes.append((("item", item_id), self._items.get(item_id, [])))
        for node, windows in nodes:
            for spec, run in windows:
                if spec.id not in found and matches_all(spec.matchers, labels):
                    found[spec.id] = HeldBy(spec, run, node)
        return [found[key] for key in sorted(found)]


def book(silences: Sequence[SilenceSpec], windows: Sequence[WindowSpec], graph: Graph, now: datetime) -> Book:
    """What holds at ``now``, and until when nothing changes by itself."""
    runs = [(spec, run) for spec in silences if (run := run_of(spec.span, now))]
    planned = [(spec, run) for spec in windows if (run := run_of(spec.span, now))]
    changes = [run.ends if run.holds(now) else run.begins for _spec, run in (*runs, *planned)]
    return Book(
        [(spec, run) for spec, run in runs if run.holds(now)],
        [(spec, run) for spec, run in planned if run.holds(now)],
        graph, min(changes, default=None),
    )  # fmt: skip


def restrains(matchers: Sequence[Matcher]) -> bool:
    """Whether the matchers ask for anything: as in Alertmanager, at least one must refuse the empty value, or the
    silence would hold alerts that nobody thought of."""
    return any(not matcher.matches({}) for matcher in matchers)


def editable(
    old: Sequence[Matcher], new: Sequence[Matcher], old_start: datetime, new_start: datetime, now: datetime
) -> bool:
    """Whether a silence may be changed in place, by Alertmanager's rule: the same matchers, and for one that has begun
    the same start. Anything else is another silence, so that what the old one held stays true."""

    def key(each: Matcher) -> tuple[str, str, str]:
        return each.name, each.op, each.value

    if sorted(old, key=key) != sorted(new, key=key):
        return False
    return old_start > now or abs(new_start - old_start).total_seconds() < 60
