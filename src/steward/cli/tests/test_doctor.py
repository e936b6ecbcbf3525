"""What doctor says about the nightly run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.cli.doctor import check_history
from steward.foundation import clock
from steward.foundation.history.cleanup import ONLY
from steward.foundation.history.models import Cleanup

pytestmark = pytest.mark.django_db


def said(**fields: Any) -> tuple[str, str]:
    if fields:
        Cleanup.objects.update_or_create(pk=ONLY, defaults=fields)
    (finding,) = check_history()
    return finding.state, finding.text


def test_before_the_first_run() -> None:
    assert said() == ("ok", "never cleaned up yet; an engine does it every night")
    assert said(due_at=clock.now())[0] == "ok"


def test_after_a_run_when_and_how_much() -> None:
    at = clock.now() - timedelta(hours=5)
    state, text = said(finished_at=at, removed={"alerts": 3, "sessions": 4})
    assert (state, text) == ("ok", f"cleaned up {at:%Y-%m-%d %H:%M} UTC, 7 rows removed")


def test_late_or_unfinished_is_a_warning() -> None:
    assert said(finished_at=clock.now() - timedelta(days=3))[0] == "warning"
    state, text = said(finished_at=clock.now(), failed={"alerts": "ProtectedError: still used"})
    assert state == "warning" and "alerts: ProtectedError: still used" in text
