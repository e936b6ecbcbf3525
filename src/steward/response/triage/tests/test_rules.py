"""Which routes take an alert, and what its group does with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.triage import rules
from steward.response.triage.tests.factories import NOW, minutes, spec

DEFAULT = spec(is_default=True)


def names(routes: list[rules.RouteSpec]) -> list[str]:
    return [route.name for route in routes]


def test_the_first_route_that_fits_takes_the_alert_alone() -> None:
    database, all_critical = spec('team="data"', name="data"), spec('severity="critical"', name="critical")
    routes = [database, all_critical, DEFAULT]
    assert rules.matching(routes, {"team": "data", "severity": "critical"}) == [database]
    assert rules.matching(routes, {"team": "web", "severity": "critical"}) == [all_critical]
    assert rules.matching(routes, {"team": "web"}) == [DEFAULT]


def test_a_route_that_continues_lets_later_ones_take_it_too_but_not_the_default() -> None:
    watcher, database = spec('env="prod"', continues=True), spec('team="data"')
    routes = [watcher, database, DEFAULT]
    assert rules.matching(routes, {"env": "prod", "team": "data"}) == [watcher, database]
    assert rules.matching(routes, {"env": "prod", "team": "web"}) == [watcher]


def test_the_walk_says_of_every_matcher_what_it_saw() -> None:
    routes = [spec('team="data", env!="test"'), spec('severity=~"crit.*"'), spec('a="b"'), DEFAULT]
    walked = rules.walk(routes, {"team": "data", "env": "test", "severity": "critical"})
    assert [(match.matched, match.reached) for match in walked] == [
        (False, True), (True, True), (False, False), (False, False),
    ]  # fmt: skip
    first = walked[0].results
    assert [(each.text, each.matched, each.actual) for each in first] == [
        ('team="data"', True, "data"), ('env!="test"', False, "test"),
    ]  # fmt: skip
    assert [match.route for match in rules.match_routes(routes, {"severity": "critical"})] == [routes[1]]


VALUES = st.sampled_from(["", "a", "b", "ab"])
MATCHERS = st.lists(
    st.builds(
        lambda name, op, value: f'{name}{op}"{value}"',
        st.sampled_from(["x", "y"]), st.sampled_from(["=", "!=", "=~", "!~"]), VALUES,
    ),
    max_size=3,
).map(", ".join)  # fmt: skip


@given(
    st.lists(st.tuples(MATCHERS, st.booleans()), max_size=5),
    st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES),
)
def test_the_fast_way_takes_what_the_explained_way_takes(
    written: list[tuple[str, bool]], labels: dict[str, str]
) -> None:
    routes = [spec(matchers, continues=continues) for matchers, continues in written] + [DEFAULT]
    taken = rules.matching(routes, labels)
    assert taken == [match.route for match in rules.match_routes(routes, labels)]
    # Something always takes an alert: the default route catches what is left.
    assert taken


@pytest.mark.parametrize(
    ("mapping", "word", "expected"),
    [
        ({"critical": "SEV1"}, "critical", "SEV1"),
        ({"critical": "SEV1"}, "CRITICAL", "SEV1"),
        ({"critical": "SEV1", "*": "SEV4"}, "warning", "SEV4"),
        ({}, "page", "SEV1"),
        ({}, "critical", "SEV2"),
        ({}, "warning", "SEV3"),
        ({}, "info", "SEV4"),
        ({}, "", "SEV3"),
        ({}, "never heard", "SEV3"),
    ],
)
def test_severities(mapping: dict[str, str], word: str, expected: str) -> None:
    assert rules.severity(spec(severity_map=mapping), word) == expected


def test_groups_are_told_apart_by_their_labels_only() -> None:
    route = spec(group_by=("service", "env"))
    one = {"service": "claims", "env": "prod", "instance": "a"}
    assert rules.key_of(route, one) == rules.key_of(route, {**one, "instance": "b"})
    assert rules.key_of(route, one) != rules.key_of(route, {**one, "env": "test"})
    # No two label sets collide by running their values together.
    assert rules.key_of(route, {"service": "ab", "env": "c"}) != rules.key_of(route, {"service": "a", "env": "bc"})
    assert rules.labels_of(route, one) == {"env": "prod", "service": "claims"}
    everything = spec(group_by=("...",))
    assert rules.key_of(everything, one) != rules.key_of(everything, {**one, "instance": "b"})


def state(status: str, resolved_minutes_ago: float | None = None) -> rules.IncidentState:
    resolved = None if resolved_minutes_ago is None else NOW - minutes(resolved_minutes_ago)
    return rules.IncidentState(1, "INC-1", status, resolved)


@pytest.mark.parametrize(
    ("changes", "incident", "waiting", "step"),
    [
        ({}, None, False, "open"),
        ({"group_wait": 30}, None, False, "wait"),
        ({}, None, True, "wait"),
        ({"opens_incident": False}, None, False, "record"),
        ({"opens_incident": False}, state("open"), False, "record"),
        ({"group_wait": 30}, state("open"), False, "join"),
        ({}, state("acknowledged"), False, "join"),
        ({"reopen_minutes": 10}, state("resolved", 10), False, "reopen"),
        ({"reopen_minutes": 10}, state("resolved", 10.01), False, "open"),
        ({"reopen_minutes": 10, "group_wait": 5}, state("resolved", 11), False, "wait"),
        ({"reopen_minutes": 0}, state("resolved", 0.1), False, "open"),
        ({}, state("closed", 1), False, "open"),
    ],
)
def test_what_a_firing_alert_does_to_its_group(
    changes: dict[str, int], incident: rules.IncidentState | None, waiting: bool, step: str
) -> None:
    assert rules.next_step(spec(**changes), incident, waiting, NOW) == step


@dataclass(frozen=True)
class Changed:
    alert_id: int
    status: str


def test_of_several_changes_of_an_alert_the_last_counts() -> None:
    a1, b1, a2, a3 = Changed(1, "firing"), Changed(2, "firing"), Changed(1, "resolved"), Changed(1, "firing")
    found = rules.collapse([a1, b1, a2])
    assert (found.firing, found.resolved, found.overtaken) == ([b1], [a2], [a1])
    found = rules.collapse([a1, a2, b1, a3])
    assert (found.firing, found.resolved, found.overtaken) == ([a3, b1], [], [a1, a2])


def test_the_worst_severity_counts() -> None:
    assert rules.worst(["SEV3", "SEV1", "SEV4"]) == "SEV1"
    assert rules.worst([]) == "SEV3"


def test_a_window_in_minutes_is_a_window_in_minutes() -> None:
    assert rules.reopens(spec(reopen_minutes=90), state("resolved", 89), NOW)
    assert not rules.reopens(spec(reopen_minutes=90), state("resolved", 91), NOW + timedelta(0))
    assert not rules.reopens(spec(), state("open"), NOW)
