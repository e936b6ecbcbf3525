"""The decisions about deliveries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.notifications.rules import (
    LONGEST_RETRY_AFTER,
    MAX_ATTEMPTS,
    Answer,
    Method,
    Target,
    after,
    page_state,
    targets,
)

NOW = datetime(2026, 3, 2, 3, 4, tzinfo=UTC)


def test_every_enabled_method_once() -> None:
    methods = [
        Method(1, "apprise", "ntfy://a", True),
        Method(2, "email", "a@example.org", False),
        Method(3, "email", "b@example.org", True),
        Method(4, "email", "b@example.org", True),
    ]
    found = targets(methods, "own@example.org")
    assert found == [Target(1, "apprise", "ntfy://a"), Target(3, "email", "b@example.org")]


def test_own_address_when_there_is_no_enabled_method() -> None:
    own = [Target(None, "email", "own@example.org")]
    assert targets([], "own@example.org") == own
    assert targets([Method(1, "apprise", "ntfy://a", False)], "own@example.org") == own
    assert targets([], "") == []


def test_final_answers_are_not_tried_again() -> None:
    outcome = after(Answer(False, "550 no", retryable=False), attempt=1, wanted=True, now=NOW, seed="x")
    assert (outcome.state, outcome.due_at) == ("failed", None)


def test_gives_up_after_the_last_try() -> None:
    answer = Answer(False, "450 later", retryable=True)
    assert after(answer, attempt=MAX_ATTEMPTS - 1, wanted=True, now=NOW, seed="x").state == "retrying"
    assert after(answer, attempt=MAX_ATTEMPTS, wanted=True, now=NOW, seed="x").state == "failed"


def test_nothing_is_tried_again_after_cancellation() -> None:
    answer = Answer(False, "450 later", retryable=True)
    assert after(answer, attempt=1, wanted=False, now=NOW, seed="x").state == "cancelled"


def test_all_tries_fit_into_about_ten_minutes() -> None:
    total = timedelta()
    for attempt in range(1, MAX_ATTEMPTS):
        outcome = after(Answer(False, "", retryable=True), attempt=attempt, wanted=True, now=NOW, seed="x")
        assert outcome.due_at is not None
        total += outcome.due_at - NOW
    assert timedelta(minutes=5) <= total <= timedelta(minutes=11)


def test_a_server_that_asks_to_wait_is_believed_within_bounds() -> None:
    def due(seconds: float) -> timedelta:
        answer = Answer(False, "429", retryable=True, retry_after=seconds)
        outcome = after(answer, attempt=1, wanted=True, now=NOW, seed="x")
        assert outcome.due_at is not None
        return outcome.due_at - NOW

    assert due(120) == timedelta(seconds=120)
    assert due(1e9) == LONGEST_RETRY_AFTER
    assert due(-5) > timedelta()


@pytest.mark.parametrize(
    ("deliveries", "current", "expected"),
    [
        (["sent", "retrying"], "pending", "sent"),
        (["failed", "waiting"], "pending", "pending"),
        (["failed", "failed"], "pending", "failed"),
        (["failed", "cancelled"], "cancelled", "cancelled"),
        (["cancelled", "sent"], "cancelled", "sent"),  # it left before it could be stopped
        ([], "failed", "failed"),
    ],
)
def test_page_state(deliveries: list[str], current: str, expected: str) -> None:
    assert page_state(deliveries, current) == expected


@given(
    st.builds(Answer, st.booleans(), st.text(), st.booleans(), st.booleans(), st.none() | st.floats(0, 1e6)),
    st.integers(1, 20),
    st.booleans(),
)
def test_a_delivery_is_due_again_exactly_when_it_is_retried(answer: Answer, attempt: int, wanted: bool) -> None:
    outcome = after(answer, attempt=attempt, wanted=wanted, now=NOW, seed="s")
    assert (outcome.due_at is not None) == (outcome.state == "retrying")
    assert outcome.due_at is None or outcome.due_at > NOW
    assert (outcome.state == "sent") == answer.ok
