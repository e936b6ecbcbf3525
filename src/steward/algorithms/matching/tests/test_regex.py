"""RE2 patterns: meaning, refusals, and the two engines agreeing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import MAX_PATTERN_LENGTH, MAX_VALUE_LENGTH, MatcherError
from steward.algorithms.matching.linear import LinearMatcher
from steward.algorithms.matching.regex import CompiledPattern, to_python
from steward.algorithms.matching.syntax import parse


def both(pattern: str, text: str) -> bool:
    """Ask both engines; they must agree."""
    compiled = CompiledPattern(pattern)
    linear = LinearMatcher(parse(pattern), to_python).fullmatch(text)
    assert compiled.matches(text) == linear
    return linear


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("", [""], ["a"]),
        ("a|", ["a", ""], ["b"]),
        ("web-[0-9]{2}", ["web-01"], ["web-1", "xweb-01", "web-012"]),
        ("^web$", ["web"], ["web\n", "awebb"]),
        (r"\d+", ["42"], ["٤٢", ""]),  # ASCII digits only, as in RE2
        (r"\w+", ["a_1"], ["é"]),
        (r"\s", [" ", "\t"], ["\u00a0", "\v"]),
        (r"[^\D]", ["7"], ["x"]),
        (r"[\W]", ["é", "-"], ["a", "_"]),
        (r"[[:alpha:]_]+", ["aB_"], ["a1"]),
        (r"[[:^digit:]]", ["x"], ["1"]),
        (r"[]a]+", ["]a"], ["b"]),
        (r"[^]a]", ["b"], ["]", "a"]),
        (r"[a-]+", ["-a"], ["b"]),
        (r"[\d-z]+", ["1-z"], ["a"]),
        (r"[--a&&b||c~~[]+", ["[&|-~"], ["e"]),
        (r"[\x41-\x{43}]", ["B"], ["D"]),
        ("a.c", ["abc"], ["a\nc"]),
        ("(?s)a.c", ["a\nc"], ["ac"]),
        ("(?i)prod", ["PrOd"], ["pro"]),
        ("x(?i)y|z", ["xY", "Z"], ["XY"]),  # a flag reaches to the end of its group, over the |
        ("(x(?i)y)z", ["xYz"], ["xYZ"]),
        ("(?i:a)b", ["Ab"], ["AB"]),
        ("(?i)a(?-i)b", ["Ab"], ["AB"]),
        ("(?i)[^a]", ["b"], ["a", "A"]),
        ("(?m)a$\n^b", ["a\nb"], ["ab"]),
        ("a$\nb", [], ["a\nb"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"a\b.b", ["a-b"], ["axb"]),
        (r"\bé", [], ["é"]),
        (r"\B", [""], ["a"]),
        (r"a\Bb", ["ab"], ["a-b"]),
        (r"\Qa.b\E+", ["a.b", "a.bb"], ["axb", "a.ba.b"]),
        (r"\Qa+", ["a+"], ["aa"]),
        (r"a{,2}", ["a{,2}"], ["aa"]),
        (r"a{x}{", ["a{x}{"], ["a"]),
        ("a{2,}", ["aa", "aaaa"], ["a"]),
        ("a{0}", [""], ["a"]),
        ("a{1,2}?", ["a", "aa"], ["aaa"]),
        ("(?P<first>a)(?<second>b)", ["ab"], ["a"]),
        ("(?U)a+", ["aa"], [""]),
        (r"\101\x42\.\-\/", ["AB.-/"], ["AB"]),
        ("([a-z]+\\.)*example", ["example", "a.b.example"], [".example"]),
        ("(foo|bar)+", ["foobarfoo"], ["", "fo"]),
        ("é.🙂", ["éx🙂"], ["é🙂"]),
    ],
)
def test_patterns_mean_what_they_mean_in_go(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not both(pattern, text)] == []
    assert [text for text in no if both(pattern, text)] == []


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "never closed"),
        ("a)", "never opened"),
        ("[a", "never closed"),
        ("[]", "never closed"),
        ("[a-", "never closed"),
        ("[z-a]", "backwards"),
        ("[[:nope:]]", "not a class"),
        ("*a", "nothing stands before"),
        ("a|+", "nothing stands before"),
        ("a**", "cannot follow another quantifier"),
        ("a++", "cannot follow another quantifier"),
        ("a{2}{3}", "cannot follow another quantifier"),
        ("a{3,2}", "count upwards"),
        ("a{1001}", "at most 1000"),
        ("(a{100}){100}", "multiply"),
        ("(?=a)", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        (r"\pL", "Unicode classes"),
        (r"[\p{Greek}]", "Unicode classes"),
        (r"\Z", "not an escape"),
        (r"[\b]", "not an escape"),
        ("a\\", "must be followed"),
        (r"\x{110000}", "not an escape"),
        ("(" * 60 + ")" * 60, "nested more than"),
        ("a" * (MAX_PATTERN_LENGTH + 1), "at most 1000"),
        ("(a+)+", "like (a+)+"),
        ("((a*))*", "like (a+)+"),
        ("(?:x|.*)+", "like (a+)+"),
        ("(a{2,}){3,}", "like (a+)+"),
        ("((a+)?)*", "like (a+)+"),
        ("(.*a.*b.*c.*d(xyz){300}){3}", "too large"),
    ],
)
def test_refusals_say_what_to_change(pattern: str, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        CompiledPattern(pattern)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (".*a.*b.*c.*d", "abc" * (MAX_VALUE_LENGTH // 3)),
        ("(a|aa)+b", "a" * MAX_VALUE_LENGTH),
        ("(a*b?)+c", "a" * MAX_VALUE_LENGTH),
        ("(a?){1000}a{1000}", "a" * 999),
        (r"([a-z]+\.)*example", "a." * (MAX_VALUE_LENGTH // 2)),
        ("x*y*x*y*x*y*z", "x" * MAX_VALUE_LENGTH),
    ],
)
def test_hostile_patterns_finish(pattern: str, value: str) -> None:
    # On a backtracking engine each of these would run for minutes at least, and the suite would never end.
    try:
        compiled = CompiledPattern(pattern)
    except MatcherError as refused:
        assert "too large" in str(refused)
        return
    assert compiled.linear
    assert not compiled.matches(value)


def test_common_patterns_use_the_fast_engine() -> None:
    patterns = [
        "prod|stage",
        ".*foo.*",
        r"web-\d+\.example\.com:\d+",
        "(?i).*disk.*|.*memory.*",
        r"10\.0\.\d{1,3}\.\d+",
    ]
    assert [pattern for pattern in patterns if CompiledPattern(pattern).linear] == []


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\W", r"\b", r"\B", "^", "$", "(?i:A)", "(?m:^)", "\n"])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + "|".join(parts) + ")"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=400)
@given(pattern=patterns, texts=st.lists(st.text("ab-A\n", max_size=6), max_size=6))
def test_the_engines_agree(pattern: str, texts: list[str]) -> None:
    try:
        tree = parse(pattern)
    except MatcherError:
        return
    linear = LinearMatcher(tree, to_python)
    quick = re.compile(to_python(tree))
    assert [t for t in texts if linear.fullmatch(t)] == [t for t in texts if quick.fullmatch(t)]


@settings(deadline=None, max_examples=300)
@given(pattern=st.text(st.sampled_from("ab()[]{}|*+?.^$\\-:<>=!,1dwQEipP&~"), max_size=12) | st.text(max_size=8))
def test_any_pattern_compiles_or_is_refused_as_a_matcher_error(pattern: str) -> None:
    try:
        compiled = CompiledPattern(pattern)
    except MatcherError:
        return
    for text in ("", "a", "ab", pattern):
        compiled.matches(text)


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=20), other=st.text(max_size=20))
def test_quoted_text_matches_itself_only(text: str, other: str) -> None:
    if "\\E" in text:
        return
    compiled = CompiledPattern(f"\\Q{text}\\E")
    assert compiled.matches(text)
    assert compiled.matches(other) == (text == other)
