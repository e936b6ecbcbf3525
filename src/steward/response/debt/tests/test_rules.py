"""Nights, minutes, durations, followers, suggestions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.debt import rules
from steward.response.debt.rules import Figures, SentPage

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def wall(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "zone", "night"),
    [
        (wall("Europe/Berlin", 2026, 3, 2, 21, 59, 59), "Europe/Berlin", False),
        (wall("Europe/Berlin", 2026, 3, 2, 22, 0), "Europe/Berlin", True),
        (wall("Europe/Berlin", 2026, 3, 3, 6, 59, 59), "Europe/Berlin", True),
        (wall("Europe/Berlin", 2026, 3, 3, 7, 0), "Europe/Berlin", False),
        # The clock is put forward on 29 March 2026: 05:30 UTC is 06:30 the day before and 07:30 then.
        (datetime(2026, 3, 28, 5, 30, tzinfo=UTC), "Europe/Berlin", True),
        (datetime(2026, 3, 29, 5, 30, tzinfo=UTC), "Europe/Berlin", False),
        # And put back: 05:30 UTC is 07:30 in summer, 06:30 in winter.
        (datetime(2026, 10, 24, 5, 30, tzinfo=UTC), "Europe/Berlin", False),
        (datetime(2026, 10, 25, 5, 30, tzinfo=UTC), "Europe/Berlin", True),
        # New York springs forward on 8 March 2026, Sydney falls back on 5 April 2026.
        (datetime(2026, 3, 7, 11, 30, tzinfo=UTC), "America/New_York", True),
        (datetime(2026, 3, 8, 11, 30, tzinfo=UTC), "America/New_York", False),
        (datetime(2026, 4, 3, 20, 30, tzinfo=UTC), "Australia/Sydney", False),
        (datetime(2026, 4, 5, 20, 30, tzinfo=UTC), "Australia/Sydney", True),
        # Lord Howe moves by half an hour: 20:15 UTC is 07:15 in summer and 06:45 in winter.
        (datetime(2026, 4, 3, 20, 15, tzinfo=UTC), "Australia/Lord_Howe", False),
        (datetime(2026, 4, 5, 20, 15, tzinfo=UTC), "Australia/Lord_Howe", True),
        # Both 02:30 of the night in which an hour comes twice.
        (wall("Europe/Berlin", 2026, 10, 25, 2, 30), "Europe/Berlin", True),
        (wall("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1), "Europe/Berlin", True),
        (wall("Asia/Shanghai", 2026, 7, 1, 23, 0), "Asia/Shanghai", True),
        (wall("Asia/Shanghai", 2026, 7, 1, 12, 0), "Asia/Shanghai", False),
        # A zone that nobody knows counts as UTC instead of stopping a whole day's figures.
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), "Mars/Olympus", True),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "", False),
    ],
)
def test_night(at: datetime, zone: str, night: bool) -> None:
    assert rules.is_night(at, zone) is night


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)), st.sampled_from(  # noqa: DTZ001
    ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"]))  # fmt: skip
def test_night_is_what_the_wall_clock_says(naive: datetime, zone: str) -> None:
    at = naive.replace(tzinfo=UTC)
    shown = at.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    assert rules.is_night(at, zone) == (shown >= "22:00" or shown < "07:00")


def facts(
    *pages: SentPage, ack: int | None = None, over: int | None = None, acted: bool = False
) -> rules.IncidentFacts:
    return rules.facts_of(
        pages=pages,
        acknowledged_at=None if ack is None else NOW + timedelta(minutes=ack),
        over_at=None if over is None else NOW + timedelta(minutes=over),
        acted=acted, now=NOW + timedelta(days=1),
    )  # fmt: skip


def test_minutes_are_waiting_and_working() -> None:
    first, second = SentPage(1, "UTC", NOW), SentPage(2, "UTC", NOW + timedelta(minutes=2))
    again = SentPage(1, "UTC", NOW + timedelta(minutes=3))
    found = facts(first, second, again, ack=5, over=65)
    assert found.minutes == 5 + 3 + 60  # the second page to the same person is the same interruption
    assert (found.pages, found.wakeups, found.acted, found.over) == ({1: 2, 2: 1}, 0, True, True)


def test_minutes_are_bounded() -> None:
    assert facts(SentPage(1, "UTC", NOW), over=300).minutes == rules.LONGEST_WAIT
    assert facts(SentPage(1, "UTC", NOW), ack=1, over=3000).minutes == 1 + rules.LONGEST_WORK
    # Acknowledged before the page went out (from the page of Steward): nothing negative.
    assert facts(SentPage(1, "UTC", NOW), ack=-1, over=-1).minutes == 0
    # Nobody paged, nobody acted: it cost nobody anything.
    assert facts(over=300).minutes == 0
    # Still open: until now, with the same bounds.
    assert facts(SentPage(1, "UTC", NOW), ack=2).minutes == 2 + rules.LONGEST_WORK


def test_acted_and_ignored() -> None:
    assert facts(over=5).acted is False
    assert facts(over=5, acted=True).acted is True
    ignored, worked = facts(over=5), facts(ack=1, over=5)
    assert rules.is_noisy(facts=ignored, answers={})
    assert not rules.is_noisy(facts=worked, answers={})
    # What people say counts more than what they did.
    assert not rules.is_noisy(facts=ignored, answers={"act": 1})
    assert rules.is_noisy(facts=worked, answers={"noise": 1})
    assert not rules.is_noisy(facts=worked, answers={"noise": 1, "act": 1})
    assert not rules.is_noisy(facts=facts(), answers={})


def counted(*seconds: float) -> Counter[int]:
    return Counter(rules.class_of(each) for each in seconds)


@given(st.lists(st.floats(1, 5_000_000), min_size=1, max_size=60))
def test_median_is_at_most_a_class_off(seconds: list[float]) -> None:
    found = rules.median(counted(*seconds))
    middle = sorted(seconds)[(len(seconds) + 1) // 2 - 1]
    assert found is not None
    assert middle / rules.RATIO - 0.1 <= found <= middle * rules.RATIO + 0.1


def test_percentiles_of_nothing() -> None:
    assert rules.median(Counter()) is None
    assert rules.shorter_than(counted(10, 20, 4000), 60) == 2
    assert rules.class_of(0) == 0


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_followers_come_within_five_minutes_in_the_same_service() -> None:
    starts = [
        (None, "Link", at(0)), (None, "Ping", at(10)),
        (1, "Down", at(0)), (1, "Latency", at(30)), (1, "Errors", at(60)), (1, "Latency", at(400)),
        (2, "Down", at(70)), (2, "Late", at(70)), (2, "Late", at(71)),
    ]  # fmt: skip
    found = rules.followers(starts)
    assert found[None, "Ping"] == {"Link": 1}
    assert found[1, "Down"] == {}
    assert found[1, "Latency"] == {"Down": 1}  # 400 is too late after what began at 60
    assert found[1, "Errors"] == {"Down": 1, "Latency": 1}
    assert found[2, "Late"] == {"Down": 1}  # together is not after; a second later is


def figures(**values: object) -> Figures:
    made = Figures("DiskFull", 1)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def kinds(made: Figures, **starts: int) -> list[str]:
    return [each.kind for each in rules.suggestions(made, starts)]


def test_delete_what_nobody_ever_acted_on() -> None:
    made = figures(fired=9, with_runbook=9, incidents=6, ignored=6, pages=12)
    assert kinds(made) == ["delete"]
    assert rules.suggestions(made, {})[0].evidence == {"ignored": 6, "pages": 12, "noise": 0}
    assert kinds(figures(incidents=4, ignored=4)) == []  # too few to say so
    assert kinds(figures(incidents=6, ignored=6, answers=Counter(act=1))) == []


def test_inhibit_what_follows_another() -> None:
    made = figures(fired=10, starts=10, follows=Counter(Down=9, Other=4))
    assert kinds(made, Down=12) == ["inhibit"]
    assert rules.suggestions(made, {"Down": 12})[0].evidence == {"by": "Down", "after": 9, "starts": 10, "others": 12}
    # What fires all the time comes before everything.
    assert kinds(made, Down=300) == []
    assert kinds(figures(fired=10, starts=10, follows=Counter(Down=7)), Down=7) == []


def test_wait_as_long_as_most_firings_last() -> None:
    made = figures(fired=10, ignored=1, durations=counted(*[100] * 8, 7200, 7300))
    (found,) = rules.suggestions(made, {})
    assert (found.kind, found.evidence) == ("for", {"minutes": 2, "kept_back": 8, "ended": 10})
    assert kinds(figures(fired=10, durations=counted(*[100] * 4, *[4000] * 6))) == []
    # Short, but people act on it: waiting would only tell them later.
    assert kinds(figures(fired=10, with_runbook=10, acted=4, ignored=1, durations=counted(*[100] * 10))) == []


def test_move_the_threshold_of_what_flaps() -> None:
    assert kinds(figures(fired=10, flaps=4)) == ["threshold"]
    assert kinds(figures(fired=10, flaps=2)) == []


def test_only_record_what_is_informative_or_mostly_ignored() -> None:
    assert kinds(figures(fired=5, answers=Counter(info=2, act=1))) == ["record"]
    assert kinds(figures(fired=5, answers=Counter(info=1, act=1))) == []
    assert kinds(figures(fired=10, with_runbook=10, acted=1, ignored=9)) == ["record"]
    assert kinds(figures(fired=10, with_runbook=10, acted=3, ignored=7)) == []


def test_write_a_runbook_for_what_is_worked_on() -> None:
    assert kinds(figures(fired=3, acted=2)) == ["runbook"]
    assert kinds(figures(fired=3, acted=2, with_runbook=3)) == []
    assert kinds(figures(fired=3, acted=1)) == []


def test_actionability() -> None:
    assert rules.actionability(figures()) == "unknown"
    assert rules.actionability(figures(acted=1, ignored=1, noisy=1)) == "often"
    assert rules.actionability(figures(acted=1, ignored=4, noisy=4)) == "sometimes"
    assert rules.actionability(figures(ignored=4, noisy=4)) == "never"
    assert rules.actionability(figures(ignored=4, noisy=2)) == "often"  # people say that two were needed
    assert rules.actionability(figures(acted=4, noisy=4)) == "never"  # and here that none was


def test_cost() -> None:
    assert rules.cost(12.25, 2) == 72.2
