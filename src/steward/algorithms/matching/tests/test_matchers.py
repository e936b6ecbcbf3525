"""What a matcher says about a label set."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import MAX_VALUE_LENGTH, OPERATORS, Matcher, explain, matches_all, parse_matchers

LABELS = {"env": "prod", "code": "503", "empty": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("env=prod", True),
        ("env=Prod", False),
        ("env!=prod", False),
        ("env!=stage", True),
        ("env=~pro", False),  # the whole value must match
        ("env=~pro.", True),
        ("env=~rod", False),
        ("env=~stage|prod", True),  # the anchors go around the alternatives
        ("env!~pro", True),
        ("env!~prod|stage", False),
        ('missing=""', True),
        ('missing!=""', False),
        ("missing!=x", True),
        ('missing=~""', True),
        ("missing=~.*", True),
        ("missing=~.+", False),
        ("missing!~.+", True),
        ('empty=""', True),
        (r'code=~"5\d\d"', True),
    ],
)
def test_outcomes(text: str, expected: bool) -> None:
    (matcher,) = parse_matchers(text)
    assert matcher.matches(LABELS) is expected


values = st.text("ab", max_size=3)


@settings(deadline=None, max_examples=200)
@given(labels=st.dictionaries(st.sampled_from("xyz"), values), value=values, name=st.sampled_from("xyz"))
def test_negations_are_opposites_and_plain_patterns_are_equality(labels: dict[str, str], name: str, value: str) -> None:
    said = {op: Matcher(name, op, value).matches(labels) for op in OPERATORS}
    assert said["="] == said["=~"] == (labels.get(name, "") == value)
    assert said["!="] == said["!~"] == (not said["="])


@settings(deadline=None, max_examples=100)
@given(labels=st.dictionaries(st.sampled_from("xyz"), values.filter(bool)))
def test_a_missing_label_is_an_empty_one(labels: dict[str, str]) -> None:
    filled = {"x": "", "y": "", "z": ""} | labels
    for text in ('x=""', "x!=a", "x=~a*", "x!~b+", "y=~.+"):
        (matcher,) = parse_matchers(text)
        assert matcher.matches(labels) == matcher.matches(filled)


def test_explain_shows_every_matcher_with_what_it_saw() -> None:
    matchers = parse_matchers("env=prod, code=~4.., team=db")
    assert explain(matchers, LABELS) == [
        (matchers[0], True, "prod"),
        (matchers[1], False, "503"),
        (matchers[2], False, ""),
    ]
    assert not matches_all(matchers, LABELS)
    assert matches_all(matchers[:1], LABELS)
    assert matches_all([], LABELS)


def test_a_value_past_the_limit_matches_no_pattern() -> None:
    labels = {"x": "a" * MAX_VALUE_LENGTH, "y": "a" * (MAX_VALUE_LENGTH + 1)}
    assert Matcher("x", "=~", "a*").matches(labels)
    assert not Matcher("y", "=~", "a*").matches(labels)
    assert Matcher("y", "!~", "a*").matches(labels)
    assert Matcher("y", "=", "a" * (MAX_VALUE_LENGTH + 1)).matches(labels)


def test_matchers_are_values() -> None:
    matcher = Matcher("env", "=~", "p.*")
    assert matcher == pickle.loads(pickle.dumps(matcher))
    assert len({matcher, Matcher("env", "=~", "p.*"), Matcher("env", "!~", "p.*")}) == 2
