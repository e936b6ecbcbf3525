"""Rotations and overrides: the properties that on-call planning rests on, and the known hard dates."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.rotation import Override, RotationError, Shift, WeeklyRotation, at, gaps, resolve

ZONES = ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"]
FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-12-31")
TICK = timedelta(microseconds=1)

instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
spans = st.timedeltas(timedelta(minutes=1), timedelta(days=90))


@st.composite
def rotations(draw: st.DrawFn, smallest: int = 1) -> WeeklyRotation:
    """Handovers at any time, but often at those that clocks skip or show twice."""
    awkward = st.sampled_from([time(0), time(1, 30), time(2), time(2, 15), time(2, 30), time(23, 59)])
    return WeeklyRotation(
        zone=draw(st.sampled_from(ZONES)),
        start=draw(st.dates(FIRST.date(), LAST.date())),
        handover_weekday=draw(st.sampled_from([6, 6, 0, 1, 2, 3, 4, 5])),  # clocks change on Sundays
        handover_time=draw(awkward | st.times()),
        members=tuple(draw(st.lists(st.sampled_from("ABC"), min_size=smallest, max_size=4))),
        weeks=draw(st.integers(1, 3)),
    )


@st.composite
def plans(draw: st.DrawFn) -> tuple[WeeklyRotation | None, list[Override], datetime, datetime]:
    """A rotation or none, overrides near a range, and the range."""
    start = draw(instants)
    end = start + draw(spans)
    overrides = []
    for _ in range(draw(st.integers(0, 5))):
        begin = start + draw(st.timedeltas(timedelta(days=-20), timedelta(days=100)))
        overrides.append(Override(begin, begin + draw(spans), draw(st.sampled_from("AXY"))))
    return draw(st.none() | rotations(smallest=0)), overrides, start, end


def cut(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Shift]:
    return [
        Shift(max(s.start, start), min(s.end, end), s.member, s.source)
        for s in shifts
        if s.start < end and s.end > start
    ]


@settings(deadline=None, max_examples=150)
@given(plan=plans(), before=spans, after=spans)
def test_a_part_of_a_range_is_the_range_cut(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime], before: timedelta, after: timedelta
) -> None:
    rotation, overrides, start, end = plan
    wide = resolve(rotation, overrides, start - before, end + after)
    assert resolve(rotation, overrides, start, end) == cut(wide, start, end)


@settings(deadline=None, max_examples=150)
@given(plan=plans(), where=st.floats(0, 1, exclude_max=True))
def test_at_agrees_with_resolve(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime], where: float
) -> None:
    rotation, overrides, start, end = plan
    instant = min(start + (end - start) * where, end - TICK)
    found = at(rotation, overrides, instant)
    holding = [s for s in resolve(rotation, overrides, start, end) if s.start <= instant < s.end]
    if found is None:
        assert holding == []
        return
    assert found.start <= instant < found.end
    if found.source == "rotation" and rotation is not None and len(set(rotation.members)) == 1:
        whole = cut(resolve(rotation, overrides, found.start, found.end), found.start, found.end)
        assert whole == [found]
        assert [(s.member, s.source) for s in holding] == [(found.member, found.source)]
    else:
        assert cut([found], start, end) == holding
        year = timedelta(days=400)
        assert found in resolve(rotation, overrides, found.start - year, found.end + year)


@settings(deadline=None, max_examples=150)
@given(plan=plans())
def test_shifts_are_ordered_disjoint_and_within_the_range(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime],
) -> None:
    rotation, overrides, start, end = plan
    shifts = resolve(rotation, overrides, start, end)
    edges = [start, *[edge for s in shifts for edge in (s.start, s.end)], end]
    assert edges == sorted(edges)
    assert all(s.start < s.end for s in shifts)
    assert all(s.start.tzinfo is UTC and s.end.tzinfo is UTC for s in shifts)
    for earlier, later in pairwise(shifts):
        assert earlier.end < later.start or (earlier.member, earlier.source) != (later.member, later.source)


@settings(deadline=None, max_examples=150)
@given(plan=plans())
def test_every_moment_belongs_to_the_last_override_given_or_else_to_the_rotation(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime],
) -> None:
    rotation, overrides, start, end = plan
    shifts = resolve(rotation, overrides, start, end)
    alone = resolve(rotation, [], start, end)
    edges = {start, *(o.start for o in overrides), *(o.end for o in overrides), *(s.start for s in alone)}
    for moment in [m + d for m in edges for d in (-TICK, timedelta(), TICK) if start <= m + d < end]:
        winners = [(o.member, "override") for o in overrides if o.start <= moment < o.end][-1:]
        expected = winners or [(s.member, s.source) for s in alone if s.start <= moment < s.end]
        assert [(s.member, s.source) for s in shifts if s.start <= moment < s.end] == expected


@settings(deadline=None, max_examples=150)
@given(plan=plans(), rotation=rotations())
def test_a_rotation_with_members_leaves_no_gap(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime], rotation: WeeklyRotation
) -> None:
    _, overrides, start, end = plan
    assert gaps(resolve(rotation, overrides, start, end), start, end) == []


@settings(deadline=None, max_examples=150)
@given(plan=plans())
def test_gaps_and_shifts_together_are_the_range(
    plan: tuple[WeeklyRotation | None, list[Override], datetime, datetime],
) -> None:
    rotation, overrides, start, end = plan
    shifts = resolve(rotation, overrides, start, end)
    pieces = sorted([(s.start, s.end) for s in shifts] + gaps(shifts, start, end))
    assert [start, *[p[1] for p in pieces]] == [*[p[0] for p in pieces], end]


@settings(deadline=None, max_examples=150)
@given(rotation=rotations(), turn=st.integers(-200, 200), minutes=st.integers(0, 150))
def test_handovers_are_at_the_local_time_or_right_after_the_gap(
    rotation: WeeklyRotation, turn: int, minutes: int
) -> None:
    instant = rotation.begins(turn)
    zone = ZoneInfo(rotation.zone)
    local = instant.astimezone(zone).replace(tzinfo=None)
    wanted = datetime.combine(local.date(), rotation.handover_time)
    assert rotation.turn_at(instant) == turn
    assert rotation.turn_at(instant - TICK) == turn - 1
    assert rotation.turn_at(instant + timedelta(minutes=minutes)) == turn
    just_before = (instant - TICK).astimezone(zone).replace(tzinfo=None)
    assert local == wanted or just_before < wanted < local
    assert local.weekday() == rotation.handover_weekday


@settings(deadline=None, max_examples=50)
@given(rotation=rotations())
def test_the_first_member_has_the_turn_of_the_start_date(rotation: WeeklyRotation) -> None:
    end_of_start_date = datetime.combine(rotation.start, time.max, ZoneInfo(rotation.zone))
    assert rotation.begins(0) <= end_of_start_date < rotation.begins(1)
    assert rotation.member_of(0) == rotation.members[0]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def new_york(handover: time, *members: str) -> WeeklyRotation:
    return WeeklyRotation("America/New_York", date(2026, 3, 1), 6, handover, members)


def test_a_turn_over_the_spring_change_is_an_hour_shorter() -> None:
    shifts = resolve(new_york(time(9), "A", "B"), [], utc("2026-03-01T14:00"), utc("2026-03-15T13:00"))
    assert shifts == [
        Shift(utc("2026-03-01T14:00"), utc("2026-03-08T13:00"), "A", "rotation"),
        Shift(utc("2026-03-08T13:00"), utc("2026-03-15T13:00"), "B", "rotation"),
    ]


def test_a_skipped_handover_happens_right_after_the_gap() -> None:
    shift = at(new_york(time(2, 30), "A", "B"), [], utc("2026-03-08T07:00"))
    assert shift == Shift(utc("2026-03-08T07:00"), utc("2026-03-15T06:30"), "B", "rotation")


def test_a_handover_time_shown_twice_means_the_first() -> None:
    rotation = WeeklyRotation("America/New_York", date(2026, 11, 1), 6, time(1, 30), ("A", "B"))
    assert rotation.begins(0) == utc("2026-11-01T05:30")
    # 06:10 UTC shows 01:10 for the second time: the handover at 01:30 is over, whatever the clock says.
    assert [rotation.turn_at(utc(f"2026-11-01T{at_time}")) for at_time in ("05:10", "05:30", "06:10")] == [-1, 0, 0]


def test_the_start_date_need_not_be_a_handover_day() -> None:
    rotation = WeeklyRotation("UTC", date(2026, 1, 7), 0, time(8), ("A", "B"))  # a Wednesday; handover on Mondays
    assert at(rotation, [], utc("2026-01-07T00:00")) == Shift(
        utc("2026-01-05T08:00"), utc("2026-01-12T08:00"), "A", "rotation"
    )


def test_turns_of_the_same_member_in_a_row_are_one_shift() -> None:
    rotation = WeeklyRotation("UTC", date(2026, 1, 5), 0, time(8), ("A", "B", "A"))
    assert at(rotation, [], utc("2026-01-20T00:00")) == Shift(
        utc("2026-01-19T08:00"), utc("2026-02-02T08:00"), "A", "rotation"
    )


def test_a_single_member_is_on_call_in_turns_for_at_and_without_end_for_resolve() -> None:
    rotation = WeeklyRotation("UTC", date(2026, 1, 5), 0, time(8), (7, 7))
    start, end = utc("2026-01-01T00:00"), utc("2026-03-01T00:00")
    assert resolve(rotation, [], start, end) == [Shift(start, end, 7, "rotation")]
    assert at(rotation, [], utc("2026-01-06T00:00")) == Shift(
        utc("2026-01-05T08:00"), utc("2026-01-12T08:00"), 7, "rotation"
    )


def test_an_override_by_the_member_on_turn_stays_visible_as_an_override() -> None:
    rotation = WeeklyRotation("UTC", date(2026, 1, 5), 0, time(8), ("A", "B"))
    override = Override(utc("2026-01-06T00:00"), utc("2026-01-07T00:00"), "A")
    sources = [s.source for s in resolve(rotation, [override], utc("2026-01-05T08:00"), utc("2026-01-12T08:00"))]
    assert sources == ["rotation", "override", "rotation"]


def test_ten_years_are_complete() -> None:
    rotation = WeeklyRotation("Australia/Lord_Howe", date(2026, 1, 4), 6, time(2, 15), ("A", "B", "C"))
    start, end = utc("2026-01-05T00:00"), utc("2036-01-05T00:00")
    overrides = [
        Override(start + timedelta(days=9 * n), start + timedelta(days=9 * n + 2), f"X{n}") for n in range(400)
    ]
    shifts = resolve(rotation, overrides, start, end)
    assert gaps(shifts, start, end) == []
    assert len([s for s in shifts if s.source == "override"]) == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"zone": "Mars/Olympus"},
        {"handover_weekday": 7},
        {"handover_weekday": -1},
        {"handover_time": time(8, tzinfo=UTC)},
        {"weeks": 0},
        {"start": FIRST},
    ],
)
def test_nonsense_rotations_are_refused(changed: dict[str, object]) -> None:
    good = {
        "zone": "UTC",
        "start": date(2026, 1, 1),
        "handover_weekday": 0,
        "handover_time": time(8),
        "members": ("A",),
    }
    with pytest.raises(RotationError):
        WeeklyRotation(**(good | changed))  # type: ignore[arg-type]


def test_nonsense_times_are_refused() -> None:
    with pytest.raises(RotationError, match="end after"):
        Override(utc("2026-01-02T00:00"), utc("2026-01-02T00:00"), "A")
    with pytest.raises(RotationError, match="zone"):
        Override(FIRST, LAST, "A")
    with pytest.raises(RotationError, match="zone"):
        at(None, [], FIRST)


def test_nobody_is_nobody() -> None:
    start, end = utc("2026-01-01T00:00"), utc("2026-02-01T00:00")
    empty = WeeklyRotation("UTC", date(2026, 1, 1), 0, time(8), ())
    assert resolve(None, [], start, end) == resolve(empty, [], start, end) == resolve(empty, [], end, start) == []
    assert at(empty, [], start) is None
    assert gaps([], start, end) == [(start, end)]
