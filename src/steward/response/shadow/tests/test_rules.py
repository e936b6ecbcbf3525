"""The comparison of two logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from steward.response.shadow import rules
from steward.response.shadow.rules import Told

T = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GROUP = (("alertname", "A"),)


def told(at: float, *firing: str, receiver: str = "team", number: int = 1, **more: object) -> Told:
    given: dict[str, object] = {"group": GROUP, "name": receiver} | more
    return Told(number, T + timedelta(seconds=at), receiver, firing=frozenset(firing), **given)  # type: ignore[arg-type]


def outcomes(theirs: list[Told], ours: list[Told]) -> list[str]:
    return [pair.outcome for pair in rules.compare(theirs, ours)]


def test_alike_within_the_tolerance() -> None:
    assert outcomes([told(0, "a")], [told(29, "a")]) == ["both"]


def test_later_is_a_different_time_and_names_the_group_wait() -> None:
    ours = told(60, "a", kind="opened", route="R", group_wait=60, began=T)
    [pair] = rules.compare([told(10, "a")], [ours])
    found = rules.explain(pair, rules.Known())
    assert (found.outcome, found.seconds, found.reason) == ("time", 50, "group_wait")
    assert found.facts == {"route": "R", "here": "60", "there": "10"}


def test_another_receiver() -> None:
    assert outcomes([told(0, "a", receiver="x")], [told(0, "a", receiver="y")]) == ["receiver"]


def test_grouped_differently() -> None:
    assert outcomes([told(0, "a")], [told(0, "a", group=())]) == ["group"]


def test_an_alert_that_only_one_named_in_what_both_told_is_found() -> None:
    assert outcomes([told(0, "a")], [told(0, "a", "b")]) == ["both", "only_steward"]
    assert outcomes([told(0, "a", "b")], [told(0, "a")]) == ["both", "only_alertmanager"]


def test_one_told_a_little_later_is_not_missing() -> None:
    ours = [told(0, "a"), told(5, "a", "b", group_interval=5)]
    assert "only_alertmanager" not in outcomes([told(0, "a", "b")], ours)


def test_what_only_tells_an_end_is_not_compared() -> None:
    first, end = told(0, "a", "b"), told(60, "a", ended=frozenset("b"))
    assert rules.news_of_firing([first, end, told(90, ended=frozenset("ab"))]) == [first]


def test_what_held_it_here_is_the_reason() -> None:
    [pair] = rules.compare([told(0, "a")], [])
    known = rules.Known({"a": ("silence", "silence 3")}, frozenset("a"))
    assert rules.explain(pair, known).reason == "silence"
    assert rules.explain(pair, rules.Known()).reason == "unknown_alert"


def test_held_there_only_if_its_receiver_is_heard_of() -> None:
    [pair] = rules.compare([], [told(0, "a")])
    assert rules.explain(pair, rules.Known()).reason == "silent_receiver"
    assert rules.explain(pair, rules.Known(heard=frozenset(["team"]))).reason == "held_there"


def test_an_alert_is_called_by_the_worst_of_its_notifications() -> None:
    pairs = rules.compare([told(0, "a"), told(900, "a")], [told(0, "a")])
    assert rules.by_alert(pairs, ["a", "b"]) == {"a": "only_alertmanager", "b": "neither"}


logs = st.lists(
    st.builds(
        told, st.integers(0, 5000), st.sampled_from("abc"), receiver=st.sampled_from(["x", "y"]),
        group=st.sampled_from([GROUP, (("alertname", "B"),)]),
    ),
    max_size=12,
)  # fmt: skip


@given(logs)
def test_a_log_is_like_itself(log: list[Told]) -> None:
    summary = rules.summarise(rules.compare(log, log))
    assert summary.differences == 0
    assert summary.agreement == (1.0 if log else None)


@given(logs, logs)
def test_nothing_is_lost_or_counted_twice(theirs: list[Told], ours: list[Told]) -> None:
    theirs = [replace(each, id=n) for n, each in enumerate(theirs)]
    ours = [replace(each, id=n) for n, each in enumerate(ours)]
    pairs = rules.compare(theirs, ours)
    assert sorted(p.theirs.id for p in pairs if p.theirs) == list(range(len(theirs)))
    assert sorted(p.ours.id for p in pairs if p.ours) == list(range(len(ours)))
