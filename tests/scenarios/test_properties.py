"""What holds for every timeline, found by making them up: each is compared with a few lines that try everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import matches_all, parse_matchers
from steward.response.incidents.models import IncidentAlert
from steward.response.triage.models import Decision, Notice
from tests.scenarios import steward
from tests.scenarios.timeline import Push, Scenario, Silence

LABELS: Mapping[str, Mapping[str, str]] = {
    f"{name}{number}": {"alertname": name, "instance": number, "kind": kind}
    for name, kind in (("A", "s"), ("B", "t"), ("C", "both"))
    for number in ("1", "2")
}
GROUPED = "route: {receiver: team, group_by: [alertname], group_wait: 2s, group_interval: 3s, repeat_interval: 6s}"
INHIBITED = """
route: {receiver: team, group_by: ['...'], group_wait: 0s, group_interval: 3s, repeat_interval: 1h}
inhibit_rules:
- {source_matchers: [kind =~ "s|both"], target_matchers: [kind =~ "t|both"], equal: [instance]}
"""
UNTIL = 25.0
EXAMPLES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAMES = st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=4, unique=True)
TIMES = st.integers(0, 40).map(lambda number: number / 2)


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def story(config: str, events: Sequence[Push | Silence] = ()) -> Scenario:
    return Scenario("made up", config, LABELS, events, (), UNTIL)


def firing_at(events: Sequence[Push | Silence], at: float) -> set[str]:
    """The alerts that fire at this moment, by what their senders said."""
    found: set[str] = set()
    for event in sorted(events, key=lambda each: each.at):
        if isinstance(event, Push) and event.at <= at:
            found = found - set(event.alerts) if event.resolved else found | set(event.alerts)
    return found


def silenced_at(events: Sequence[Push | Silence], at: float) -> set[str]:
    found = [each for each in events if isinstance(each, Silence) and each.at <= at < each.at + each.seconds]
    return {
        name for name, labels in LABELS.items() for each in found if matches_all(parse_matchers(each.matchers), labels)
    }


@st.composite
def timelines(draw: st.DrawFn, *, silences: bool = True) -> list[Push | Silence]:
    """Some pushes and silences. Each has hundredths of a second of its own, so that none happens in the very moment in
    which a timer ends that another began: which of the two comes first is nobody's promise."""
    times = draw(st.lists(TIMES, min_size=1, max_size=8, unique=True))
    made: list[Push | Silence] = []
    for at in (time + number / 100 for number, time in enumerate(times, 1)):
        if silences and draw(st.integers(0, 3)) == 0:
            matchers = draw(
                st.sampled_from(["alertname=A", 'instance="1"', 'alertname=~"B|C"', 'kind!="s", alertname=~"A|B"'])
            )
            made.append(Silence(at, matchers, draw(st.sampled_from([1.5, 5, 60]))))
        else:
            made.append(Push(at, draw(NAMES), resolved=draw(st.integers(0, 3)) == 0))
    return made


@pytest.mark.django_db
def test_no_silenced_alert_is_told() -> None:
    """A group tells of exactly those of its alerts that fire and are not silenced in that moment, and never of none."""
    source = steward.configure(story(GROUPED))

    @EXAMPLES
    @given(timelines())
    def holds(events: list[Push | Silence]) -> None:
        with undone():
            steward.play(story(GROUPED, events), source)
            for notice in Notice.objects.select_related("group"):
                at = (notice.at - steward.BEGIN).total_seconds()
                may = firing_at(events, at) - silenced_at(events, at)
                name = notice.group.labels["alertname"]
                assert notice.firing == sum(1 for each in may if LABELS[each]["alertname"] == name), (at, name, events)
                assert notice.firing

    holds()


@pytest.mark.django_db
def test_grouping_does_not_depend_on_the_order_inside_a_window() -> None:
    """The same alerts, in any order and in any requests before the group wait ends, make the same incidents."""
    source = steward.configure(story(GROUPED))

    def incidents(events: Sequence[Push]) -> Counter[tuple[str, ...]]:
        with undone():
            steward.play(story(GROUPED, events), source)
            found: dict[int, list[str]] = {}
            for row in IncidentAlert.objects.select_related("alert"):
                found.setdefault(row.incident_id, []).append(str(sorted(row.alert.labels.items())))
            return Counter(tuple(sorted(each)) for each in found.values())
        raise AssertionError  # never here: ``undone`` does not swallow

    @EXAMPLES
    @given(st.permutations(sorted(LABELS)), st.lists(st.integers(1, 4), min_size=6, max_size=6), st.randoms())
    def holds(order: list[str], sizes: list[int], random: object) -> None:
        once = [Push(0.0, sorted(LABELS))]
        parts, left, at = [], list(order), 0.0
        for size in sizes:
            if left:
                parts.append(Push(at, left[:size]))
                left, at = left[size:], at + 0.3
        parts += [Push(at, left)] if left else []
        assert incidents(parts) == incidents(once)

    holds()


@pytest.mark.django_db
def test_inhibition_is_never_vacuous() -> None:
    """Nothing is inhibited unless another alert that fires explains it, and nothing that is explained opens an incident."""
    source = steward.configure(story(INHIBITED))
    sides = {"s": {"source"}, "t": {"target"}, "both": {"source", "target"}}

    def explained(name: str, firing: set[str]) -> bool:
        mine = sides[LABELS[name]["kind"]]
        return "target" in mine and any(
            "source" in theirs and LABELS[other]["instance"] == LABELS[name]["instance"] and other != name
            # What matches both sides is not muted by what does, too.
            and not ("source" in mine and "target" in theirs)
            for other in firing
            for theirs in [sides[LABELS[other]["kind"]]]
        )  # fmt: skip

    names = {tuple(sorted(labels.items())): name for name, labels in LABELS.items()}

    @EXAMPLES
    @given(timelines(silences=False))
    def holds(events: list[Push | Silence]) -> None:
        with undone():
            steward.play(story(INHIBITED, events), source)
            for row in Decision.objects.select_related("alert").filter(
                outcome__in=["inhibition", "opened", "reopened"]
            ):
                firing = firing_at(events, (row.at - steward.BEGIN).total_seconds())
                name = names[tuple(sorted(row.alert.labels.items()))]
                assert explained(name, firing) == (row.outcome == "inhibition"), (name, events, steward.history())

    holds()


def test_a_second_is_a_second() -> None:
    """The helpers say what they mean."""
    events = [Push(1, ["A1"]), Silence(2, "alertname=A", 3), Push(4, ["A1"], resolved=True)]
    assert firing_at(events, 3) == {"A1"} and firing_at(events, 4) == set()
    assert silenced_at(events, 2) == {"A1", "A2"} and silenced_at(events, 5) == set()
    assert timedelta(seconds=1).total_seconds() == 1
