"""What may happen in which state, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from steward.response.incidents import rules
from steward.response.incidents.rules import Verb, closes_at, may_reopen, move

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("verb", "status", "to", "changes"),
    [
        ("acknowledge", "open", "acknowledged", True),
        ("acknowledge", "acknowledged", "acknowledged", False),
        ("acknowledge", "resolved", None, False),
        ("acknowledge", "closed", None, False),
        ("resolve", "open", "resolved", True),
        ("resolve", "acknowledged", "resolved", True),
        ("resolve", "resolved", "resolved", False),
        ("resolve", "closed", None, False),
        ("reopen", "open", "open", False),
        ("reopen", "acknowledged", "acknowledged", False),
        ("reopen", "resolved", "open", True),
        ("reopen", "closed", None, False),
        ("close", "open", None, False),
        ("close", "acknowledged", None, False),
        ("close", "resolved", "closed", True),
        ("close", "closed", "closed", False),
    ],
)
def test_where_a_verb_leads(verb: Verb, status: str, to: str | None, changes: bool) -> None:
    found = move(verb, status)
    assert (found.to, found.changes, found.refused) == (to, changes, to is None)


def test_a_resolved_incident_closes_a_day_later() -> None:
    assert closes_at(NOW) == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("status", "resolved_at", "expected"),
    [
        ("resolved", NOW - timedelta(minutes=30), True),
        ("resolved", NOW - timedelta(minutes=30, seconds=1), False),
        ("resolved", None, False),
        ("open", NOW, False),
        ("closed", NOW, False),
    ],
)
def test_what_fires_again_soon_belongs_to_the_old_incident(
    status: str, resolved_at: datetime | None, expected: bool
) -> None:
    assert may_reopen(status=status, resolved_at=resolved_at, now=NOW, window=WINDOW) is expected


@pytest.mark.parametrize(
    ("current", "offered", "by_hand", "step"),
    [
        ("SEV3", "SEV1", False, "raise"), ("SEV3", "SEV2", False, "raise"), ("SEV3", "SEV3", False, "keep"),
        ("SEV1", "SEV4", False, "keep"), ("SEV3", "SEV1", True, "hold"), ("SEV3", "SEV3", True, "keep"),
        ("SEV2", "SEV3", True, "keep"),
    ],
)  # fmt: skip
def test_severity_is_raised_never_lowered_and_a_persons_is_held(
    current: str, offered: str, by_hand: bool, step: str
) -> None:
    assert rules.raising(current, offered, by_hand=by_hand) == step


@pytest.mark.parametrize(
    ("status", "has_policy", "has_assignee", "who"),
    [
        ("open", True, False, "anew"), ("open", True, True, "anew"), ("open", False, True, "nobody"),
        ("acknowledged", True, True, "assignee"), ("acknowledged", False, True, "assignee"),
        ("acknowledged", True, False, "anew"), ("acknowledged", False, False, "nobody"),
        ("resolved", True, True, "nobody"),
    ],
)  # fmt: skip
def test_who_hears_of_a_raise(status: str, has_policy: bool, has_assignee: bool, who: str) -> None:
    assert rules.hears_of_raise(status=status, has_policy=has_policy, has_assignee=has_assignee) == who
