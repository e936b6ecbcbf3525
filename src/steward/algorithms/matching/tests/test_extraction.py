import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.algorithms.matching import MatcherError
from steward.algorithms.matching.extraction import MAX_EXTRACTED_FROM, Extractor, _Following
from steward.algorithms.matching.regex import to_python
from steward.algorithms.matching.syntax import parse


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        (r"(?P<host>[^.]+)\.(?P<site>[a-z]+)\d\..*", "db-3.fra1.example.org", {"host": "db-3", "site": "fra"}),
        (r"(?<host>\w+)-(?<n>\d+)", "web-12", {"host": "web", "n": "12"}),
        (r"(?P<a>x)|(?P<b>y)", "y", {"b": "y"}),
        (r"(?P<first>.*?)-.*", "a-b-c", {"first": "a"}),
        (r"(?P<most>.*)-.*", "a-b-c", {"most": "a-b"}),
        (r"(?i)(?P<a>DB).*", "db-1", {"a": "db"}),
        (r"(?P<a>\d+)", "٣", None),
        (r"(?P<a>b)", "abc", None),
        (
            r"(?P<a>[^.]+)\.(?P<b>[^.]+)\.(?P<c>[^.]+)\.(?P<d>.*?)(?P<e>\d*)",
            "p.q.r.s1",
            {"a": "p", "b": "q", "c": "r", "d": "s", "e": "1"},
        ),
        (r"(?P<a>.*?)(?P<b>,.*)?(?P<c>;.*)?(?P<d>\b!.*)*", "x;y", {"a": "x", "c": ";y"}),
        (r"(?P<a>.*)", "x" * (MAX_EXTRACTED_FROM + 1), None),
    ],
)
def test_takes_the_named_parts_out_of_whole_values(pattern: str, value: str, found: dict[str, str] | None) -> None:
    assert Extractor(pattern).extract(value) == found


@pytest.mark.parametrize(
    "pattern",
    ["abc", "(a)", "(?P<a>", "(?P<a>x)(?P<a>y)", "(?P<1a>x)", "(?P<a>(x+)+)", "(?P<a>x" + "y" * 1000 + ")",
     "(?=x)(?P<a>x)", "".join(f"(?P<g{n}>x)" for n in range(33))],
)  # fmt: skip
def test_says_what_cannot_be_used(pattern: str) -> None:
    with pytest.raises(MatcherError) as error:
        Extractor(pattern)
    assert str(error.value)


def test_comes_to_an_end_on_the_worst_value_that_it_takes() -> None:
    """What tries all ways would take longer than any test may."""
    for pattern in (r"(?P<a>.*)x(?P<b>.*)y", r"(?P<a>.*)x(?P<b>.*)x(?P<c>.*)x(?P<d>.*)y"):
        made = Extractor(pattern)
        # The longest that Python's own engine gets, and the longest of all.
        for length in (made._quick, MAX_EXTRACTED_FROM):
            assert length > 10 and made.extract("x" * length) is None


@given(st.text(alphabet=r"(?P<ab>.*+[]|\\d{2}^$)-", max_size=30), st.text(max_size=30))
def test_never_fails_but_with_its_own_error(pattern: str, value: str) -> None:
    try:
        found = Extractor(pattern).extract(value)
    except MatcherError:
        return
    assert found is None or all(part in value for part in found.values())


_TEXT = st.text(alphabet="ab.-", max_size=12)
_PART = st.sampled_from(
    ["(?P<{}>a*)", "(?P<{}>[ab]+?)", "(?P<{}>a|b|)", "(?P<{}>.{{0,2}})", "(?:(?P<{}>a)|-)*", "(?P<{}>\\b.*?)"]
)


@given(st.lists(_PART, min_size=1, max_size=4), _TEXT)
def test_the_automaton_takes_out_what_python_would(parts: list[str], value: str) -> None:
    pattern = "".join(part.format(f"g{n}") for n, part in enumerate(parts))
    tree = parse(pattern, named=True)
    found = re.compile(to_python(tree)).fullmatch(value)
    wanted = None if found is None else {name: part for name, part in found.groupdict().items() if part is not None}
    assert _Following(tree, to_python).follow(value) == wanted
