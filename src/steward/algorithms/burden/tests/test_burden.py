"""Weighing and sharing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.algorithms.burden import Home, Person, Turn, Weight, fairness, is_night, propose, weigh

ZONES = ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai", "Europe/Berlin", "UTC"]
HOUR = timedelta(hours=1)
moments = st.integers(0, 2 * 365 * 96).map(lambda quarter: datetime(2025, 6, 1, tzinfo=UTC) + quarter * HOUR / 4)


def test_a_weekend_night_and_a_holiday() -> None:
    start = datetime(2026, 5, 1, 18, tzinfo=ZoneInfo("Europe/Berlin"))  # a Friday, and a holiday there
    home = Home("Europe/Berlin", frozenset({date(2026, 5, 1)}))
    assert weigh(start, start + 18 * HOUR, home) == Weight(18 * 3600, 9 * 3600, 12 * 3600, 6 * 3600)
    assert weigh(start, start, home) == Weight()


def test_the_night_when_clocks_go_back_is_an_hour_longer() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=ZoneInfo("Europe/Berlin"))
    end = datetime(2026, 10, 25, 7, tzinfo=ZoneInfo("Europe/Berlin"))
    assert weigh(start, end, Home("Europe/Berlin")).night == 10 * 3600


@given(moments, st.integers(1, 40), st.sampled_from(ZONES))
def test_every_quarter_of_an_hour_is_weighed_as_the_clock_shows_it(start: datetime, quarters: int, zone: str) -> None:
    """The oracle looks at the middle of each quarter."""
    home = Home(zone, frozenset({date(2025, 12, 25), date(2026, 4, 6)}))
    end = start + quarters * HOUR / 4
    middles = [(start + (n + 0.5) * HOUR / 4).astimezone(ZoneInfo(zone)) for n in range(quarters)]
    found = weigh(start, end, home)
    assert found.total == quarters * 900
    assert found.night == 900 * sum(m.hour < 7 or m.hour >= 22 for m in middles)
    assert found.weekend == 900 * sum(m.weekday() >= 5 for m in middles)
    assert found.holiday == 900 * sum(m.date() in home.holidays for m in middles)
    assert is_night(middles[0], home) == (middles[0].hour < 7 or middles[0].hour >= 22)


@given(moments, st.integers(1, 2000), st.integers(1, 2000), st.sampled_from(ZONES))
def test_parts_weigh_what_the_whole_weighs(start: datetime, one: int, two: int, zone: str) -> None:
    home = Home(zone, frozenset({date(2025, 12, 25)}))
    middle = start + one * HOUR / 4
    end = middle + two * HOUR / 4
    assert weigh(start, middle, home) + weigh(middle, end, home) == weigh(start, end, home)


def test_fairness_is_jains_index() -> None:
    assert fairness([5, 5, 5]) == 1
    assert fairness([9, 0, 0]) == pytest.approx(1 / 3)
    assert fairness([0, 0]) == 1
    assert fairness([4, 2]) == pytest.approx(0.9)


def turns(people: list[int], hours: int = 24) -> list[Turn]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [Turn(start + n * hours * HOUR, start + (n + 1) * hours * HOUR, (key,)) for n, key in enumerate(people)]


def hours_of(turn: Turn, _key: object) -> float:
    return (turn.end - turn.start) / HOUR


def test_who_carried_least_gets_the_next_turns() -> None:
    people = [Person(1, carried=100), Person(2, carried=20), Person(3, carried=60)]
    found = propose(turns([1, 3, 1, 3, 1, 3]), people, hours_of)
    assert [turn.people for turn in found.turns] == [(2,), (3,), (2,), (3,), (1,), (2,)]
    assert found.changes and found.after > found.before
    assert found.sums == {1: 124, 2: 92, 3: 108}


def test_a_small_gain_is_no_reason_to_change_plans() -> None:
    people = [Person(1, carried=1000), Person(2, carried=960), Person(3, carried=980)]
    assert not propose(turns([1, 2, 3, 1]), people, hours_of).changes
    assert propose(turns([1, 3, 1, 3] * 9), [Person(1), Person(2), Person(3)], hours_of, most=2).sums[2] == 48


def test_a_fair_rota_stays() -> None:
    found = propose(turns([1, 2, 3, 1, 2, 3]), [Person(1), Person(2), Person(3)], hours_of)
    assert not found.changes
    assert [turn.people for turn in found.turns] == [(1,), (2,), (3,), (1,), (2,), (3,)]


def test_who_is_away_gets_no_turn_while_anybody_is_there() -> None:
    planned = turns([1, 2, 1, 2])
    away = ((planned[0].start, planned[1].end),)
    planned = turns([2, 3, 2, 3])
    found = propose(planned, [Person(1, away=away), Person(2, carried=50), Person(3, carried=50)], hours_of)
    assert found.changes
    assert 1 not in {key for turn in found.turns[:2] for key in turn.people}


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 72)), min_size=1, max_size=12),
    st.lists(st.floats(0, 500), min_size=2, max_size=5),
    st.data(),
)
def test_a_proposal_keeps_the_turns_and_is_never_less_fair(
    plan: list[tuple[int, int]], carried: list[float], data: st.DataObject
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    planned = []
    for key, hours in plan:
        second = data.draw(st.booleans())
        names = (key % len(carried), *([(key + 1) % len(carried)] if second else []))
        planned.append(Turn(start, start + hours * HOUR, names))
        start += hours * HOUR
    people = [Person(key, carried=value) for key, value in enumerate(carried)]
    found = propose(planned, people, hours_of)
    assert [(turn.start, turn.end, len(turn.people)) for turn in found.turns] == [
        (turn.start, turn.end, len(turn.people)) for turn in planned
    ]
    assert all(len(set(turn.people)) == len(turn.people) for turn in found.turns)
    assert found.after >= found.before
