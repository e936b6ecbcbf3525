"""Retry delays: bounds, growth, and the same answer for the same question."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.backoff import next_delay

BASE, CAP = timedelta(seconds=5), timedelta(minutes=10)


@settings(deadline=None, max_examples=100)
@given(attempt=st.integers(1, 10_000), seed=st.text(max_size=20))
def test_delay_lies_between_half_and_all_of_the_capped_doubling(attempt: int, seed: str) -> None:
    full = min(CAP, BASE * 2 ** min(attempt - 1, 30))
    delay = next_delay(attempt, base=BASE, cap=CAP, jitter_seed=seed)
    assert full / 2 <= delay <= full


def test_the_same_seed_and_attempt_give_the_same_delay_in_every_process() -> None:
    # Pinned: a changed formula would reschedule what other processes have already planned.
    assert next_delay(3, base=BASE, cap=CAP, jitter_seed="delivery-1") == timedelta(seconds=14.812424)


def test_seeds_and_attempts_spread_the_delays() -> None:
    by_seed = {next_delay(4, base=BASE, cap=CAP, jitter_seed=str(n)) for n in range(50)}
    by_attempt = {next_delay(n, base=CAP, cap=CAP, jitter_seed="same") for n in range(1, 51)}
    assert len(by_seed) == len(by_attempt) == 50


def test_extreme_spans_do_not_overflow() -> None:
    assert next_delay(10**9, base=timedelta.resolution, cap=timedelta.max, jitter_seed="") <= timedelta.max


@pytest.mark.parametrize(
    ("attempt", "base", "cap"), [(0, BASE, CAP), (-1, BASE, CAP), (1, timedelta(), CAP), (1, CAP, BASE)]
)
def test_nonsense_is_refused(attempt: int, base: timedelta, cap: timedelta) -> None:
    with pytest.raises(ValueError):
        next_delay(attempt, base=base, cap=cap, jitter_seed="x")
