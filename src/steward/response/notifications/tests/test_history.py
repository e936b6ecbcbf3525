"""How a page was sent is forgotten after a while; that somebody was paged is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from steward.foundation.history import registry
from steward.foundation.subjects import SubjectRef
from steward.foundation.testing.pages import signed_in
from steward.foundation.testing.races import race
from steward.response.notifications import actions
from steward.response.notifications.models import Attempt, Delivery, DeliveryState, Page
from steward.response.notifications.tests.factories import NOW, delivery_of, page, page_of, user

LIMIT = NOW + timedelta(days=400)


def sent(key: str, at: Any = NOW, **changes: Any) -> actions.PageResult:
    """A page that was delivered at the first try."""
    made = page(user(), key, now=at, **changes)
    begun = actions.begin_attempt(now=at, delivery_id=delivery_of(made).pk)
    assert begun is not None
    Attempt.objects.filter(key__isnull=False, ended_at__isnull=True).update(
        ended_at=at, outcome="sent", answer="250 ok"
    )
    Delivery.objects.filter(page_id=made.page_id).update(state=DeliveryState.SENT, due_at=None, leased_until=None)
    Page.objects.filter(pk=made.page_id).update(state="sent", sent_at=at)
    return made


def clean(one: Any) -> int:
    after, removed = 0, 0
    for _step in range(30):
        with transaction.atomic():
            step = one(LIMIT, after)
        removed += step.removed
        if step.after is None:
            return removed
        after = step.after
    raise AssertionError("the cleaner does not end")


@pytest.mark.django_db
def test_deliveries_and_attempts_of_old_pages_go_and_the_pages_stay() -> None:
    old, young = sent("old"), sent("young", LIMIT + timedelta(days=1))
    waiting = page(user(), "waiting")
    assert clean(actions.remove_old_deliveries) == 1
    assert not Delivery.objects.filter(page_id=old.page_id).exists()
    assert Attempt.objects.count() == 1
    assert {each.page_id for each in Delivery.objects.all()} == {young.page_id, waiting.page_id}
    kept = page_of(old)
    assert (kept.state, kept.reason["why"]) == ("sent", "on call for Application")
    shown = signed_in().get(reverse("notifications:incident-pages", args=[kept.subject_id]))
    assert str(kept.user) in shown.content.decode()
    assert clean(actions.remove_old_deliveries) == 0


@pytest.mark.django_db
def test_old_test_messages_go_and_pages_about_incidents_stay() -> None:
    test = sent("test", subject=SubjectRef("contact_method", 3))
    young = sent("young test", LIMIT + timedelta(days=1), subject=SubjectRef("contact_method", 3))
    incident = sent("incident")
    assert clean(actions.remove_old_tests) == 1
    assert set(Page.objects.values_list("pk", flat=True)) == {young.page_id, incident.page_id}
    assert not Attempt.objects.filter(delivery__page_id=test.page_id).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one", [actions.remove_old_deliveries, actions.remove_old_tests])
def test_two_at_once(one: Any) -> None:
    for n in range(30):
        sent(f"k{n}", subject=SubjectRef("contact_method", 3))
    results = race(*[lambda: clean(one)] * 2)
    assert all(isinstance(each, int) for each in results), results
    assert sum(results) + clean(one) == 30


def test_both_are_part_of_the_nightly_run() -> None:
    names = {cleaner.name: lifetime for cleaner, lifetime in registry.cleaners()}
    assert names["deliveries"] == names["test messages"] == timedelta(days=400)
