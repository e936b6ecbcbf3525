"""What an escalation does next, for any policy."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.oncall.rules import (
    Exhausted,
    Move,
    Notify,
    Place,
    Plan,
    Repeat,
    SkipWait,
    Step,
    Wait,
    after_move,
    all_failed,
    check_steps,
    next_move,
    resumed,
    stretch,
)

A, B, W = Step("notify_user", 1, "A"), Step("notify_user", 2, "B"), Step("wait", wait_minutes=5)


def plan(*steps: Step, repeat: int = 0) -> Plan:
    return Plan(1, "Application", 3, repeat, steps)


def walk(chosen: Plan, reached: set[int]) -> list[Move]:
    """All moves when the people in ``reached`` (target ids) can be paged; waits are passed at once."""
    place, moves = Place(), []
    for _count in range(1000):
        move = next_move(chosen, place)
        moves.append(move)
        if isinstance(move, Exhausted):
            return moves
        place = after_move(place, move, reached=isinstance(move, Notify) and move.step.target_id in reached)
        if isinstance(move, Wait):
            place = resumed(place.position, place.round)
    raise AssertionError("the escalation does not end")


def words(moves: list[Move]) -> str:
    names = {Wait: "wait", SkipWait: "skip", Repeat: "repeat", Exhausted: "end"}
    return " ".join(move.step.label if isinstance(move, Notify) else names[type(move)] for move in moves)


@pytest.mark.parametrize(
    ("steps", "repeat", "reached", "expected"),
    [
        ((A, W, B, W), 0, {1, 2}, "A wait B wait end"),
        ((A, W, B, W), 1, {1, 2}, "A wait B wait repeat A wait B wait end"),
        ((A, W, B, W), 0, {2}, "A skip B wait end"),  # nobody to wait for: on to the next step at once
        ((A, B, W), 0, {1}, "A B wait end"),  # B's trouble does not take A's time away
        ((W, A, W), 0, {1}, "wait A wait end"),  # waiting first is meant
        ((W, W, A), 0, {1}, "wait wait A end"),
        ((A, W, W, B), 0, {2}, "A skip skip B end"),
        ((A, W, B, W), 3, set(), "A skip B skip end"),  # repeating at the same moment cannot help
        ((W, A), 1, set(), "wait A repeat skip A end"),
        ((W,), 2, set(), "end"),
        ((), 2, set(), "end"),
    ],
)
def test_moves(steps: tuple[Step, ...], repeat: int, reached: set[int], expected: str) -> None:
    assert words(walk(plan(*steps, repeat=repeat), reached)) == expected


def test_reasons_for_the_end() -> None:
    def reason(chosen: Plan, reached: set[int]) -> str:
        last = walk(chosen, reached)[-1]
        assert isinstance(last, Exhausted)
        return last.reason

    assert reason(plan(W), set()) == "no-steps"
    assert reason(plan(A, W, repeat=1), set()) == "no-use"
    assert reason(plan(A, W, repeat=1), {1}) == "no-rounds"


def test_a_wait_ends_early_when_all_its_pages_failed() -> None:
    chosen = plan(A, W, W, B)
    assert isinstance(next_move(chosen, resumed(2, 0)), Wait)
    assert isinstance(next_move(chosen, resumed(2, 0, all_failed=True)), SkipWait)


_steps = st.one_of(
    st.builds(Step, st.sampled_from(["notify_user", "notify_team", "notify_schedule"]), st.integers(1, 5), st.text()),
    st.builds(Step, st.just("wait"), st.none(), st.just(""), st.integers(1, 60)),
)
_plans = st.builds(Plan, st.just(1), st.text(), st.just(1), st.integers(0, 4), st.lists(_steps, max_size=8).map(tuple))


@given(_plans, st.sets(st.integers(1, 5)))
def test_every_escalation_ends_and_asks_everybody_in_each_round(chosen: Plan, reached: set[int]) -> None:
    moves = walk(chosen, reached)
    rounds = 1 + sum(isinstance(move, Repeat) for move in moves)
    notifying = [step for step in chosen.steps if step.kind != "wait"]
    assert sum(isinstance(move, Notify) for move in moves) == rounds * len(notifying)
    assert rounds <= chosen.repeat + 1
    if notifying and {step.target_id for step in notifying} <= reached:
        assert rounds == chosen.repeat + 1
        assert not any(isinstance(move, SkipWait) for move in moves)


@given(_plans)
def test_the_stored_plan_is_the_plan(chosen: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(chosen.to_json()))) == chosen


def test_wait_is_as_long_as_the_step_says() -> None:
    move = next_move(plan(A, W), Place(position=1, asked=True, reached=True))
    assert isinstance(move, Wait)
    assert move.delay == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("position", "expected"), [(0, []), (2, [0]), (3, []), (6, [3, 4]), (1, [])],
)  # fmt: skip
def test_whose_answer_a_wait_waits_for(position: int, expected: list[int]) -> None:
    assert list(stretch(plan(A, W, W, A, B, W), position)) == expected


@pytest.mark.parametrize(
    ("steps", "repeat", "codes"),
    [
        ((A, W), 2, []),
        ((A,), 0, []),
        ((A,), 1, ["no-last-wait"]),
        ((W,), 0, ["nobody"]),
        ((), 0, ["nobody"]),
        ((A, Step("wait", wait_minutes=0)), 0, ["wait"]),
        ((A, Step("wait", wait_minutes=5000)), 0, ["wait"]),
        ((A, Step("dance", 1)), 0, ["kind"]),
        ((Step("notify_team"),), 0, ["target"]),
        ((A, W), 11, ["repeat"]),
        ((A,) * 31, 0, ["too-many"]),
    ],
)
def test_what_is_wrong_with_a_policy(steps: tuple[Step, ...], repeat: int, codes: list[str]) -> None:
    assert [code for _index, code in check_steps(steps, repeat)] == codes


def test_no_pages_are_not_failed_pages() -> None:
    assert not all_failed([])
    assert all_failed(["failed", "failed"])
    assert not all_failed(["failed", "cancelled"])
