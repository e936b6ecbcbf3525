"""Finding the entries that match without trying them all finds exactly the same ones."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import Matcher, MatcherIndex, matches_all, parse_matchers
from steward.algorithms.matching.index import MOST_WORDS, words

NAMES = st.sampled_from(["env", "team", "job"])
VALUES = st.sampled_from(["", "a", "b", "ab", "A", "prod", "colour", "color", "a|b"])
PATTERNS = st.sampled_from(
    [
        "", "a", "a|b", "a|b|", "|", "(a|b)b?", "^a$", "colou?r", "(?i)a", "(?i:a)|b", "[ab]", "[^a]", "a.*", ".*",
        ".+", "pro(d|x)", r"a\|b", "(ab){1}", "a{0}", r"\bprod\b", r"\d", "(a|b){1,2}", "[^\\s\\S]", r"\Qa|b\E",
    ]
)  # fmt: skip
MATCHERS = st.one_of(
    st.builds(Matcher, NAMES, st.sampled_from(["=", "!="]), VALUES),
    st.builds(Matcher, NAMES, st.sampled_from(["=~", "!~"]), PATTERNS),
)
ENTRIES = st.lists(st.lists(MATCHERS, max_size=4), max_size=12)
LABELS = st.dictionaries(st.sampled_from(["env", "team", "job", "other"]), VALUES)


@settings(deadline=None, max_examples=500)
@given(entries=ENTRIES, label_sets=st.lists(LABELS, min_size=1, max_size=6))
def test_it_finds_what_trying_all_finds(entries: list[list[Matcher]], label_sets: list[dict[str, str]]) -> None:
    index = MatcherIndex(enumerate(entries))
    for labels in label_sets:
        expected = [position for position, matchers in enumerate(entries) if matches_all(matchers, labels)]
        assert index.matching(labels) == expected


@settings(deadline=None, max_examples=200)
@given(pattern=PATTERNS, value=VALUES)
def test_the_words_of_a_pattern_are_all_that_it_accepts(pattern: str, value: str) -> None:
    accepted = words(pattern)
    if accepted is not None and Matcher("x", "=~", pattern).matches({"x": value}):
        assert value in accepted


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a|b|c", {"a", "b", "c"}),
        ("db-(eu|us)[12]", {"db-eu1", "db-eu2", "db-us1", "db-us2"}),
        ("prod", {"prod"}),
        ("^(a|)$", {"a", ""}),
        ("a.*|b", None),
        ("(?i)prod", None),
        ("[a-z][a-z]", None),
        ("(", None),
    ],
)
def test_words(pattern: str, expected: set[str] | None) -> None:
    assert words(pattern) == expected


def test_many_words_are_not_written_out() -> None:
    assert words("|".join(f"v{n}" for n in range(MOST_WORDS))) is not None
    assert words("[0-9]{4}") is None


def _tried(entries: Sequence[str], labels: dict[str, str]) -> list[int]:
    return MatcherIndex((text, parse_matchers(text)) for text in entries).candidates(labels)


def test_an_entry_is_looked_up_by_what_the_fewest_share() -> None:
    entries = ["env=prod, team=a", "env=prod, team=b", "env=prod, team=c", "env=prod, host=~x1|x2"]
    assert _tried(entries, {"env": "prod", "team": "b"}) == [1]
    assert _tried(entries, {"env": "prod", "host": "x2"}) == [3]
    assert _tried(entries, {"env": "prod"}) == []


def test_a_missing_label_is_the_last_choice() -> None:
    entries = ['team="", env=prod', 'team=""', "env!=prod"]
    assert _tried(entries, {"env": "stage"}) == [1, 2]
    assert _tried(entries, {"env": "stage", "team": "a"}) == [2]
    assert _tried(entries, {"env": "prod", "team": ""}) == [0, 1, 2]


def test_nothing_is_found_in_nothing() -> None:
    assert MatcherIndex[int]([]).matching({"a": "b"}) == []
    assert MatcherIndex([(7, ())]).matching({}) == [7]
    assert len(MatcherIndex([(7, ()), (8, ())])) == 2


def test_a_lookup_among_500_tries_one() -> None:
    entries = [(n, parse_matchers(f'alertname="Alert{n}", severity="critical", env!="test"')) for n in range(500)]
    index = MatcherIndex(entries)
    for n in range(500):
        labels = {"alertname": f"Alert{n}", "severity": "critical", "instance": f"host{n}", "job": "node"}
        assert index.candidates(labels) == [n]
        assert index.matching(labels) == [m for m, matchers in entries if matches_all(matchers, labels)] == [n]
