"""What is refused, and in which words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.algorithms.intervals import IntervalError, parse


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ([], "at least one object"),
        ("monday", "at least one object"),
        (["monday"], "is an object"),
        ({"days": ["monday"]}, "“days” is not known here"),
        ({"weekdays": "monday"}, "“weekdays” must be a list"),
        ({"weekdays": []}, "leave it out"),
        ({"weekdays": ["mon"]}, "“mon” is not a weekday"),
        ({"weekdays": ["friday:monday"]}, "“friday:monday” runs backwards"),
        ({"weekdays": [True]}, "neither a value nor a range"),
        ({"months": ["13"]}, "“13” is not a month"),
        ({"months": ["dec:jan"]}, "“dec” is not a month"),
        ({"months": ["12:1"]}, "runs backwards"),
        ({"years": ["26"]}, "“26” is not a year"),
        ({"years": ["2027:2026"]}, "runs backwards"),
        ({"days_of_month": ["0"]}, "“0” is not a day of the month"),
        ({"days_of_month": ["1:32"]}, "“32” is not a day of the month"),
        ({"days_of_month": ["-1:5"]}, "count both the same way"),
        ({"days_of_month": ["5:1"]}, "runs backwards"),
        ({"days_of_month": ["-1:-3"]}, "runs backwards"),
        ({"days_of_month": ["28:-10"]}, "runs backwards"),
        ({"times": ["09:00"]}, "has start_time and end_time"),
        ({"times": [{"start_time": "09:00"}]}, "has start_time and end_time"),
        ({"times": [{"start_time": "9:00", "end_time": "17:00"}]}, "“9:00” is not a time of day"),
        ({"times": [{"start_time": 540, "end_time": "17:00"}]}, "“540” is not a time of day"),
        ({"times": [{"start_time": "09:00", "end_time": "24:01"}]}, "“24:01” is not a time of day"),
        ({"times": [{"start_time": "22:00", "end_time": "06:00"}]}, "write two entries"),
        ({"location": "Berlin"}, "“Berlin” is not an IANA time zone"),
        ({"location": "../etc/passwd"}, "is not an IANA time zone"),
        ({"location": "Local"}, "another zone on every machine"),
        ([{}] * 101, "at most 100 entries"),
        ({"years": ["2026"] * 101}, "more than 100"),
    ],
)
def test_refused(spec: Any, problem: str) -> None:
    with pytest.raises(IntervalError) as caught:
        parse(spec)
    assert problem in str(caught.value)
    assert problem in caught.value.words.said(str)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["monday", "1:5", "09:00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["times", "weekdays", "days_of_month", "months", "years", "location"]), inner)
    ),
    max_leaves=8,
)


@given(spec=anything)
def test_nothing_else_is_raised(spec: Any) -> None:
    try:
        parse(spec)
    except IntervalError as error:
        assert str(error)
