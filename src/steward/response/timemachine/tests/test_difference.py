"""What is different between two configurations, and what becomes of three."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from steward.response.timemachine.rules.difference import difference
from steward.response.timemachine.rules.document import Document, every_route, filled
from steward.response.timemachine.rules.entries import flat, whole
from steward.response.timemachine.rules.merging import merge


def route(name: str, *children: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": name, "children": list(children), **fields}


def document(*routes: dict[str, Any], **parts: Any) -> Document:
    return filled({"routes": list(routes), **parts})


def told(before: Document, after: Document) -> list[tuple[str, ...]]:
    return [
        (change.kind, change.name, *(f"{each.name}: {each.before} → {each.after}" for each in change.fields))
        for change in difference(before, after)
    ]


def names(given: Document) -> list[str]:
    return [" " * depth + each["name"] for depth, each in every_route(given["routes"])]


def test_fields_are_told_as_people_read_them() -> None:
    before = document(route("a", group_wait=30, matchers=[{"name": "x", "op": "=", "value": "y"}]))
    after = document(route("a", group_wait=90, enabled=False, group_by=["b", "c"]), default={"policy": "Desk"})
    assert told(before, after) == [
        ("changed", "Default", "policy:  → Desk"),
        ("changed", "a", "enabled: true → false", 'matchers: x="y" → ', "group_by:  → b, c", "group_wait: 30s → 1m30s"),
    ]


def test_added_removed_moved() -> None:
    before = document(route("a"), route("b"), route("c", route("d")))
    assert told(before, document(route("b"), route("c", route("d")), route("a"))) == [("moved", "a")]
    assert told(before, document(route("a", route("d")), route("b"), route("c"))) == [("changed", "d", "below: c → a")]
    assert told(before, document(route("a"), route("e", policy="P"), route("b"))) == [
        ("added", "e", "policy:  → P"), ("removed", "c"), ("removed", "d", "below: c → "),
    ]  # fmt: skip


def test_other_parts() -> None:
    before = document(inhibitions=[{"name": "i", "source_matchers": [], "target_matchers": []}])
    after = document(flapping={"changes": 3}, time_intervals=[{"name": "t", "spec": [{"months": ["1"]}]}])
    assert told(before, after) == [
        ("changed", "", "changes: 6 → 3"), ("removed", "i"), ("added", "t", "spec:  → - months:\n    - '1'"),
    ]  # fmt: skip


def test_what_two_changed_apart_is_kept() -> None:
    base = document(route("a"), route("b", route("c")))
    live = document(route("a", policy="Live"), route("new", policy="N"), route("b", route("c")))
    draft = document(route("b", route("c", route("e")), group_wait=0), route("a", group_wait=5))
    merged = merge(base, live, draft)
    assert merged.collisions == ()
    assert names(merged.document) == ["b", " c", "  e", "a", "new"]
    found = flat(merged.document).lists["routes"]
    assert (found["a"]["policy"], found["a"]["group_wait"], found["b"]["group_wait"]) == ("Live", 5, 0)


def test_what_both_changed_is_told_and_the_draft_wins() -> None:
    base = document(route("a", group_wait=1), route("b"), route("c"), route("d"))
    live = document(route("a", group_wait=2), route("b", policy="P"), route("d"))
    draft = document(route("a", group_wait=3), route("c", policy="Q"), route("d"))
    merged = merge(base, live, draft)
    assert {(each.name, each.field, each.base, each.live, each.draft) for each in merged.collisions} == {
        ("a", "group_wait", "1s", "2s", "3s"),
        ("b", "presence", "b", "b", ""),
        ("c", "presence", "c", "", "c"),
    }
    assert names(merged.document) == ["a", "c", "d"]
    assert flat(merged.document).lists["routes"]["a"]["group_wait"] == 3


def test_two_orders() -> None:
    base, live, draft = (document(*map(route, order)) for order in ("abc", "bac", "acb"))
    merged = merge(base, live, draft)
    assert [each.field for each in merged.collisions] == ["order"]
    assert names(merged.document) == ["a", "c", "b"]
    assert merge(base, live, live).collisions == ()


def test_routes_below_each_other_and_below_nothing() -> None:
    base = document(route("a"), route("b"))
    merged = merge(base, document(route("b", route("a"))), document(route("a", route("b"))))
    assert sorted(name.strip() for name in names(merged.document)) == ["a", "b"]
    assert [each.field for each in merged.collisions if each.field == "below"] == ["below"]

    orphan = merge(base, document(route("b")), document(route("a", route("new")), route("b")))
    assert sorted(names(orphan.document)) == ["b", "new"]
    assert [(each.name, each.field) for each in orphan.collisions] == [("new", "below")]


@st.composite
def trees(draw: st.DrawFn) -> Document:
    found: list[dict[str, Any]] = []
    nodes: list[dict[str, Any]] = []
    for name in draw(st.permutations("abcdef"))[: draw(st.integers(0, 6))]:
        node = route(name, group_wait=draw(st.integers(0, 2)), policy=draw(st.sampled_from([None, "P"])))
        home = draw(st.sampled_from([found, *(each["children"] for each in nodes)]))
        home.append(node)
        nodes.append(node)
    return document(*found, flapping={"changes": draw(st.integers(0, 2))})


@settings(deadline=None, max_examples=200)
@given(base=trees(), other=trees(), third=trees())
def test_laws(base: Document, other: Document, third: Document) -> None:
    assert whole(flat(base)) == base
    assert difference(base, base) == ()
    assert bool(difference(base, other)) == (base != other)
    # Only one side changed something, or both the same.
    for live, draft, expected in ((other, base, other), (base, other, other), (other, other, other)):
        merged = merge(base, live, draft)
        assert (merged.document, merged.collisions) == (expected, ())
    # Whatever the three are, the merge is a tree of routes that were in one of the two, each once.
    merged = merge(base, other, third)
    found = [each["name"] for _depth, each in every_route(merged.document["routes"])]
    assert len(found) == len(set(found))
    assert set(found) <= {each["name"] for side in (other, third) for _depth, each in every_route(side["routes"])}
