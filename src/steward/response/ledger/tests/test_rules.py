"""The chain itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.response.ledger.rules import START, Checkpoint, Link, chained, check

BEGIN = Checkpoint(0, START)
# How fast a busy machine draws examples says nothing about the chain.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
changes = st.dictionaries(st.text(max_size=6), values, max_size=4).map(json.dumps)


def links(texts: list[str]) -> list[Link]:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    found = [Link(0, b"", at + timedelta(seconds=n), "page", n, n, 7, text) for n, text in enumerate(texts)]
    return list(chained(BEGIN, found))


@unhurried
@given(st.lists(changes, min_size=1, max_size=8), st.data())
def test_whatever_is_done_to_a_chain_is_found(texts: list[str], data: st.DataObject) -> None:
    chain = links(texts)
    kept = Checkpoint(chain[-1].sequence, chain[-1].hash)
    assert check(chain, [kept]) == []
    place = data.draw(st.integers(0, len(chain) - 1))
    one = chain[place]
    other = data.draw(changes.filter(lambda text: json.loads(text) != json.loads(one.change)))
    for wrong in (
        [*chain[:place], replace(one, change=other), *chain[place + 1 :]],
        [*chain[:place], replace(one, user_id=8), *chain[place + 1 :]],
        [*chain[:place], replace(one, at=one.at + timedelta(microseconds=1)), *chain[place + 1 :]],
        [*chain[:place], *chain[place + 1 :]],
        [*chain[: place + 1], *chain[place:]],
        list(chained(BEGIN, [replace(one, change=other) if link is one else link for link in chain])),
    ):
        assert check(wrong, [kept]), "not found"


@unhurried
@given(st.lists(changes, min_size=2, max_size=8))
def test_two_that_change_places_and_a_new_chain_are_found_without_a_checkpoint(texts: list[str]) -> None:
    chain = links(texts)
    moved = [chain[1], chain[0], *chain[2:]]
    assert check(moved)
    swapped = [replace(chain[1], sequence=1), replace(chain[0], sequence=2), *chain[2:]]
    assert check(swapped)


@unhurried
@given(st.lists(changes, min_size=2, max_size=8), st.data())
def test_a_cut_chain_proves_itself_from_the_cut(texts: list[str], data: st.DataObject) -> None:
    chain = links(texts)
    place = data.draw(st.integers(1, len(chain) - 1))
    start = Checkpoint(chain[place - 1].sequence, chain[place - 1].hash)
    assert check(chain[place:], start=start) == []
    assert check(chain[place:])  # without the cut that says so, entries are missing
    assert check(chain[place:], start=Checkpoint(start.sequence, bytes(31) + b"x"))


def test_what_is_wrong_is_named() -> None:
    chain = links(['{"a": 1}', '{"a": 2}', '{"a": 3}'])
    assert [(each.sequence, each.code) for each in check(chain[:1] + chain[2:])] == [(2, "missing")]
    assert [(e.sequence, e.code) for e in check([chain[0], replace(chain[1], change='{"a": "2"}'), chain[2]])] == [
        (2, "changed"),
    ]
    assert [(e.sequence, e.code) for e in check(chain[:2], [Checkpoint(3, chain[2].hash)])] == [(3, "tail")]
    assert [(e.sequence, e.code) for e in check(chain, [Checkpoint(2, bytes(32))])] == [(2, "rewritten")]


def test_json_that_reads_the_same_hashes_the_same() -> None:
    one, two = links(['{"a": 1, "b": [1.50, {"c": null}]}'])[0], links(['{ "b":[1.50,{"c":null}],"a":1 }'])[0]
    assert one.hash == two.hash
    assert links(['{"a": 1}'])[0].hash != links(['{"a": "1"}'])[0].hash


def test_checkpoints_are_read_as_they_are_printed() -> None:
    kept = Checkpoint(12, bytes(range(32)))
    assert Checkpoint.parse(f" {kept}\n") == kept
    for nonsense in ("", "12", "x:00", "12:zz" + "0" * 62):
        with pytest.raises(ValueError):
            Checkpoint.parse(nonsense)
