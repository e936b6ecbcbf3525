"""What labels and links may hold, and that writing and reading them as text agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.estate.configuration import writing

# What a line of the form can say: no line breaks of any kind, no space around it, no "=" in names.
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1, max_size=40).map(
    str.strip
)
names = words.filter(lambda text: text and "=" not in text)
values = words.filter(bool)


@given(st.dictionaries(names, values, max_size=8))
def test_labels_survive_the_form(labels):
    assert writing.read_labels(writing.write_labels(labels)) == labels


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        (" \n\t\n", {}),
        ("job = api \n\n team=ops", {"job": "api", "team": "ops"}),
        ("url=http://a?b=c", {"url": "http://a?b=c"}),
        ("名=值", {"名": "值"}),
    ],
)
def test_reading_labels(text, found):
    assert writing.read_labels(text) == found


@pytest.mark.parametrize(
    ("text", "line"), [("job", "Line 1"), ("\njob=", "Line 2"), ("=api", "Line 1"), ("a=1\nb=2\na=3", "Line 3")]
)
def test_a_wrong_line_is_named(text, line):
    with pytest.raises(ValueError, match=line):
        writing.read_labels(text)


@pytest.mark.parametrize(
    "labels",
    [
        [], "job=api", None, {"": "x"}, {"job": ""}, {" ": "x"}, {"job": " "}, {"job": 1}, {"job": None},
        {"job": ["a"]}, {1: "x"}, {"job": "a\0b"}, {"a\0": "b"}, {"job": "x" * 500}, {f"n{n}": "x" for n in range(31)},
    ],
)  # fmt: skip
def test_labels_that_cannot_be_used(labels):
    assert writing.label_problem(labels)


def test_labels_that_can():
    assert writing.label_problem({}) == ""
    assert writing.label_problem({"job": "api", "with space": "<b>", "名": "值" * 400}) == ""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "//host/path", "/path", "http://", "https:///x", "ftp://host/",
        'https://host/"onclick=', "https://host/a b", "https://[::1", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url):
    assert not writing.is_web_address(url)
    assert writing.link_problem([{"title": "x", "url": url}])


def test_links_survive_the_form():
    links = [
        {"title": "Run book", "url": "https://wiki/rb"},
        {"title": "https://grafana/d", "url": "https://grafana/d"},
    ]
    assert writing.read_links(writing.write_links(links)) == links
    assert writing.link_problem(links) == ""


@pytest.mark.parametrize(
    "links", [{}, "x", [1], [{"title": "x"}], [{"title": "", "url": "https://a/"}], [{"title": 1, "url": "https://a/"}],
              [{"title": "x", "url": "https://a/", "more": "y"}], [{"title": "x", "url": "https://a/"}] * 31],
)  # fmt: skip
def test_links_that_cannot_be_used(links):
    assert writing.link_problem(links)


def test_a_link_without_an_address_is_named_by_its_line():
    with pytest.raises(ValueError, match="Line 2"):
        writing.read_links("Wiki https://wiki/\nGrafana")
