"""Which moments are in an interval, and when that changes: against trying every minute."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.intervals import parse

NIGHTS_OF_CHANGES = [
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Sydney", "2026-10-03T16:00"),
    ("Australia/Sydney", "2026-04-04T16:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Asia/Shanghai", "2026-10-03T16:00"),
    ("America/St_Johns", "2010-11-07T02:31"),  # back over midnight: 00:01 becomes 23:01 of the day before
    ("America/Sao_Paulo", "2018-11-04T03:00"),  # there is no midnight
    ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day is skipped
    ("UTC", "2026-02-28T12:00"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "inside", "outside"),
    [
        ({}, ["2026-05-05T05:05"], []),
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, ["2026-01-01T09:00", "2026-01-01T16:59:59"],
         ["2026-01-01T08:59:59", "2026-01-01T17:00"]),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}]}, ["2026-01-01T23:59:59"], ["2026-01-02T00:00"]),
        ({"weekdays": ["monday:friday"]}, ["2026-11-23T00:00"], ["2026-11-22T23:59", "2026-11-28T00:00"]),
        ({"weekdays": ["Saturday", "sunday"]}, ["2026-11-28T00:00", "2026-11-29T23:59"], ["2026-11-27T23:59"]),
        ({"days_of_month": ["-3:-1"]}, ["2026-02-26T00:00", "2026-02-28T23:59"], ["2026-02-25T23:59"]),
        ({"days_of_month": ["1:5", "31"]}, ["2026-05-31T12:00", "2026-04-05T12:00"], ["2026-04-30T12:00"]),
        ({"days_of_month": ["29:31"]}, ["2028-02-29T12:00"], ["2026-02-28T12:00"]),
        ({"days_of_month": ["-31:-28"]}, ["2026-02-01T12:00"], ["2026-02-02T12:00"]),
        ({"months": ["may:august", "12"]}, ["2026-08-31T23:59", "2026-12-01T00:00"], ["2026-09-01T00:00"]),
        ({"years": ["2026:2027", 2030]}, ["2027-12-31T23:59", "2030-06-01T00:00"], ["2028-01-01T00:00"]),
        ({"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "Asia/Shanghai"},
         ["2026-01-01T01:30"], ["2026-01-01T09:30"]),
        ([{"weekdays": ["sunday"]}, {"months": ["1"]}], ["2026-01-05T00:00", "2026-11-22T00:00"],
         ["2026-11-23T00:00"]),
    ],
)  # fmt: skip
def test_contains(spec: Any, inside: list[str], outside: list[str]) -> None:
    interval = parse(spec)
    assert [moment for moment in inside if not interval.contains(at(moment))] == []
    assert [moment for moment in outside if interval.contains(at(moment))] == []


@pytest.mark.parametrize(
    ("spec", "after", "expected"),
    [
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-01-01T09:00", "2026-01-01T17:00"),
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-01-01T17:00", "2026-01-02T09:00"),
        ({"weekdays": ["monday:friday"]}, "2026-11-25T12:00", "2026-11-28T00:00"),
        ({"days_of_month": ["29"], "months": ["february"]}, "2025-03-01T00:00", "2028-02-29T00:00"),
        ({"years": ["2026"]}, "2026-01-01T00:00", "2027-01-01T00:00"),
        ({"years": ["2060"]}, "2026-01-01T00:00", None),
        ({}, "2026-01-01T00:00", None),
        # Nights over midnight are two spans, and midnight is no change.
        ([{"times": [{"start_time": "22:00", "end_time": "24:00"}]}, {"times": [{"start_time": "00:00", "end_time": "06:00"}]}],
         "2026-01-01T22:30", "2026-01-02T06:00"),
        # 02:30 does not exist that night in New York: the span begins when the clocks have jumped.
        ({"times": [{"start_time": "02:30", "end_time": "04:00"}], "location": "America/New_York"},
         "2026-03-08T06:00", "2026-03-08T07:00"),
        # 01:30 comes twice: the hour from 01:00 to 02:00 lasts two.
        ({"times": [{"start_time": "01:00", "end_time": "02:00"}], "location": "America/New_York"},
         "2026-11-01T05:30", "2026-11-01T07:00"),
        # …and half an hour of 01:30 to 02:00 on Lord Howe lasts an hour.
        ({"times": [{"start_time": "01:30", "end_time": "02:00"}], "location": "Australia/Lord_Howe"},
         "2026-04-04T14:30", "2026-04-04T15:30"),
    ],
)  # fmt: skip
def test_next_change(spec: Any, after: str, expected: str | None) -> None:
    assert parse(spec).next_change(at(after)) == (at(expected) if expected else None)


def test_a_search_without_end_ends() -> None:
    halves = [{"start_time": "00:00", "end_time": "12:00"}, {"start_time": "12:00", "end_time": "24:00"}]
    assert parse([{"times": [half]} for half in halves]).next_change(at("2026-01-01T00:00")) is None


@st.composite
def spans(draw: st.DrawFn, zone: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"location": zone}
    if draw(st.booleans()):
        ends = st.lists(st.sampled_from([*range(0, 1441, 30), 1, 59, 61, 121]), min_size=2, max_size=2, unique=True)
        pairs = [sorted(pair) for pair in draw(st.lists(ends, min_size=1, max_size=2))]
        spec["times"] = [
            {"start_time": f"{a // 60:02}:{a % 60:02}", "end_time": f"{b // 60:02}:{b % 60:02}"} for a, b in pairs
        ]
    if draw(st.booleans()):
        spec["weekdays"] = draw(st.sampled_from([["sunday"], ["saturday:saturday", "friday"], ["monday:thursday"]]))
    if draw(st.integers(0, 3)) == 0:
        spec["days_of_month"] = draw(st.sampled_from([["1"], ["-1"], ["1:7"], ["28:-1"], ["2:5", "-2:-1"]]))
    if draw(st.integers(0, 5)) == 0:
        spec["months"] = draw(st.sampled_from([["march:april"], ["10:11"], ["2", "december"]]))
    return spec


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_the_next_change_is_the_first_minute_that_differs(data: st.DataObject) -> None:
    zone, night = data.draw(st.sampled_from(NIGHTS_OF_CHANGES))
    other = data.draw(st.sampled_from([zone, "UTC"]))
    interval = parse([data.draw(spans(zone)), *data.draw(st.lists(spans(other), max_size=1))])
    after = at(night) + timedelta(minutes=data.draw(st.integers(-1600, 100)))

    state = interval.contains(after)
    found = interval.next_change(after)
    # After what was found, nothing is the first: it needs to be looked for only so far.
    end = after + timedelta(minutes=3000) if found is None else min(found, after + timedelta(minutes=3000))
    minutes = (after + timedelta(minutes=n) for n in range(1, int((end - after).total_seconds() // 60) + 1))
    expected = next((minute for minute in minutes if interval.contains(minute) != state), None)

    if expected is not None:
        assert found == expected
    else:
        assert found is None or found > after + timedelta(minutes=2999)
        assert found is None or interval.contains(found) != state
