"""What a window covers: over relations, with cycles, and only what was declared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steward.response.suppression.scope import Graph, Node, path, reach

A, B, C = ("service", 1), ("service", 2), ("service", 3)
HOST, DB = ("item", 1), ("item", 2)
GRAPH = Graph({1: [1], 2: [2]}, {HOST: [(B, "runs_on")], B: [(C, "depends_on")], C: [(A, "depends_on")]})


def test_without_dependants_a_service_covers_its_items_only() -> None:
    assert set(reach(GRAPH, [A], dependants=False)) == {A, HOST}  # type: ignore[list-item]


def test_dependants_of_dependants_are_covered_and_cycles_end() -> None:
    found = reach(GRAPH, [A], dependants=True)  # type: ignore[list-item]
    assert set(found) == {A, HOST, B, DB, C}
    assert [(step.node, step.how) for step in path(found, C)] == [
        (A, "chosen"), (HOST, "part"), (B, "runs_on"), (C, "depends_on"),
    ]  # type: ignore[arg-type, list-item]  # fmt: skip


def test_an_item_does_not_cover_its_service() -> None:
    assert set(reach(GRAPH, [DB], dependants=True)) == {DB}  # type: ignore[list-item]


nodes = st.tuples(st.sampled_from(["service", "item"]), st.integers(1, 6))


@given(st.lists(st.tuples(nodes, nodes), max_size=25), st.lists(nodes, min_size=1, max_size=3))
def test_the_walk_equals_the_closure(relations: list[tuple[Node, Node]], chosen: list[Node]) -> None:
    graph = Graph({}, {t: [(s, "depends_on") for s, to in relations if to == t] for _s, t in relations})
    closure = set(chosen)
    while more := {s for s, t in relations if t in closure} - closure:
        closure |= more
    found = reach(graph, chosen, dependants=True)
    assert set(found) == closure
    assert all(path(found, node)[0].how == "chosen" for node in found)
