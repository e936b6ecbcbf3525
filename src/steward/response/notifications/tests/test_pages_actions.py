"""Asking for pages, calling them off, and the two halves of a try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from steward.foundation import events
from steward.foundation.actors import ANONYMOUS
from steward.foundation.errors import Forbidden
from steward.foundation.testing.races import race
from steward.response.notifications import actions, queries
from steward.response.notifications.events import PageFailed, PageSent, SubjectLocking
from steward.response.notifications.models import Attempt, ContactMethod, Delivery, Page
from steward.response.notifications.rules import MAX_ATTEMPTS, Answer
from steward.response.notifications.tests.factories import (
    NOW,
    SUBJECT,
    delivery_of,
    page,
    page_of,
    user,
)

OK = Answer(True, "250 taken")
LATER = Answer(False, "450 later", retryable=True)
NEVER = Answer(False, "550 no such user")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Only what is published here, without the rooms above."""
    kept: list[Any] = []
    for kind in (PageSent, PageFailed, SubjectLocking):
        monkeypatch.setitem(events._subscribers, kind, [kept.append])
    yield kept


def told(heard: list[Any]) -> list[Any]:
    return [event for event in heard if not isinstance(event, SubjectLocking)]


def attempt(delivery: Delivery, answer: Answer, *, now: Any = NOW) -> str:
    begun = actions.begin_attempt(now=now, delivery_id=delivery.pk)
    assert begun is not None
    return actions.end_attempt(now=now, sending=begun, answer=answer)


@pytest.mark.django_db
def test_same_key_is_the_same_page() -> None:
    who = user()
    first = page(who)
    assert page(who) == first
    assert page(who, title="another title") == first
    assert (Page.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_all_methods_get_a_delivery() -> None:
    who = user(email="")
    for target in ("a@example.org", "b@example.org"):
        ContactMethod.objects.create(user=who, channel="email", target=target, verified_at=NOW)
    assert page(who).deliveries == 2


@pytest.mark.django_db
def test_unreachable_people_fail_at_once_with_the_reason() -> None:
    nowhere, gone = user(email="", name="Nora Nowhere"), user(is_active=False, name="Gail Gone")
    result = page(nowhere)
    assert result.deliveries == 0
    assert "Nora Nowhere has no contact method" in result.problem
    assert page_of(result).state == "failed"
    assert page(nowhere) == result
    assert "Gail Gone is not active" in page(gone, key="k2").problem
    assert page(nowhere, key="k3", user_id=0).deliveries == 0


@pytest.mark.django_db
def test_paging_needs_the_permission() -> None:
    with pytest.raises(Forbidden):
        page(user(), actor=ANONYMOUS)


@pytest.mark.django_db
def test_success_is_told_with_the_time_it_took(heard: list[Any]) -> None:
    who = user(name="Ann")
    result = page(who)
    assert attempt(delivery_of(result), OK, now=NOW + timedelta(seconds=2)) == "sent"
    assert told(heard) == [PageSent(result.page_id, SUBJECT, "Ann", "email", 2.0, NOW + timedelta(seconds=2))]
    assert isinstance(heard[0], SubjectLocking)
    sent = page_of(result)
    assert (sent.state, sent.sent_at) == ("sent", NOW + timedelta(seconds=2))
    delivery = delivery_of(result)
    assert (delivery.due_at, delivery.leased_until, delivery.attempts.get().outcome) == (None, None, "sent")


@pytest.mark.django_db
def test_failure_is_told_when_the_last_delivery_failed(heard: list[Any]) -> None:
    who = user(email="")
    for target in ("a@example.org", "b@example.org"):
        ContactMethod.objects.create(user=who, channel="email", target=target, verified_at=NOW)
    result = page(who)
    first, second = Delivery.objects.order_by("id")
    assert attempt(first, NEVER) == "failed"
    assert told(heard) == []
    assert attempt(second, NEVER) == "failed"
    assert [type(event) for event in told(heard)] == [PageFailed]
    assert told(heard)[0].reason == "550 no such user"
    assert page_of(result).state == "failed"


@pytest.mark.django_db
def test_passing_trouble_is_tried_again_until_it_is_enough(heard: list[Any]) -> None:
    delivery = delivery_of(page(user()))
    now = NOW
    for number in range(1, MAX_ATTEMPTS + 1):
        state = attempt(delivery, LATER, now=now)
        delivery.refresh_from_db()
        assert state == ("retrying" if number < MAX_ATTEMPTS else "failed")
        if delivery.due_at is not None:
            assert actions.begin_attempt(now=now, delivery_id=delivery.pk) is None  # not due yet
            now = delivery.due_at
    assert Attempt.objects.count() == MAX_ATTEMPTS
    assert [type(event) for event in told(heard)] == [PageFailed]


@pytest.mark.django_db
def test_a_try_that_was_cut_off_is_made_again_under_the_same_key() -> None:
    delivery = delivery_of(page(user()))
    first = actions.begin_attempt(now=NOW, delivery_id=delivery.pk)
    # The process dies here; when the lease is over another one claims the row.
    second = actions.begin_attempt(now=NOW + timedelta(seconds=80), delivery_id=delivery.pk)
    assert first is not None and second is not None
    assert (first.key, first.attempt, second.key, second.attempt) == (first.key, 1, first.key, 2)
    cut_off, running = Attempt.objects.order_by("number")
    assert cut_off.outcome == "cut off"
    assert "whether it arrived is not known" in cut_off.answer
    assert running.outcome == ""


@pytest.mark.django_db
def test_late_news_of_an_overtaken_try(heard: list[Any]) -> None:
    delivery = delivery_of(page(user()))
    slow = actions.begin_attempt(now=NOW, delivery_id=delivery.pk)
    quick = actions.begin_attempt(now=NOW + timedelta(seconds=80), delivery_id=delivery.pk)
    assert slow is not None and quick is not None
    late = NOW + timedelta(seconds=81)
    # Bad news of the first try must not disturb the second, which is under way.
    assert actions.end_attempt(now=late, sending=slow, answer=LATER) == "sending"
    assert actions.end_attempt(now=late, sending=quick, answer=OK) == "sent"
    assert actions.end_attempt(now=late, sending=slow, answer=OK) == "sent"
    assert len(told(heard)) == 1


@pytest.mark.django_db
def test_cancelled_pages_are_not_sent(heard: list[Any]) -> None:
    result = page(user())
    assert actions.cancel_pages(now=NOW, subject=SUBJECT, reason="acknowledged by Ann") == 1
    assert actions.begin_attempt(now=NOW, delivery_id=delivery_of(result).pk) is None
    cancelled = page_of(result)
    assert (cancelled.state, cancelled.reason["cancelled"]) == ("cancelled", "acknowledged by Ann")
    assert (delivery_of(result).state, delivery_of(result).due_at) == ("cancelled", None)
    assert told(heard) == []


@pytest.mark.django_db
def test_cancelling_leaves_other_subjects_and_finished_pages_alone() -> None:
    done = page(user())
    attempt(delivery_of(done), OK)
    other = page(user(), key="k2", subject=type(SUBJECT)("incident", 8))
    assert actions.cancel_pages(now=NOW, subject=SUBJECT, reason="x") == 0
    assert (page_of(done).state, page_of(other).state) == ("sent", "pending")


@pytest.mark.django_db
def test_cancelled_in_flight_is_not_retried_but_may_have_arrived(heard: list[Any]) -> None:
    failing, arriving = page(user()), page(user(), key="k2")
    first, second = [
        actions.begin_attempt(now=NOW, delivery_id=delivery_of(result).pk) for result in (failing, arriving)
    ]
    assert first is not None and second is not None
    assert actions.cancel_pages(now=NOW, subject=SUBJECT, reason="x") == 0
    assert {page_of(failing).state, page_of(arriving).state} == {"cancelled"}
    actions.end_attempt(now=NOW, sending=first, answer=LATER)
    actions.end_attempt(now=NOW, sending=second, answer=OK)
    assert (delivery_of(failing).state, page_of(failing).state) == ("cancelled", "cancelled")
    assert page_of(arriving).state == "sent"
    assert [type(event) for event in told(heard)] == [PageSent]


@pytest.mark.django_db
def test_reach_tells_who_cannot_be_reached() -> None:
    by_mail, nowhere, gone = user(), user(email=""), user(is_active=False)
    found = queries.reach_of([by_mail.pk, nowhere.pk, gone.pk])
    assert found == {by_mail.pk: 1, nowhere.pk: 0, gone.pk: 0}


@pytest.mark.django_db(transaction=True)
def test_two_that_ask_with_one_key_at_once_make_one_page() -> None:
    who = user()
    first, second = race(lambda: page(who), lambda: page(who))
    assert first == second
    assert (Page.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_engines_begins_a_try_that_ended() -> None:
    """Both claimed the row (a lease ended); what one has finished the other does not begin."""
    delivery = delivery_of(page(user()))

    def engine() -> str | None:
        begun = actions.begin_attempt(now=NOW, delivery_id=delivery.pk)
        if begun is None:
            return None
        return actions.end_attempt(now=NOW, sending=begun, answer=OK)

    results = race(engine, engine)
    assert set(results) <= {"sent", None}
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert delivery.attempts.filter(outcome="sent").count() == 1


@pytest.mark.django_db(transaction=True)
def test_cancelling_and_a_try_that_begins_exclude_each_other() -> None:
    for number in range(8):
        result = page(user(), key=f"k{number}")
        delivery = delivery_of(result)
        begun, cancelled = race(
            lambda delivery=delivery: actions.begin_attempt(now=NOW, delivery_id=delivery.pk),
            lambda: actions.cancel_pages(now=NOW, subject=SUBJECT, reason="x"),
        )
        # Either the try was written down first (and is not called off) or there is none.
        assert (begun is None) == (cancelled == 1)


@pytest.mark.django_db(transaction=True)
def test_an_owner_that_locks_its_subject_first_meets_no_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acknowledging locks the incident and then pages; a delivery that ends tells the incident. One order for both."""
    owner = user(name="stands for the incident's row")

    def lock(_event: object) -> None:
        type(owner).objects.select_for_update().get(pk=owner.pk)

    monkeypatch.setitem(events._subscribers, SubjectLocking, [lock])
    monkeypatch.setitem(events._subscribers, PageSent, [lock])
    monkeypatch.setitem(events._subscribers, PageFailed, [lock])

    def acknowledge() -> int:
        with transaction.atomic():
            lock(None)
            return actions.cancel_pages(now=NOW, subject=SUBJECT, reason="x")

    for number in range(8):
        delivery = delivery_of(page(user(), key=f"k{number}"))
        begun = actions.begin_attempt(now=NOW, delivery_id=delivery.pk)
        assert begun is not None
        ended, cancelled = race(lambda begun=begun: actions.end_attempt(now=NOW, sending=begun, answer=OK), acknowledge)
        assert (ended, cancelled) == ("sent", 0)
