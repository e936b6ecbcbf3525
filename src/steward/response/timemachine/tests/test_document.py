"""The configuration as YAML: what is wrong is told beside its line, and writing and reading are each other's opposite."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.response.timemachine.rules.document import check, every_route, filled, policies_of, services_of
from steward.response.timemachine.rules.loading import load
from steward.response.timemachine.rules.values import Wrong, duration, seconds
from steward.response.timemachine.rules.writing import write

TEXT = """\
default:
  name: Default
  policy: Desk
  group_wait: 1m
routes:
  - name: web
    matchers:
      - team="web"
      - {name: env, op: "!=", value: test}
    active_times: [office]
    severity_map: {Critical: SEV1}
    children:
      - name: web pager
        matchers: severity="critical", env=~"prod|stage"
        policy: On call
        continues: true
        enabled: no
inhibitions:
  - name: cluster
    source_matchers: ['alertname="ClusterDown"']
    target_matchers: ['severity="warning"']
    equal: [cluster]
time_intervals:
  - name: office
    spec: [{weekdays: [monday:friday], times: [{start_time: 09:00, end_time: 17:00}]}]
flapping: {changes: 4, window: 5m}
topology: {enabled: false}
silences:
  - name: try it
    matchers: [team="web"]
    starts_at: 2026-05-01T08:00Z
"""


def test_reading() -> None:
    checked = check(load(TEXT))
    assert [str(problem) for problem in checked.problems] == []
    document = checked.document
    web = document["routes"][0]
    assert web["matchers"][1] == {"name": "env", "op": "!=", "value": "test"}
    assert web["severity_map"] == {"critical": "SEV1"}
    assert web["group_wait"] == 30
    child = web["children"][0]
    assert (child["policy"], child["continues"], child["enabled"]) == ("On call", True, False)
    assert [each["value"] for each in child["matchers"]] == ["critical", "prod|stage"]
    assert document["default"]["group_wait"] == 60
    assert document["flapping"] == {"changes": 4, "window": 300, "quiet": 600}
    assert document["silences"][0]["starts_at"] == "2026-05-01T08:00:00+00:00"
    assert policies_of(document) == {"Desk", "On call"}
    assert services_of(document) == set()
    assert [(depth, route["name"]) for depth, route in every_route(document["routes"])] == [
        (0, "web"),
        (1, "web pager"),
    ]


def test_nothing_is_the_usual() -> None:
    checked = check(load(""))
    assert checked.problems == ()
    assert checked.document == filled({})


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("routs: []", 1, "“routs” is not known"),
        ("routes:\n  - matchers: []", 2, "needs a name"),
        ("routes:\n  - name: a\n  - name: a", 3, "taken already"),
        ("routes:\n  - name: a\n    children:\n      - name: a", 4, "taken already"),
        ("routes:\n  - name: Default", 2, "taken already"),
        ("routes:\n  - name: a\n    matchers:\n      - a=b\n      - a=", 5, "value"),
        ("routes:\n  - name: a\n    matchers:\n      - {name: a}", 4, "name, op and value"),
        ("routes:\n  - name: a\n    matchers:\n      - {name: a, op: '==', value: b}", 4, "Unknown operator"),
        ("routes:\n  - name: a\n    group_wait: 2d", 3, "not between"),
        ("routes:\n  - name: a\n    group_wait: 1500ms", 3, "finer than a second"),
        ("routes:\n  - name: a\n    reopen_minutes: many", 3, "not a whole number"),
        ("routes:\n  - name: a\n    continues: maybe", 3, "neither true nor false"),
        ("routes:\n  - name: a\n    mute_times:\n      - nights", 4, "no time interval “nights”"),
        ("routes:\n  - name: a\n    severity_map:\n      x: SEV9", 4, "use SEV1 to SEV4"),
        ("routes:\n  - name: a\n    policy: [x]", 3, "must be text"),
        ("routes: {a: b}", 1, "must be a list"),
        ("default:\n  matchers: []", 2, "has no “matchers”"),
        ("default:\n  colour: red", 2, "not known"),
        ("time_intervals:\n  - name: a\n    spec: [{weekdays: [mon]}]", 3, "not a weekday"),
        ("inhibitions:\n  - name: a\n    equal: [\"\"]", 3, "1 to 200 characters"),
        ("flapping:\n  changes: -1", 2, "not between"),
        ("silences:\n  - matchers: []\n    starts_at: 2026-05-01T08:00", 3, "no zone"),
        ("silences:\n  - matchers: []\n    starts_at: soon", 3, "is not a time"),
    ],
)  # fmt: skip
def test_problems_have_lines(text: str, line: int, problem: str) -> None:
    told = check(load(text)).problems
    assert [each.line for each in told if problem in str(each)] == [line], [str(each) for each in told]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("0", 0), ("90", 90), ("1w2d", 9 * 86400), ("1y", 365 * 86400)],
)
def test_durations(text: str, amount: float) -> None:
    assert seconds(text) == amount


@pytest.mark.parametrize("text", ["", "soon", "5 m", "m", "-5s", "1m1h", "٣s", None, True, ["5s"]])
def test_no_durations(text: Any) -> None:
    with pytest.raises(Wrong):
        seconds(text)


@given(st.integers(0, 10**8))
def test_durations_are_read_as_they_are_written(amount: int) -> None:
    assert seconds(duration(amount)) == amount


# Half a character and NUL cannot be stored.
TEXTS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
WORDS = st.text(TEXTS, min_size=1, max_size=12).map(str.strip).filter(bool) | st.sampled_from(
    [
        "null",
        "~",
        "on",
        "1e3",
        "17:00",
        "<<",
        "- a",
        "a: b",
        "# a",
        "{a}",
        "&a",
        "*a",
        "!t",
        "'",
        '"',
        "…",
        "2026-05-01",
    ]
)
MATCHER = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b_c"]), "op": st.sampled_from(["=", "!="]), "value": st.text(TEXTS, max_size=8)}
) | st.just({"name": "a", "op": "=~", "value": "x|y"})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    names = iter([name for name in draw(st.lists(WORDS, min_size=8, max_size=8, unique=True)) if name != "Default"])

    def route(depth: int) -> dict[str, Any]:
        return {
            "name": next(names),
            "matchers": draw(st.lists(MATCHER, max_size=2)),
            "group_by": draw(st.lists(WORDS, max_size=2, unique=True)),
            "group_wait": draw(st.integers(0, 86400)),
            "policy": draw(st.none() | WORDS),
            "continues": draw(st.booleans()),
            "mute_times": draw(st.sampled_from([[], ["nights"]])),
            "children": [route(1)] if depth == 0 and draw(st.booleans()) else [],
        }

    return filled(
        {
            "routes": [route(0) for _n in range(draw(st.integers(0, 2)))],
            "time_intervals": [{"name": "nights", "spec": [{"times": [{"start_time": "09:00", "end_time": "17:00"}]}]}],
            "silences": draw(st.lists(st.just({"name": "x", "matchers": [], "starts_at": None, "ends_at": None}))),
        }
    )


@settings(deadline=None, max_examples=60)
@given(document=documents())
def test_what_is_written_is_read_as_the_same(document: dict[str, Any]) -> None:
    again = check(load(write(document)))
    assert [str(problem) for problem in again.problems] == []
    assert again.document == document
