"""Layers and overrides: against an oracle that asks about one instant at a time, and the known hard dates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.calendars import to_utc
from steward.algorithms.rotation import (
    Layer,
    Listed,
    Member,
    Override,
    Piece,
    RotationError,
    Shift,
    Span,
    Unit,
    Window,
    at,
    gaps,
    handovers,
    pieces,
    resolve,
)
from steward.algorithms.rotation.resolve import LOOK

ZONES = ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"]
# Around the nights on which the clocks of these zones change, and any other time.
NIGHTS = [
    datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 10, 3, 16, tzinfo=UTC),
    datetime(2026, 4, 4, 16, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC),
]  # fmt: skip
TICK = timedelta(microseconds=1)
AWKWARD = st.sampled_from([time(0), time(1, 30), time(2), time(2, 15), time(2, 30), time(9), time(17), time(23, 59)])
instants = st.builds(
    lambda night, off: night + off, st.sampled_from(NIGHTS), st.timedeltas(timedelta(-9), timedelta(9))
)
spans = st.timedeltas(timedelta(minutes=1), timedelta(days=40))
LENGTHS: dict[Unit, list[int]] = {"hour": [6, 12, 7], "day": [1, 2, 7], "week": [1, 2], "month": [1, 3]}


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    unit: Unit = draw(st.sampled_from(["hour", "day", "week", "month"]))
    windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), AWKWARD, AWKWARD)
    bound = st.none() | st.none() | instants
    begins, ends = draw(bound), draw(bound)
    if begins and ends and ends <= begins:
        begins = None
    return Layer(
        zone=draw(st.sampled_from(ZONES)),
        start=draw(st.dates(date(2023, 1, 1), date(2027, 12, 31))),
        turns=tuple(draw(st.lists(st.lists(st.sampled_from("ABC"), max_size=2, unique=True).map(tuple), max_size=4))),
        unit=unit, length=draw(st.sampled_from(LENGTHS[unit])), handover_time=draw(AWKWARD),
        handover_weekday=draw(st.integers(0, 6)), windows=tuple(draw(st.lists(windows, max_size=2))),
        zones=draw(st.none() | st.just({"A": "Asia/Shanghai", "B": "America/New_York"})),
        begins_at=begins, ends_at=ends, priority=draw(st.integers(0, 2)),
    )  # fmt: skip


listed = st.builds(
    Listed,
    st.lists(
        st.builds(
            lambda start, length, member: Span(start, start + length, member), instants, spans, st.sampled_from("ABC")
        ),
        max_size=6,
    ).map(tuple),
    st.integers(0, 2),
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Layer | Listed], list[Override], datetime, datetime]:
    """Layers, overrides near a range, and the range."""
    start = draw(instants)
    end = start + draw(spans)
    overrides = []
    for _ in range(draw(st.integers(0, 4))):
        begin = start + draw(st.timedeltas(timedelta(days=-20), timedelta(days=40)))
        replaces = draw(st.sampled_from([None, "A", "B", "X"]))
        overrides.append(Override(begin, begin + draw(spans), draw(st.sampled_from("AXY")), replaces))
    return draw(st.lists(layers() | listed, max_size=4)), overrides, start, end


Plan = tuple[list[Layer | Listed], list[Override], datetime, datetime]


def handover(layer: Layer, number: int) -> datetime:
    """By the plain rule: a local time, turned into an instant."""
    day = layer.start
    if layer.unit == "week":
        while day.weekday() != layer.handover_weekday:
            day -= timedelta(days=1)
    local = datetime.combine(day, layer.handover_time)
    step = layer.length * number
    if layer.unit == "month":
        year, month = divmod(day.year * 12 + day.month - 1 + step, 12)
        for last in range(day.day, 27, -1):
            try:
                return to_utc(local.replace(year=year, month=month + 1, day=last), layer.zone)
            except ValueError:
                continue
        return to_utc(local.replace(year=year, month=month + 1), layer.zone)
    hours = {"hour": 1, "day": 24, "week": 168}[layer.unit]
    return to_utc(local + timedelta(hours=hours * step), layer.zone)


def turn(layer: Layer, moment: datetime) -> tuple[Member, ...]:
    if not layer.turns:
        return ()
    low, high = -9000, 9000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if handover(layer, middle) <= moment else (low, middle)
    return layer.turns[low % len(layer.turns)]


def open_at(window: Window, zone: str, moment: datetime) -> bool:
    today = moment.astimezone(ZoneInfo(zone)).date()
    for day in (today + timedelta(days=off) for off in (-2, -1, 0, 1)):
        if day.weekday() in window.days:
            until = day if window.end > window.start else day + timedelta(days=1)
            opening = to_utc(datetime.combine(day, window.start), zone)
            if opening <= moment < to_utc(datetime.combine(until, window.end), zone):
                return True
    return False


def people(layer: Layer | Listed, moment: datetime) -> list[Member]:
    if isinstance(layer, Listed):
        return [each.member for each in layer.spans if each.start <= moment < each.end]
    if (layer.begins_at and moment < layer.begins_at) or (layer.ends_at and moment >= layer.ends_at):
        return []
    return [
        member
        for member in turn(layer, moment)
        if not layer.windows
        or any(open_at(each, (layer.zones or {}).get(member, layer.zone), moment) for each in layer.windows)
    ]


def oracle(
    given_layers: Sequence[Layer | Listed], overrides: Sequence[Override], moment: datetime
) -> set[tuple[Member, str]]:
    found: set[tuple[Member, str]] = set()
    for priority in (2, 1, 0):
        level = [each for each in given_layers if each.priority == priority]
        found = found or {(member, "rotation") for layer in level for member in people(layer, moment)}
    for each in overrides:
        if each.start <= moment < each.end:
            if each.replaces is None:
                found = {(each.member, "override")}
            elif any(member == each.replaces for member, _source in found):
                found = {pair for pair in found if pair[0] != each.replaces}
                if all(member != each.member for member, _source in found):
                    found.add((each.member, "override"))
    return found


def cut(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Shift]:
    kept = [
        Shift(max(s.start, start), min(s.end, end), s.member, s.source, s.layer)
        for s in shifts
        if s.start < end and s.end > start
    ]
    return sorted(kept, key=repr)


def holding(shifts: Sequence[Shift], moment: datetime) -> set[tuple[Member, str]]:
    found = [(s.member, s.source) for s in shifts if s.start <= moment < s.end]
    assert len(found) == len({member for member, _source in found}), "somebody is on call twice at once"
    return set(found)


@settings(deadline=None, max_examples=150)
@given(plan=plans(), where=st.lists(st.floats(0, 1, exclude_max=True), max_size=6))
def test_at_every_moment_exactly_the_intended_people(plan: Plan, where: list[float]) -> None:
    given_layers, overrides, start, end = plan
    shifts = resolve(given_layers, overrides, start, end)
    edges = [edge for s in shifts for edge in (s.start, s.start - TICK, s.end, s.end - TICK)][:40]
    for moment in [*edges, *(start + (end - start) * share for share in where)]:
        if start <= moment < end:
            assert holding(shifts, moment) == oracle(given_layers, overrides, moment), moment


@settings(deadline=None, max_examples=150)
@given(plan=plans(), before=spans, after=spans)
def test_a_part_of_a_range_is_the_range_cut(plan: Plan, before: timedelta, after: timedelta) -> None:
    given_layers, overrides, start, end = plan
    wide = resolve(given_layers, overrides, start - before, end + after)
    assert cut(resolve(given_layers, overrides, start, end), start, end) == cut(wide, start, end)


@settings(deadline=None, max_examples=150)
@given(plan=plans(), where=st.floats(0, 1, exclude_max=True))
def test_at_agrees_with_resolve(plan: Plan, where: float) -> None:
    given_layers, overrides, start, end = plan
    instant = min(start + (end - start) * where, end - TICK)
    found = at(given_layers, overrides, instant)
    wide = resolve(given_layers, overrides, instant - LOOK - TICK, instant + LOOK + TICK)
    whole = [s for s in wide if s.start <= instant < s.end]
    assert [(s.member, s.source, s.layer) for s in found] == [(s.member, s.source, s.layer) for s in whole]
    for short, long in zip(found, whole, strict=True):
        assert long.start <= short.start <= instant < short.end <= long.end
        if long.start > instant - LOOK and long.end < instant + LOOK:
            assert short == long


@settings(deadline=None, max_examples=100)
@given(plan=plans())
def test_shifts_are_in_order_within_the_range_and_merged(plan: Plan) -> None:
    given_layers, overrides, start, end = plan
    shifts = resolve(given_layers, overrides, start, end)
    assert [s.start for s in shifts] == sorted(s.start for s in shifts)
    assert all(start <= s.start < s.end <= end and s.start.tzinfo is UTC for s in shifts)
    begins = {(s.start, s.member, s.layer) for s in shifts}
    assert not any((s.end, s.member, s.layer) in begins for s in shifts)


@settings(deadline=None, max_examples=100)
@given(plan=plans())
def test_where_a_layer_covers_there_is_no_gap(plan: Plan) -> None:
    given_layers, overrides, start, end = plan
    whole = Layer("Australia/Lord_Howe", date(2024, 2, 29), (("L",), ("M", "N")), "month", 1, time(2, 15), priority=-1)
    assert gaps(resolve([*given_layers, whole], overrides, start, end), start, end) == []


def covered(found: Sequence[Piece | Shift]) -> list[tuple[Member, int | None, datetime, datetime]]:
    """Who is on call by what, neighbours made one."""
    merged: list[tuple[Member, int | None, datetime, datetime]] = []
    for each in sorted(found, key=lambda one: (str(one.member), str(one.layer), one.start)):
        if merged and merged[-1][:2] == (each.member, each.layer) and merged[-1][3] == each.start:
            merged[-1] = (each.member, each.layer, merged[-1][2], each.end)
        else:
            merged.append((each.member, each.layer, each.start, each.end))
    return merged


def name(each: Piece) -> tuple[object, ...]:
    return each.member, each.layer, each.override, each.origin, each.whole_end, each.part


@settings(deadline=None, max_examples=150)
@given(plan=plans(), before=spans, after=spans)
def test_pieces_are_the_shifts_and_keep_their_names_whatever_the_range(
    plan: Plan, before: timedelta, after: timedelta
) -> None:
    given_layers, overrides, start, end = plan
    found = pieces(given_layers, overrides, start, end)
    within = [replace(p, start=max(p.start, start), end=min(p.end, end)) for p in found]
    assert covered(within) == covered(resolve(given_layers, overrides, start, end))
    assert len({name(each) for each in found}) == len(found)
    wide = pieces(given_layers, overrides, start - before, end + after)
    assert found == [each for each in wide if each.start < end and each.end > start]


def test_a_piece_keeps_its_name_when_somebody_takes_its_beginning_or_its_neighbour() -> None:
    start, end = utc("2026-01-05T08:00"), utc("2026-01-26T08:00")
    names = [name(each) for each in pieces([weekly("A", "B")], [], start, end)]
    first = Override(start, start + timedelta(days=1), "X")
    middle = Override(utc("2026-01-14T00:00"), utc("2026-01-15T00:00"), "X")
    found = pieces([weekly("A", "B")], [first, middle], start, end)
    assert [each for each in names if each not in {name(piece) for piece in found}] == []
    assert [(each.start.day, each.member, each.part) for each in found] == [
        (5, "X", 0), (6, "A", 0), (12, "B", 0), (14, "X", 0), (15, "B", 1), (19, "A", 0),
    ]  # fmt: skip


def test_a_single_person_has_a_piece_for_each_turn() -> None:
    found = pieces([weekly("A")], [], utc("2026-01-06T00:00"), utc("2026-01-20T00:00"))
    assert [(each.start, each.part) for each in found] == [
        (utc("2026-01-05T08:00"), 0), (utc("2026-01-12T08:00"), 0), (utc("2026-01-19T08:00"), 0),
    ]  # fmt: skip


def test_listed_times_cover_by_their_priority() -> None:
    low = Listed((Span(utc("2026-01-05T00:00"), utc("2026-01-07T00:00"), "A"),))
    high = Listed((Span(utc("2026-01-06T00:00"), utc("2026-01-06T12:00"), "B"),), priority=2)
    found = resolve([weekly("W"), low, high], [], utc("2026-01-05T12:00"), utc("2026-01-06T18:00"))
    assert [(s.start.hour, s.member, s.layer) for s in found] == [
        (12, "W", 0), (12, "A", 1), (0, "B", 2), (12, "W", 0), (12, "A", 1),
    ]  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(*members: Member, zone: str = "UTC", weekday: int = 0, handover: time = time(8)) -> Layer:
    return Layer(zone, date(2026, 1, 5), tuple((each,) for each in members), "week", 1, handover, weekday)


def test_a_turn_over_the_spring_change_is_an_hour_shorter() -> None:
    layer = Layer("America/New_York", date(2026, 3, 1), (("A",), ("B",)), "week", 1, time(9), 6)
    assert resolve([layer], [], utc("2026-03-01T14:00"), utc("2026-03-15T13:00")) == [
        Shift(utc("2026-03-01T14:00"), utc("2026-03-08T13:00"), "A", "rotation", 0),
        Shift(utc("2026-03-08T13:00"), utc("2026-03-15T13:00"), "B", "rotation", 0),
    ]


def test_a_skipped_handover_happens_right_after_the_gap() -> None:
    layer = Layer("America/New_York", date(2026, 3, 1), (("A",), ("B",)), "week", 1, time(2, 30), 6)
    assert at([layer], [], utc("2026-03-08T07:00")) == [
        Shift(utc("2026-03-08T07:00"), utc("2026-03-15T06:30"), "B", "rotation", 0)
    ]


def test_a_handover_time_shown_twice_means_the_first() -> None:
    layer = Layer("America/New_York", date(2026, 11, 1), (("A",), ("B",)), "week", 1, time(1, 30), 6)
    # 06:10 UTC shows 01:10 for the second time: the handover at 01:30 is over, whatever the clock says.
    found = [at([layer], [], utc(f"2026-11-01T{hour}"))[0].member for hour in ("05:10", "05:30", "06:10")]
    assert found == ["B", "A", "A"]


def test_twelve_hour_turns_stay_at_their_local_hours() -> None:
    layer = Layer("America/New_York", date(2026, 3, 7), (("day",), ("night",)), "hour", 12, time(8))
    shifts = resolve([layer], [], utc("2026-03-07T13:00"), utc("2026-03-09T00:00"))
    assert [(s.start, s.member) for s in shifts] == [
        (utc("2026-03-07T13:00"), "day"), (utc("2026-03-08T01:00"), "night"), (utc("2026-03-08T12:00"), "day"),
    ]  # fmt: skip


def test_a_month_without_the_day_hands_over_on_its_last() -> None:
    layer = Layer("UTC", date(2026, 1, 31), (("A",), ("B",)), "month", 1, time(0))
    starts = [s.start for s in resolve([layer], [], utc("2026-01-31T00:00"), utc("2026-05-01T00:00"))]
    assert [(each.month, each.day) for each in starts] == [(1, 31), (2, 28), (3, 31), (4, 30)]


def test_the_sun_is_followed() -> None:
    """All three all the time, each in their own office hours."""
    layer = Layer(
        "UTC", date(2026, 1, 5), (("shanghai", "berlin", "new york"),), "week",
        windows=(Window(frozenset(range(5)), time(9), time(17)),),
        zones={"shanghai": "Asia/Shanghai", "berlin": "Europe/Berlin", "new york": "America/New_York"},
    )  # fmt: skip
    hours = {hour: {s.member for s in at([layer], [], utc(f"2026-06-02T{hour:02}:30"))} for hour in range(24)}
    assert hours[2] == {"shanghai"} and hours[7] == {"shanghai", "berlin"} and hours[12] == {"berlin"}
    assert hours[14] == {"berlin", "new york"} and hours[20] == {"new york"} and hours[22] == set()


def test_a_lower_layer_is_split_around_a_higher_one() -> None:
    office = Layer(
        "UTC", date(2026, 1, 5), (("O",),), "week", windows=(Window(end=time(17), start=time(9)),), priority=1
    )
    assert resolve([weekly("A"), office], [], utc("2026-01-06T00:00"), utc("2026-01-07T00:00")) == [
        Shift(utc("2026-01-06T00:00"), utc("2026-01-06T09:00"), "A", "rotation", 0),
        Shift(utc("2026-01-06T09:00"), utc("2026-01-06T17:00"), "O", "rotation", 1),
        Shift(utc("2026-01-06T17:00"), utc("2026-01-07T00:00"), "A", "rotation", 0),
    ]


def test_a_replacement_takes_only_the_shifts_of_the_one_replaced() -> None:
    swap = Override(utc("2026-01-05T00:00"), utc("2026-01-26T00:00"), "C", replaces="A")
    shifts = resolve([weekly("A", "B")], [swap], utc("2026-01-05T08:00"), utc("2026-01-26T08:00"))
    assert [(s.start.day, s.member, s.source) for s in shifts] == [
        (5, "C", "override"), (12, "B", "rotation"), (19, "C", "override"), (26, "A", "rotation"),
    ]  # fmt: skip


def test_the_start_date_need_not_be_a_handover_day() -> None:
    layer = Layer("UTC", date(2026, 1, 7), (("A",), ("B",)), "week", 1, time(8), 0)  # a Wednesday; handover on Mondays
    expected = [Shift(utc("2026-01-05T08:00"), utc("2026-01-12T08:00"), "A", "rotation", 0)]
    assert at([layer], [], utc("2026-01-07T00:00")) == expected


def test_turns_of_the_same_member_in_a_row_are_one_shift() -> None:
    expected = [Shift(utc("2026-01-19T08:00"), utc("2026-02-02T08:00"), "A", "rotation", 0)]
    assert at([weekly("A", "B", "A")], [], utc("2026-01-20T00:00")) == expected


def test_a_single_member_is_on_call_in_turns_for_at_and_without_end_for_resolve() -> None:
    start, end = utc("2026-01-01T00:00"), utc("2026-03-01T00:00")
    assert resolve([weekly(7)], [], start, end) == [Shift(start, end, 7, "rotation", 0)]
    expected = [Shift(utc("2026-01-05T08:00"), utc("2026-01-12T08:00"), 7, "rotation", 0)]
    assert at([weekly(7)], [], utc("2026-01-06T00:00")) == expected


def test_long_turns_and_overrides_are_whole_whenever_one_asks() -> None:
    year = Layer("UTC", date(2026, 1, 5), (("A",), ("B",)), "week", 52, time(8))
    whole = Shift(utc("2026-01-05T08:00"), utc("2027-01-04T08:00"), "A", "rotation", 0)
    leave = Override(utc("2027-02-01T00:00"), utc("2028-01-31T00:00"), "C")
    for moment in ("2026-01-05T08:00", "2026-07-01T00:00", "2027-01-04T07:59"):
        assert at([year], [leave], utc(moment)) == [whole]
    for moment in ("2027-02-01T00:00", "2028-01-30T23:59"):
        assert at([year], [leave], utc(moment)) == [Shift(leave.start, leave.end, "C", "override")]


def test_ten_years_are_complete() -> None:
    layer = Layer("Australia/Lord_Howe", date(2026, 1, 4), (("A",), ("B",), ("C",)), "week", 1, time(2, 15), 6)
    start, end = utc("2026-01-05T00:00"), utc("2036-01-05T00:00")
    overrides = [
        Override(start + timedelta(days=9 * n), start + timedelta(days=9 * n + 2), f"X{n}") for n in range(400)
    ]
    shifts = resolve([layer], overrides, start, end)
    assert gaps(shifts, start, end) == []
    assert len([s for s in shifts if s.source == "override"]) == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"zone": "Mars/Olympus"}, {"handover_weekday": 7}, {"handover_weekday": -1}, {"unit": "year"}, {"length": 0},
        {"handover_time": time(8, tzinfo=UTC)}, {"start": datetime(2026, 1, 1, tzinfo=UTC)},
        {"zones": {"A": "Mars/Olympus"}}, {"begins_at": datetime.fromisoformat("2026-01-01")},
        {"begins_at": utc("2026-01-02T00:00"), "ends_at": utc("2026-01-02T00:00")},
    ],
)  # fmt: skip
def test_nonsense_layers_are_refused(changed: dict[str, object]) -> None:
    good = {"zone": "UTC", "start": date(2026, 1, 1), "turns": (("A",),)}
    with pytest.raises(RotationError):
        Layer(**(good | changed))  # type: ignore[arg-type]


def test_nonsense_times_are_refused() -> None:
    with pytest.raises(RotationError, match="end after"):
        Override(utc("2026-01-02T00:00"), utc("2026-01-02T00:00"), "A")
    with pytest.raises(RotationError, match="zone"):
        Override(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2026-01-02"), "A")
    with pytest.raises(RotationError, match="zone"):
        at([], [], datetime.fromisoformat("2026-01-01"))
    with pytest.raises(RotationError, match="end after"):
        Span(utc("2026-01-02T00:00"), utc("2026-01-02T00:00"), "A")
    with pytest.raises(RotationError, match="at least one"):
        Window(frozenset())


def test_nobody_is_nobody() -> None:
    start, end = utc("2026-01-01T00:00"), utc("2026-02-01T00:00")
    for empty in ([], [weekly()], [Layer("UTC", date(2026, 1, 1), ((), ()))]):
        assert resolve(empty, [], start, end) == resolve(empty, [], end, start) == at(empty, [], start) == []
    assert gaps([], start, end) == [(start, end)]


def test_handovers_are_told_also_to_the_same_person() -> None:
    layer = Layer("Europe/Berlin", date(2026, 3, 16), (("ann",), ("ann",)), handover_weekday=0)
    start, end = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 6, 7, tzinfo=UTC)
    # Berlin's clocks go forward on 29 March; the last one is the end of the range, which is left out.
    assert handovers(layer, start, end) == [datetime(2026, 3, 23, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)]
    assert handovers(Layer("UTC", date(2026, 3, 16), ()), start, end) == []
