"""Steps over methods, and quiet hours across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.notifications.rules import Method
from steward.response.notifications.rules.plans import Quiet, Step, plan, quiet_until, steps_for

PUSH, SMS, CALL = (Method(n, name, f"{name} address", True) for n, name in enumerate(("webpush", "sms", "voice"), 1))
THREE = [Step(1, 0), Step(2, 2), Step(3, 5)]


def minutes(methods: list[Method], steps: list[Step], email: str = "") -> list[tuple[str, int]]:
    return [(each.target.channel, each.after // timedelta(minutes=1)) for each in plan(methods, email, steps)]


def test_steps_in_their_order() -> None:
    assert minutes([PUSH, SMS, CALL], THREE) == [("webpush", 0), ("sms", 2), ("voice", 5)]
    assert [each.step for each in plan([PUSH, SMS, CALL], "", THREE)] == [0, 1, 2]


def test_without_rules_all_at_once() -> None:
    assert minutes([PUSH, SMS], []) == [("webpush", 0), ("sms", 0)]


def test_a_first_step_that_cannot_be_used_keeps_nobody_waiting() -> None:
    off = Method(1, "webpush", "x", False)
    unconfirmed = Method(2, "sms", "x", True, False)
    assert minutes([off, SMS, CALL], THREE) == [("sms", 0), ("voice", 3)]
    assert minutes([off, unconfirmed, CALL], THREE) == [("voice", 0)]
    assert minutes([off, unconfirmed], THREE, "ann@example.org") == [("email", 0)]


def test_a_delay_that_somebody_wants_stays() -> None:
    assert minutes([PUSH, SMS], [Step(1, 3), Step(2, 4)]) == [("webpush", 3), ("sms", 4)]


def test_only_confirmed_methods_count_but_for_the_sign_in_address() -> None:
    own = Method(1, "email", "Ann@Example.org", True, False)
    other = Method(2, "email", "bob@example.org", True, False)
    assert minutes([own, other], [], "ann@example.org") == [("email", 0)]
    assert plan([other], "", []) == []


def test_what_has_no_steps_of_its_own_has_those_of_any_other() -> None:
    steps = {"default": [Step(1, 0)], "normal": [Step(2, 0)]}
    assert steps_for("normal", steps) == [Step(2, 0)]
    assert steps_for("important", steps) == [Step(1, 0)]
    assert steps_for("important", {}) == ()


NIGHT = Quiet(time(22), time(7))


@pytest.mark.parametrize(
    ("zone", "local", "until"),
    [
        ("Asia/Shanghai", "2026-03-02 23:30", "2026-03-03 07:00"),
        ("Asia/Shanghai", "2026-03-03 06:59", "2026-03-03 07:00"),
        ("Asia/Shanghai", "2026-03-03 07:00", None),
        ("Asia/Shanghai", "2026-03-02 21:59", None),
        ("America/New_York", "2026-03-07 23:00", "2026-03-08 07:00"),  # the clocks go forward
        ("America/New_York", "2026-11-01 00:30", "2026-11-01 07:00"),  # and back
        ("Australia/Lord_Howe", "2026-04-04 23:00", "2026-04-05 07:00"),
    ],
)
def test_nights(zone: str, local: str, until: str | None) -> None:
    place = ZoneInfo(zone)
    now = datetime.fromisoformat(local).replace(tzinfo=place).astimezone(UTC)
    wanted = datetime.fromisoformat(until).replace(tzinfo=place).astimezone(UTC) if until else None
    assert quiet_until(NIGHT, zone, now) == wanted


def test_days_on_which_they_begin() -> None:
    fridays = Quiet(time(22), time(7), (5,))
    saturday = datetime(2026, 3, 7, 3, tzinfo=UTC)
    assert quiet_until(fridays, "UTC", saturday) == datetime(2026, 3, 7, 7, tzinfo=UTC)
    assert quiet_until(fridays, "UTC", saturday + timedelta(days=1)) is None


@given(
    st.integers(1_735_700_000, 1_830_300_000), st.times(), st.times(),
    st.sampled_from(["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"]),
)  # fmt: skip
def test_nothing_waits_for_ever(moment: int, starts: time, ends: time, zone: str) -> None:
    now = datetime.fromtimestamp(moment, UTC)
    until = quiet_until(Quiet(starts, ends), zone, now)
    assert until is None or now < until <= now + timedelta(hours=26)
