"""What a maintenance window covers: a walk over the estate's relations. Pure.

A service covers the items that belong to it. With dependants, whatever says that it depends on or runs on something
covered is covered too, and so on. An item does not cover its service: one of ten hosts is not the service.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Node = tuple[Literal["service", "item"], int]


@dataclass(frozen=True, slots=True)
class Graph:
    """``parts``: the items of each service; ``dependants``: for each node who depends on it or runs on it, and how."""

    parts: Mapping[int, Sequence[int]]
    dependants: Mapping[Node, Sequence[tuple[Node, str]]]


@dataclass(frozen=True, slots=True)
class Covered:
    """A node in the scope: chosen itself, or reached ``via`` another (``how``: chosen, part, depends_on, runs_on)."""

    node: Node
    how: str
    via: Node | None = None


EMPTY = Graph({}, {})


def reach(graph: Graph, chosen: Iterable[Node], *, dependants: bool) -> dict[Node, Covered]:
    """Everything covered, nearest first; each node once, however many ways lead to it, so cycles end."""
    found = {node: Covered(node, "chosen") for node in chosen}
    waiting = deque(found)
    while waiting:
        node = waiting.popleft()
        for other, how in _next(graph, node, dependants):
            if other not in found:
                found[other] = Covered(other, how, node)
                waiting.append(other)
    return found


def path(covered: Mapping[Node, Covered], node: Node) -> list[Covered]:
    """From what was chosen to this node."""
    steps: list[Covered] = []
    at: Node | None = node
    while at is not None and at in covered:
        steps.append(covered[at])
        at = covered[at].via
    return steps[::-1]


def _next(graph: Graph, node: Node, dependants: bool) -> Iterable[tuple[Node, str]]:
    kind, key = node
    if kind == "service":
        for item in graph.parts.get(key, ()):
            yield ("item", item), "part"
    if dependants:
        yield from graph.dependants.get(node, ())
