"""Recurrences hold by the clock on the wall, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.response.suppression.recurring import (
    Recurrence,
    RecurrenceError,
    Run,
    Span,
    check,
    run_of,
    runs_between,
    tidy,
)

HOUR = timedelta(hours=1)
ZONES = ("America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai")


def local(zone: str, *moment: int) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[arg-type]


def nightly(zone: str, rrule: str = "FREQ=DAILY", hours: float = 8, hour: int = 22, year: int = 2026) -> Span:
    return Span(local(zone, year, 1, 1, hour), None, Recurrence(rrule, timedelta(hours=hours), zone))


def walls(span: Span, zone: str, start: datetime, end: datetime) -> list[tuple[str, str, float]]:
    return [
        (
            f"{run.begins.astimezone(ZoneInfo(zone)):%d %H:%M}", f"{run.ends.astimezone(ZoneInfo(zone)):%d %H:%M}",
            (run.ends - run.begins) / HOUR,
        )
        for run in runs_between(span, start, end)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", (2026, 3, 7), 7),
        ("America/New_York", (2026, 10, 31), 9),
        ("Australia/Sydney", (2026, 10, 3), 7),
        ("Australia/Sydney", (2026, 4, 4), 9),
        ("Australia/Lord_Howe", (2026, 10, 3), 7.5),
        ("Australia/Lord_Howe", (2026, 4, 4), 8.5),
        ("Asia/Shanghai", (2026, 3, 7), 8),
    ],
)
def test_a_night_over_a_change_of_clocks_ends_when_clocks_show_its_end(
    zone: str, day: tuple[int, int, int], hours: float
) -> None:
    evening = local(zone, *day, 21)
    ((begins, ends, length),) = walls(nightly(zone), zone, evening, evening + 5 * HOUR)
    assert (begins[3:], ends[3:], length) == ("22:00", "06:00", hours)


def test_one_that_lies_in_the_skipped_hour_lasts_as_long_after_it() -> None:
    zone = "America/New_York"
    span = Span(local(zone, 2026, 1, 1, 2, 15), None, Recurrence("FREQ=DAILY", timedelta(minutes=30), zone))
    noon = local(zone, 2026, 3, 7, 12)
    assert walls(span, zone, noon, noon + 24 * HOUR) == [("08 03:00", "08 03:30", 0.5)]


def test_one_in_the_repeated_hour_is_the_first_of_the_two() -> None:
    zone = "America/New_York"
    span = Span(local(zone, 2026, 1, 1, 1), None, Recurrence("FREQ=DAILY", timedelta(minutes=30), zone))
    (run,) = runs_between(span, local(zone, 2026, 11, 1, 0), local(zone, 2026, 11, 1, 12))
    assert (run.begins, run.ends - run.begins) == (datetime(2026, 11, 1, 5, tzinfo=UTC), HOUR / 2)


def test_runs_that_touch_are_one_and_others_are_not() -> None:
    whole_days = nightly("UTC", hours=24, hour=0)
    run = run_of(whole_days, datetime(2026, 5, 5, 12, tzinfo=UTC))
    assert run is not None and run.ends - run.begins > timedelta(days=20)
    weekly = nightly("UTC", "FREQ=WEEKLY;BYDAY=SU", hours=2, hour=2)
    assert run_of(weekly, datetime(2026, 5, 5, 12, tzinfo=UTC)) == Run(
        datetime(2026, 5, 10, 2, tzinfo=UTC), datetime(2026, 5, 10, 4, tzinfo=UTC)
    )


def test_count_until_and_the_end_of_the_whole_are_kept() -> None:
    start, far = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

    def number(rrule: str, ends: datetime | None = None) -> int:
        return len(runs_between(Span(start, ends, Recurrence(rrule, HOUR, "UTC")), start, far))

    assert number("FREQ=DAILY;COUNT=3") == 3
    assert number("FREQ=DAILY;UNTIL=20260105") == 5
    assert number("FREQ=DAILY", start + timedelta(days=9, minutes=30)) == 10
    assert number("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29") == 0
    cut = Span(start, start + HOUR / 2, Recurrence("FREQ=DAILY", HOUR, "UTC"))
    assert run_of(cut, start) == Run(start, start + HOUR / 2)
    assert run_of(cut, start + HOUR / 2) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "shape"), ("every day", "shape"), ("FREQ=DAILY;FREQ=DAILY", "shape"), ("FREQ=HOURLY", "frequency"),
        ("INTERVAL=2", "frequency"), ("FREQ=DAILY;INTERVAL=0", "number"), ("FREQ=DAILY;COUNT=5000", "number"),
        ("FREQ=DAILY;BYMINUTE=5", "part"), ("FREQ=DAILY;UNTIL=20260101T000000Z", "until"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20270101", "both"), ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=WEEKLY;BYDAY=XX", "shape"), ("FREQ=DAILY;BYMONTH=99", "never"), ("FREQ=DAILY;UNTIL=20269999", "shape"),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20200101", "never"), ("FREQ=MONTHLY;BYSETPOS=999;BYDAY=SU", "shape"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_used_are_told_apart(text: str, code: str) -> None:
    span = Span(datetime(2026, 1, 1, tzinfo=UTC), None, Recurrence(text, HOUR, "UTC"))
    with pytest.raises(RecurrenceError) as caught:
        check(span)
    assert caught.value.code == code


def test_rules_are_tidied() -> None:
    assert tidy(" rrule:freq=weekly; byday=su ;") == "FREQ=WEEKLY;BYDAY=SU"


@given(
    zone=st.sampled_from(ZONES),
    rrule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU,MO", "FREQ=MONTHLY;BYMONTHDAY=1,-1", "FREQ=DAILY;INTERVAL=3"]
    ),
    minutes=st.integers(1, 40 * 60),
    hour=st.integers(0, 23),
    offset=st.integers(0, 400 * 24 * 60),
)
@settings(max_examples=150, deadline=None)
def test_what_holds_now_is_in_a_run_and_what_does_not_is_in_none(
    zone: str, rrule: str, minutes: int, hour: int, offset: int
) -> None:
    span = nightly(zone, rrule, minutes / 60, hour, year=2025)
    now = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=offset)
    occurrences = runs_between(span, now - timedelta(days=3), now + timedelta(days=40), most=1000)
    holds = any(each.holds(now) for each in occurrences)
    run = run_of(span, now)
    assert run is not None and run.holds(now) == holds
    if holds:
        assert all(not each.begins <= run.ends < each.ends for each in occurrences) or run.ends > now + HOUR
    else:
        assert run.begins == min(each.begins for each in occurrences if each.begins > now)
