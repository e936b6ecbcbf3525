"""Sign-in attempts live for a day, sessions until they expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction

from steward.foundation.history import registry
from steward.foundation.testing.races import race
from steward.people.accounts import signin
from steward.people.accounts.models import SignInAttempt
from steward.people.accounts.tests.factories import NOW


def attempt(at: datetime) -> SignInAttempt:
    return SignInAttempt.objects.create(at=at, username="ana", address="192.0.2.1")


def session(number: int, ends: datetime) -> Session:
    return Session.objects.create(session_key=f"key{number}", session_data="", expire_date=ends)


def clean(name: str, now: datetime = NOW) -> int:
    """Every step of one cleaner, as the nightly run at that time takes them."""
    cleaner, lifetime = next(found for found in registry.cleaners() if found[0].name == name)
    removed = 0
    for _step in range(30):
        with transaction.atomic():
            step = cleaner.clean(now - lifetime, 0)
        removed += step.removed
        if step.after is None:
            return removed
    raise AssertionError("the cleaner does not end")


@pytest.mark.django_db
def test_attempts_of_yesterday_go_and_those_that_count_stay() -> None:
    attempt(NOW - timedelta(hours=25))
    counted = attempt(NOW - timedelta(minutes=14))
    assert clean("sign-in attempts") == 1
    assert SignInAttempt.objects.get() == counted


@pytest.mark.django_db
def test_sessions_that_expired_go_and_others_stay() -> None:
    session(1, NOW - timedelta(seconds=1))
    open_one = session(2, NOW + timedelta(seconds=1))
    assert clean("sessions") == 1
    assert Session.objects.get() == open_one


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["sessions", "sign-in attempts"])
def test_two_at_once_and_in_small_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "BATCH", 15)
    for n in range(100):
        session(n, NOW - timedelta(days=2))
        attempt(NOW - timedelta(days=2))
    results: list[Any] = race(*[lambda: clean(name)] * 2)
    assert all(isinstance(each, int) for each in results), results
    assert sum(results) + clean(name) == 100
