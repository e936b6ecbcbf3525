"""The text form. The cases follow Alertmanager's documented matcher grammar."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import (
    OPERATORS,
    Matcher,
    MatcherError,
    format_matchers,
    from_json,
    parse_matchers,
    to_json,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
literal_matchers = st.builds(Matcher, texts.filter(bool), st.sampled_from(["=", "!="]), texts)
regex_matchers = st.builds(
    Matcher, texts.filter(bool), st.sampled_from(["=~", "!~"]), st.sampled_from([r"a\d+", "x|y", '["\\\\]', "", "é.*"])
)
many = st.lists(literal_matchers | regex_matchers, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("{}", []),
        ("{ }", []),
        ("foo=bar", [("foo", "=", "bar")]),
        ('{foo="bar"}', [("foo", "=", "bar")]),
        ("{foo!=bar}", [("foo", "!=", "bar")]),
        ('{foo=~"bar.*"}', [("foo", "=~", "bar.*")]),
        ("{foo=~bar.*}", [("foo", "=~", "bar.*")]),
        ('{foo!~"bar.*"}', [("foo", "!~", "bar.*")]),
        ('foo=""', [("foo", "=", "")]),
        ('{foo="bar",baz!~".*quux", derp="wat"}', [("foo", "=", "bar"), ("baz", "!~", ".*quux"), ("derp", "=", "wat")]),
        ('{foo = "bar", dings != "bums", }', [("foo", "=", "bar"), ("dings", "!=", "bums")]),
        ("foo=bar,dings!=bums,", [("foo", "=", "bar"), ("dings", "!=", "bums")]),
        ('{foo="bar,quux", job="job1"}', [("foo", "=", "bar,quux"), ("job", "=", "job1")]),
        ('x="braces {} and = in quotes"', [("x", "=", "braces {} and = in quotes")]),
        ('"föö bar"=🙂', [("föö bar", "=", "🙂")]),
        ("föö=bär", [("föö", "=", "bär")]),
        ("invalid-name=a-b/c:d", [("invalid-name", "=", "a-b/c:d")]),
        (r'q="She said: \"Hi\""', [("q", "=", 'She said: "Hi"')]),
        (r'q="a\\b\n\t"', [("q", "=", "a\\b\n\t")]),
        (r'q="\x41\102é\U0001F642\xc3\xa9"', [("q", "=", "ABé🙂é")]),
        (r'code=~"5\d\d"', [("code", "=~", r"5\d\d")]),
        ('foo="two\nlines"', [("foo", "=", "two\nlines")]),
    ],
)
def test_reads(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(m.name, m.op, m.value) for m in parse_matchers(text)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Column 2: expected a label name or a closing brace }, found the end"),
        ("}", "Column 1: expected a label name or the end, found '}'"),
        ("{,}", "Column 2: expected a label name or a closing brace }, found ','"),
        ("{{foo=bar}}", "Column 2: expected a label name"),
        ("{foo=bar", "Column 9: expected a comma or a closing brace }"),
        ("foo=bar}", "Column 8: expected a comma or the end"),
        ("{foo=bar}}", "Column 10: expected the end"),
        ("{foo=bar} b=c", "Column 11: expected the end"),
        ("foo=bar baz=qux", "Column 9: expected a comma"),
        ("foo", "Column 4: expected an operator"),
        ("=bar", "Column 1: expected a label name"),
        ("job=", 'Column 5: expected a value (write "" for an empty one)'),
        ("foo=bar,,", "Column 9: expected a label name or the end"),
        ("foo==bar", "Column 5: expected a value"),
        ("foo!bar", "Column 4: ! must be followed by = or ~"),
        ('job="value', "Column 5: this double quote is never closed"),
        ('job=value"', "Column 10: this double quote is never closed"),
        ('job="a\\"', "Column 5: this double quote is never closed"),
        ("foo='bar'", "Column 5: ' may only appear inside double quotes"),
        ("foo=a\\b", "Column 6: \\ may only appear inside double quotes"),
        ('""=bar', "needs a label name"),
        (r'a="\xff"', "not valid UTF-8"),
        (r'a="\ud800"', "not valid UTF-8"),
        (r'a="\UFFFFFFFF"', "not valid UTF-8"),
        ('{foo=~"invalid[regexp"}', "this opening bracket is never closed"),
    ],
)
def test_refuses_and_says_where(text: str, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        parse_matchers(text)
    assert message in str(caught.value)


@settings(deadline=None, max_examples=200)
@given(matchers=many)
def test_text_and_json_bring_back_the_same_matchers(matchers: tuple[Matcher, ...]) -> None:
    assert parse_matchers(format_matchers(matchers)) == matchers
    assert from_json(to_json(matchers)) == matchers


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.sampled_from('{}!=~,"\\ abx1\n'), max_size=15) | st.text(max_size=15))
def test_any_text_is_read_or_refused_as_a_matcher_error(text: str) -> None:
    try:
        matchers = parse_matchers(text)
    except MatcherError:
        return
    assert parse_matchers(format_matchers(matchers)) == matchers


def test_writes_plainly_where_it_can() -> None:
    matchers = (Matcher("alertname", "=", 'say "hi"\n'), Matcher("föö", "!~", r"\d"))
    assert format_matchers(matchers) == r'{alertname="say \"hi\"\n", "föö"!~"\\d"}'
    assert format_matchers(()) == "{}"


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        "a=b",
        ["a=b"],
        [{"name": "a", "op": "="}],
        [{"name": "a", "op": "=", "value": "b", "more": 1}],
        [{"name": "a", "op": "==", "value": "b"}],
        [{"name": "a", "op": [], "value": "b"}],
        [{"name": "", "op": "=", "value": "b"}],
        [{"name": "a", "op": "=", "value": 1}],
        [{"name": 1, "op": "=", "value": "b"}],
        [{"name": "a", "op": "=~", "value": "("}],
    ],
)
def test_bad_json_is_refused(data: object) -> None:
    with pytest.raises(MatcherError):
        from_json(data)


def test_bad_json_names_the_matcher() -> None:
    good = {"name": "a", "op": OPERATORS[0], "value": "b"}
    with pytest.raises(MatcherError, match="Matcher 2"):
        from_json([good, {**good, "op": "~"}])


def test_what_is_wrong_can_be_said_in_another_language() -> None:
    with pytest.raises(MatcherError) as caught:
        parse_matchers("{env=prod")
    error = caught.value
    assert str(error) == "Column 10: expected a comma or a closing brace }, found the end of the text."
    # Every part of the sentence goes through the translator, the values of the values too.
    assert error.words.said(lambda message: f"«{message}»") == (
        "«Column 10: expected «a comma or «a closing brace }»», found «the end of the text».»"
    )
