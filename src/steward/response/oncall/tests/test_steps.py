"""Conditions, hours and branches: which steps an escalation takes. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.oncall.rules import (
    BREATH,
    Act,
    Condition,
    Exhausted,
    Hours,
    Jump,
    Met,
    Notify,
    PassOver,
    Place,
    Plan,
    Repeat,
    SkipWait,
    Step,
    Wait,
    WaitUntil,
    World,
    after_move,
    check_steps,
    in_turn,
    next_move,
    resumed,
    stretch,
    unmet,
)

OFFICE = Hours((0, 1, 2, 3, 4), "09:00", "17:00", "America/New_York")
NIGHT = Hours((4,), "22:00", "06:00", "Europe/Berlin")
# Monday, 2 March 2026: 12:00 UTC is 07:00 in New York, 15:00 UTC is 10:00 there.
EARLY, OFFICE_TIME = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 15, tzinfo=UTC)
A, B, W = Step("notify_user", 1, "A"), Step("notify_user", 2, "B"), Step("wait", wait_minutes=5)


def only(step: Step, **condition: Any) -> Step:
    return Step(step.kind, step.target_id, step.label, step.wait_minutes, only_if=Condition(**condition))


def plan(*steps: Step, repeat: int = 0) -> Plan:
    return Plan(1, "Application", 3, repeat, steps)


def walk(chosen: Plan, world: World, reached: bool = True) -> str:
    """What happens, in short; time passes with each wait."""
    place, said = Place(), []
    for _count in range(500):
        move = next_move(chosen, place, world)
        place = after_move(place, move, reached=isinstance(move, Notify) and reached)
        match move:
            case Notify():
                said.append(move.step.label)
            case Act() | Met():
                said.append(move.step.kind)
            case Wait():
                said.append(f"{move.delay.seconds // 60}m")
                world = World(world.now + move.delay, world.severity, world.alerts)
                place = resumed(place.position, place.round)
            case WaitUntil():
                said.append(f"until {move.until:%a %H:%M}")
                world = World(move.until, world.severity, world.alerts)
                place = resumed(place.position, place.round)
            case PassOver() | Jump() | SkipWait():
                said.append(f"({move.step.label or move.step.kind})")
            case Repeat():
                said.append("again")
            case Exhausted():
                return " ".join([*said, move.reason])
    raise AssertionError("the escalation does not end")


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-03-02T13:59:59+00:00", False),  # winter: 09:00 is 14:00 UTC
        ("2026-03-02T14:00:00+00:00", True),
        ("2026-03-02T22:00:00+00:00", False),  # the end is not included
        ("2026-03-09T13:00:00+00:00", True),  # summer: 09:00 is 13:00 UTC
        ("2026-03-07T15:00:00+00:00", False),  # a Saturday
    ],
)
def test_hours_are_of_their_zone_summer_and_winter(moment: str, holds: bool) -> None:
    assert OFFICE.hold(datetime.fromisoformat(moment)) is holds


def test_hours_over_midnight_belong_to_the_day_that_they_begin_on() -> None:
    friday = datetime(2026, 3, 6, 21, tzinfo=UTC)  # 22:00 in Berlin
    assert NIGHT.hold(friday)
    assert NIGHT.hold(friday + timedelta(hours=7, minutes=59))
    assert not NIGHT.hold(friday + timedelta(hours=8))
    assert not NIGHT.hold(friday - timedelta(days=1))
    whole = Hours((6,), "00:00", "00:00", "UTC")
    assert whole.hold(datetime(2026, 3, 8, 23, 59, tzinfo=UTC))
    assert not whole.hold(datetime(2026, 3, 9, tzinfo=UTC))


_zones = st.sampled_from(["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"])
_clock = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
_days = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
_hours = st.builds(Hours, _days, _clock, _clock, _zones)
_moments = st.integers(0, 400 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(_hours, _moments)
def test_what_waits_for_hours_wakes_when_they_begin(hours: Hours, now: datetime) -> None:
    begin = hours.begin_after(now)
    assert now <= begin <= now + timedelta(days=8)
    if begin > now:
        assert not hours.hold(now)
        assert hours.hold(begin) and not hours.hold(begin - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("condition", "world", "what"),
    [
        (Condition(), World(EARLY), None),
        (Condition(OFFICE), World(EARLY), "outside"),
        (Condition(OFFICE), World(OFFICE_TIME), None),
        (Condition(OFFICE, outside=True), World(OFFICE_TIME), "inside"),
        (Condition(severity="SEV2"), World(EARLY, "SEV1"), None),
        (Condition(severity="SEV2"), World(EARLY, "SEV2"), None),
        (Condition(severity="SEV2"), World(EARLY, "SEV3"), "severity"),
        (Condition(severity="SEV2"), World(EARLY), None),  # not known: it keeps nobody from being paged
        (Condition(alerts=5, minutes=10), World(EARLY, alerts={10: 6}), None),
        (Condition(alerts=5, minutes=10), World(EARLY, alerts={10: 5}), "alerts"),
        (Condition(alerts=5, minutes=10), World(EARLY), None),
        (Condition(OFFICE, severity="SEV1"), World(OFFICE_TIME, "SEV2"), "severity"),
    ],
)
def test_conditions(condition: Condition, world: World, what: str | None) -> None:
    found = unmet(condition, world)
    assert (found.what if found else None) == what


@pytest.mark.parametrize(
    ("steps", "repeat", "now", "expected"),
    [
        # Branches of working hours: one of two.
        ((only(A, hours=OFFICE), only(B, hours=OFFICE, outside=True), W), 0, OFFICE_TIME, "A (B) 5m no-rounds"),
        ((only(A, hours=OFFICE), only(B, hours=OFFICE, outside=True), W), 0, EARLY, "(A) B 5m no-rounds"),
        # Who waits for a step that was passed over waits for nobody.
        ((only(A, hours=OFFICE), W, B, W), 0, EARLY, "(A) (wait) B 5m no-rounds"),
        # Waiting for hours is meant, whoever was reached.
        ((Step("wait_hours", hours=OFFICE), A, W), 0, EARLY, "until Mon 14:00 A 5m no-rounds"),
        ((Step("wait_hours", hours=OFFICE), A, W), 0, OFFICE_TIME, "wait_hours A 5m no-rounds"),
        ((A, Step("continue_if", skip=2, only_if=Condition(severity="SEV2")), B, W, A, W), 0, EARLY,
         "A (continue_if) A 5m no-rounds"),
        ((A, W, Step("continue_if", only_if=Condition(severity="SEV1")), B, W), 1, EARLY, "A 5m not-continued"),
        ((A, W, Step("continue_if", only_if=Condition(severity="SEV3")), B, W), 0, EARLY,
         "A 5m continue_if B 5m no-rounds"),
        ((A, W, Step("end"), B, W), 3, EARLY, "A 5m end"),
        ((A, Step("webhook", url="https://x"), Step("raise_severity", severity="SEV1"), W), 0, EARLY,
         "A webhook raise_severity 5m no-rounds"),
        # All of it passed over: there is nobody to page, now or in the next round.
        ((only(A, hours=OFFICE), W), 3, EARLY, "(A) (wait) no-use"),
        # A round that kept no wait takes a breath; else all rounds would be over at once.
        ((A, only(W, severity="SEV1")), 2, EARLY, f"A (wait) {BREATH}m again A (wait) {BREATH}m again A (wait) no-rounds"),
    ],
)  # fmt: skip
def test_walks(steps: tuple[Step, ...], repeat: int, now: datetime, expected: str) -> None:
    assert walk(plan(*steps, repeat=repeat), World(now, "SEV3")) == expected


def test_nobody_stops_waiting_for_hours_because_a_page_failed() -> None:
    chosen = plan(A, Step("wait_hours", hours=OFFICE), B, W)
    assert list(stretch(chosen, 2)) == []
    assert list(stretch(chosen, 4)) == [0, 1, 2]


def test_of_a_wait_that_may_have_been_passed_over_the_people_before_it_count() -> None:
    assert list(stretch(plan(A, only(W, severity="SEV1"), B, W), 4)) == [0, 1, 2]
    jumped = plan(A, Step("continue_if", skip=1, only_if=Condition(severity="SEV1")), W, B, W)
    assert list(stretch(jumped, 5)) == [0, 1, 2, 3]


_conditions = st.builds(
    Condition, st.none() | _hours, st.booleans(), st.sampled_from(["", "SEV1", "SEV3"]), st.none() | st.integers(0, 5),
    st.just(10),
)  # fmt: skip
_steps = st.one_of(
    st.builds(Step, st.sampled_from(["notify_user", "turn_team"]), st.integers(1, 5), only_if=_conditions),
    st.builds(Step, st.just("wait"), wait_minutes=st.integers(1, 60), only_if=_conditions),
    st.builds(Step, st.just("wait_hours"), hours=_hours),
    st.builds(Step, st.just("continue_if"), skip=st.integers(0, 3), only_if=_conditions),
    st.builds(Step, st.sampled_from(["webhook", "runbook", "end"]), only_if=_conditions),
)
_plans = st.builds(
    Plan, st.just(1), st.just("P"), st.just(1), st.integers(0, 3), st.lists(_steps, max_size=7).map(tuple)
)
_worlds = st.builds(
    World, _moments,
    st.sampled_from(["", "SEV1", "SEV2", "SEV4"]), st.dictionaries(st.just(10), st.integers(0, 9)),
)  # fmt: skip


@given(_plans, _worlds, st.booleans())
def test_every_policy_ends(chosen: Plan, world: World, reached: bool) -> None:
    said = walk(chosen, world, reached)
    assert said.split().count("again") <= chosen.repeat


@given(_plans)
def test_the_stored_plan_is_the_plan(chosen: Plan) -> None:
    read = Plan.from_json(json.loads(json.dumps(chosen.to_json())))
    for stored, was in zip(read.steps, chosen.steps, strict=True):
        # What asks for nothing is stored as nothing.
        assert stored.only_if == was.only_if or stored.to_json() == was.to_json()
    assert read.to_json() == chosen.to_json()


def test_a_snapshot_of_before_is_still_a_plan() -> None:
    old = {
        "policy": {"id": 4, "name": "Main", "version": 2}, "repeat": 1, "message": {"title": "x"},
        "steps": [
            {"kind": "notify_schedule", "id": 9, "label": "App", "wait_minutes": 0},
            {"kind": "wait", "id": None, "label": "", "wait_minutes": None},
        ],
    }  # fmt: skip
    read = Plan.from_json(old)
    assert read == Plan(4, "Main", 2, 1, (Step("notify_schedule", 9, "App"), Step("wait")))
    assert read.steps[0].important


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        (Step("turn_people"), ["people"]),
        (Step("turn_people", people=(1, 1)), ["people-twice"]),
        (Step("turn_team"), ["target"]),
        (Step("notify_previous"), ["target"]),
        (Step("wait_hours"), ["hours"]),
        (Step("wait_hours", hours=Hours((), "09:00", "17:00", "UTC")), ["days"]),
        (Step("wait_hours", hours=Hours((7,), "09:00", "17:00", "UTC")), ["days"]),
        (Step("wait_hours", hours=Hours((0,), "9:0", "17:00", "UTC")), ["times"]),
        (Step("wait_hours", hours=Hours((0,), "09:00", "24:00", "UTC")), ["times"]),
        (Step("wait_hours", hours=Hours((0,), "09:00", "17:00", "Mars/Olympus")), ["zone"]),
        (Step("wait_hours", hours=OFFICE, only_if=Condition(OFFICE)), ["hours-twice"]),
        (Step("continue_if"), ["no-condition"]),
        (Step("continue_if", skip=2, only_if=Condition(severity="SEV1")), ["skip-too-far"]),
        (Step("continue_if", skip=1, only_if=Condition(severity="SEV1")), []),
        (Step("webhook"), ["url"]),
        (Step("runbook"), ["runbook"]),
        (Step("raise_severity", severity="SEV0"), ["severity"]),
        (only(A, severity="bad"), ["severity"]),
        (only(A, alerts=-1, minutes=5), ["alerts"]),
        (only(A, alerts=3), ["alerts"]),
        (only(A, hours=Hours((0,), "", "", "UTC")), ["times"]),
        (Step("end"), []),
    ],
)
def test_what_is_wrong_with_a_step(step: Step, codes: list[str]) -> None:
    assert [code for _index, code in check_steps((A, step, W), 0)] == codes


def test_repeating_needs_a_wait_that_is_always_kept() -> None:
    assert [code for _index, code in check_steps((A, only(W, severity="SEV1")), 1)] == ["no-last-wait"]


def test_whose_turn_it_is() -> None:
    assert in_turn([3, 1, 2], {}) == [3, 1, 2]
    assert in_turn([3, 1, 2], {3: 1}) == [1, 2, 3]
    assert in_turn([3, 1, 2, 9], {3: 1, 1: 2, 2: 3}) == [9, 3, 1, 2]  # who is new comes first


@given(st.lists(st.integers(1, 6), min_size=1, unique=True), st.integers(1, 40))
def test_turns_are_fair(people: list[int], times: int) -> None:
    served: dict[int, int] = {}
    taken = []
    for number in range(1, times + 1):
        who = in_turn(people, served)[0]
        served[who] = number
        taken.append(who)
    counts = [taken.count(each) for each in people]
    assert max(counts) - min(counts) <= 1
