"""Wall clocks to instants across changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.calendars import ZoneError, get_zone, to_utc

ZONES = ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"]
LOCAL_TIMES = st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-12-31"))


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        # Ordinary times.
        ("Asia/Shanghai", "2026-07-01T09:00", "2026-07-01T01:00"),
        ("America/New_York", "2026-07-01T09:00", "2026-07-01T13:00"),
        # Skipped: 02:00–03:00 does not exist; the first instant after it is 03:00 EDT.
        ("America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59"),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08T02:59:59.999999", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08T03:00", "2026-03-08T07:00"),
        # Twice: the first of the two, still on summer time.
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
        # Lord Howe moves by half an hour.
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        # Samoa skipped the whole of 30 December 2011.
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
    ],
)
def test_known_times(zone: str, local: str, instant: str) -> None:
    assert to_utc(datetime.fromisoformat(local), zone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@settings(deadline=None, max_examples=200)
@given(zone=st.sampled_from(ZONES), local=LOCAL_TIMES)
def test_result_shows_the_wall_time_or_is_the_first_instant_after_it(zone: str, local: datetime) -> None:
    instant = to_utc(local, zone)
    shown = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    just_before = (instant - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown == local or just_before < local < shown


@settings(deadline=None, max_examples=200)
@given(
    zone=st.sampled_from(ZONES),
    local=LOCAL_TIMES,
    later=st.timedeltas(timedelta(days=2), timedelta(days=9)),
)
def test_order_is_kept_for_times_far_enough_apart(zone: str, local: datetime, later: timedelta) -> None:
    assert to_utc(local, zone) < to_utc(local + later, zone)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe", "UTC\x00", "a" * 5000])
def test_unknown_zones_are_refused_with_one_error(zone: str) -> None:
    with pytest.raises(ZoneError, match="not an IANA time zone"):
        get_zone(zone)


def test_aware_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        to_utc(datetime(2026, 1, 1, tzinfo=UTC), "UTC")
