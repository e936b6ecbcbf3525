"""Escalations at work: whom they page, when, why, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from steward.foundation import events
from steward.foundation.testing.races import race
from steward.people.workforce import actions as workforce
from steward.response.notifications import actions as notifications
from steward.response.notifications.models import Delivery, Page
from steward.response.notifications.rules import Answer
from steward.response.oncall import actions, queries
from steward.response.oncall.errors import PolicyNotFound
from steward.response.oncall.events import EscalationEnded, NobodyReached, PeoplePaged, StepTaken
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import (
    ENGINE,
    NOW,
    SUBJECT,
    notify,
    policy,
    schedule,
    start,
    team,
    user,
    wait,
)

MINUTE = timedelta(minutes=1)
NEVER = Answer(False, "550 no such user")
OK = Answer(True, "250 taken")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    kept: list[Any] = []
    for kind in (PeoplePaged, StepTaken, NobodyReached, EscalationEnded):
        monkeypatch.setitem(events._subscribers, kind, [kept.append])
    yield kept


def run(escalation: Escalation, now: datetime = NOW) -> Escalation:
    actions.run_escalation(now=now, escalation_id=escalation.pk)
    escalation.refresh_from_db()
    return escalation


def paged(heard: list[Any]) -> list[str]:
    return [person.label for event in heard if isinstance(event, PeoplePaged) for person in event.people]


def texts(heard: list[Any]) -> list[str]:
    return [event.text for event in heard if isinstance(event, StepTaken)]


def answer_pages(answer: Answer, now: datetime = NOW) -> None:
    """Let every waiting delivery end like this."""
    for delivery in Delivery.objects.filter(due_at__lte=now).order_by("id"):
        begun = notifications.begin_attempt(now=now, delivery_id=delivery.pk)
        assert begun is not None
        notifications.end_attempt(now=now, sending=begun, answer=answer)


@pytest.mark.django_db
def test_steps_rounds_and_reasons(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(notify(schedule(ann, bob, name="App")), wait(5), notify(bob), wait(10), name="Main", repeat=1)
    escalation = run(start(chosen))
    (first, waiting) = heard
    assert [person.label for person in first.people] == ["Ann"]
    assert first.people[0].why == "on call for App until Mon 9 Mar 09:00 Europe/Berlin (rotation)"
    assert first.step == "Main, step 1 of 4, round 1 of 2"
    assert (waiting.text, escalation.due_at) == ("Waits 5 minutes", NOW + 5 * MINUTE)
    for minutes in (5, 15, 20):
        assert escalation.due_at == NOW + minutes * MINUTE
        run(escalation, NOW + minutes * MINUTE)
    assert paged(heard) == ["Ann", "Bob", "Ann", "Bob"]
    assert any(text.startswith("Begins again: round 2 of 2") for text in texts(heard))
    answer_pages(OK, NOW + 20 * MINUTE)
    run(escalation, NOW + 30 * MINUTE)
    assert (escalation.state, escalation.due_at, escalation.people_reached) == ("exhausted", None, 4)
    assert not escalation.nobody_reached
    assert heard[-1] == EscalationEnded(
        SUBJECT,
        "exhausted",
        "All steps were taken and nobody acknowledged. (policy Main, version 1)",
        NOW + 30 * MINUTE,
    )


@pytest.mark.django_db
def test_a_second_run_pages_nobody_twice(heard: list[Any]) -> None:
    escalation = start(policy(notify(user()), wait()))
    run(escalation)
    run(escalation)
    # As if the first run's commit had been lost with the step's record, but the page had stayed.
    Escalation.objects.update(position=0, due_at=NOW)
    run(escalation)
    assert Page.objects.count() == 1
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_row_that_is_not_due_is_only_released() -> None:
    escalation = run(start(policy(notify(user()), wait(5))))
    Escalation.objects.update(leased_until=NOW + MINUTE)
    run(escalation, NOW + MINUTE)
    assert (escalation.leased_until, escalation.due_at) == (None, NOW + 5 * MINUTE)
    assert Page.objects.count() == 1


@pytest.mark.django_db
def test_an_empty_schedule_is_said_and_passed_at_once(heard: list[Any]) -> None:
    bob = user("Bob")
    escalation = run(start(policy(notify(schedule(name="Empty")), wait(30), notify(bob), wait(5))))
    assert texts(heard)[0] == "Nobody is on call for Empty."
    assert paged(heard) == ["Bob"]
    assert escalation.due_at == NOW + 5 * MINUTE


@pytest.mark.django_db
def test_people_without_contact_are_said_and_passed_at_once(heard: list[Any]) -> None:
    nora, bob = user("Nora", email=""), user("Bob")
    run(start(policy(notify(nora), wait(30), notify(team(bob, nora)), wait(5))))
    assert paged(heard) == ["Bob"]
    assert sum("Nora has no contact method" in text for text in texts(heard)) == 2


@pytest.mark.django_db
def test_one_page_for_who_is_named_twice_before_a_wait(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    run(start(policy(notify(ann), notify(team(ann, bob)), wait(5), notify(ann), wait(5))))
    assert paged(heard) == ["Ann", "Bob"]
    run(Escalation.objects.get(), NOW + 5 * MINUTE)
    assert paged(heard) == ["Ann", "Bob", "Ann"]


@pytest.mark.django_db
def test_nobody_reached_is_said_once_and_administrators_are_paged(heard: list[Any]) -> None:
    admin = user("Ada", role="administrator")
    nora = user("Nora", email="")
    escalation = run(start(policy(notify(nora), wait(), name="Main", repeat=3)))
    said = [event for event in heard if isinstance(event, NobodyReached)]
    assert [event.reason for event in said] == ["No step of the policy found anybody to page. (policy Main, version 1)"]
    assert paged(heard) == ["Ada"]
    assert (escalation.state, escalation.nobody_reached) == ("exhausted", True)
    assert Page.objects.get(user=admin).key == f"escalation:{escalation.pk}:fallback:{admin.pk}"
    answer_pages(NEVER)  # the fallback fails, too: there is nothing more to do, and no loop
    assert sum(isinstance(event, NobodyReached) for event in heard) == 1


@pytest.mark.django_db
def test_leave_passes_the_page_on_and_the_last_who_can_be_asked_is_asked_all_the_same(heard: list[Any]) -> None:
    admin, ann = user("Ada", role="administrator"), user("Ann")
    for away in (admin, ann):
        workforce.add_leave(
            actor=ENGINE, now=NOW, user_id=away.pk, first_day=NOW.date(), last_day=NOW.date() + timedelta(days=3)
        )
    run(start(policy(notify(ann))))
    assert any("Ann is on leave" in text for text in texts(heard))
    assert Page.objects.get(user=admin).state == "pending"


@pytest.mark.django_db
def test_nobody_reached_without_any_administrator(heard: list[Any]) -> None:
    run(start(policy(notify(schedule(name="Empty")))))
    assert any(isinstance(event, NobodyReached) for event in heard)
    assert any("No administrator can be reached either" in text for text in texts(heard))


@pytest.mark.django_db
def test_a_failed_page_ends_the_wait(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    escalation = run(start(policy(notify(ann), wait(30), notify(bob), wait(5))))
    answer_pages(NEVER, NOW + MINUTE)
    escalation.refresh_from_db()
    assert escalation.due_at == NOW + MINUTE
    run(escalation, NOW + MINUTE)
    assert paged(heard) == ["Ann", "Bob"]


@pytest.mark.django_db
def test_a_failed_page_does_not_end_the_wait_for_another(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    escalation = run(start(policy(notify(team(ann, bob)), wait(30))))
    delivery = Delivery.objects.order_by("id").first()
    assert delivery is not None
    begun = notifications.begin_attempt(now=NOW, delivery_id=delivery.pk)
    assert begun is not None
    notifications.end_attempt(now=NOW, sending=begun, answer=NEVER)
    escalation.refresh_from_db()
    assert escalation.due_at == NOW + 30 * MINUTE


@pytest.mark.django_db
def test_the_last_chance_failing_means_nobody_was_reached(heard: list[Any]) -> None:
    user("Ada", role="administrator")
    escalation = run(start(policy(notify(user("Ann")))))
    assert escalation.state == "exhausted"
    assert not escalation.nobody_reached  # the page is on its way
    answer_pages(NEVER)
    escalation.refresh_from_db()
    assert escalation.nobody_reached
    assert paged(heard) == ["Ann", "Ada"]
    assert [type(event) for event in heard if isinstance(event, NobodyReached)] == [NobodyReached]


@pytest.mark.django_db
def test_a_page_that_arrived_means_somebody_was_reached(heard: list[Any]) -> None:
    run(start(policy(notify(user("Ann")))))
    answer_pages(OK)
    assert not any(isinstance(event, NobodyReached) for event in heard)


@pytest.mark.django_db
def test_starting_again_while_running_changes_nothing() -> None:
    chosen = policy(notify(user()), wait())
    first = start(chosen)
    assert start(chosen).pk == first.pk
    assert start(policy(notify(user()))).pk == first.pk
    actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="acknowledged")
    assert start(chosen).pk != first.pk


@pytest.mark.django_db
def test_unknown_policy() -> None:
    with pytest.raises(PolicyNotFound):
        actions.start_escalations(actor=ENGINE, now=NOW, starts=[actions.Start(SUBJECT, "x", 0, "x", "")])


@pytest.mark.django_db
def test_stopping_ends_it_and_calls_off_pages(heard: list[Any]) -> None:
    escalation = run(start(policy(notify(user()), wait(5))))
    assert actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="acknowledged by Ann")
    assert heard[-1] == EscalationEnded(SUBJECT, "stopped", "acknowledged by Ann", NOW)
    assert not actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="again")
    run(escalation, NOW + 5 * MINUTE)
    assert (escalation.state, escalation.due_at, escalation.end_reason) == ("stopped", None, "acknowledged by Ann")
    assert Page.objects.get().state == "cancelled"


@pytest.mark.django_db
def test_edits_do_not_disturb_what_is_running(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(notify(ann), wait(5), notify(ann), wait(5), name="Main")
    escalation = run(start(chosen))
    actions.update_policy(
        actor=ENGINE, now=NOW, policy_id=chosen.pk, name="Other", steps=[notify(bob), wait(1)], repeat=0
    )
    run(escalation, NOW + 5 * MINUTE)
    assert paged(heard) == ["Ann", "Ann"]
    assert heard[-1].why.startswith("Main, step 4 of 4")
    actions.delete_policy(actor=ENGINE, now=NOW, policy_id=chosen.pk)
    run(escalation, NOW + 10 * MINUTE)
    assert escalation.state == "exhausted"
    view = queries.escalation_of(SUBJECT)
    assert view is not None
    assert (view.policy, view.version, view.policy_id) == ("Main", 1, None)


@pytest.mark.django_db
def test_a_person_who_left_is_passed(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(notify(schedule(ann, name="App")), notify(ann), wait(30), notify(bob), wait(5))
    type(ann).objects.filter(pk=ann.pk).update(is_active=False)
    run(start(chosen))
    assert texts(heard)[:2] == ["Ann is on call for App but is not active.", "Ann is not active."]
    assert paged(heard) == ["Bob"]


@pytest.mark.django_db
def test_the_page_says_what_the_person_needs() -> None:
    run(start(policy(notify(user("Ann")), wait(), name="Main")))
    page = Page.objects.get()
    assert page.title == "Claims intake rejects uploads"
    assert page.reason["why"] == "named in the policy"
    assert page.reason["step"] == "Main, step 1 of 2"
    assert page.reason["facts"] == {"severity": "SEV1"}
    assert page.reason["policy_version"] == 1


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_make_one_escalation() -> None:
    chosen = policy(notify(user()), wait())
    first, second = race(lambda: start(chosen).pk, lambda: start(chosen).pk)
    assert first == second
    assert Escalation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_engines_take_each_step_once() -> None:
    escalation = start(policy(notify(user()), wait(5), repeat=1))
    results = race(*[lambda: actions.run_escalation(now=NOW, escalation_id=escalation.pk)] * 3)
    assert results == [None] * 3
    assert Page.objects.count() == 1
    escalation.refresh_from_db()
    assert (escalation.position, escalation.people_reached) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_no_page_begins_after_an_acknowledgement_has_committed() -> None:
    for number in range(8):
        subject = type(SUBJECT)("incident", 100 + number)
        escalation = start(policy(notify(user()), wait(5)), subject=subject)
        outcomes = race(
            lambda e=escalation: actions.run_escalation(now=NOW, escalation_id=e.pk),
            lambda s=subject: actions.stop_escalation(actor=ENGINE, now=NOW, subject=s, reason="acknowledged"),
        )
        assert outcomes == [None, True]
        escalation.refresh_from_db()
        assert (escalation.state, escalation.due_at) == ("stopped", None)
        # Whoever was first: what a page began before is called off, and nothing comes after.
        for delivery in Delivery.objects.filter(page__subject_id=subject.id):
            assert notifications.begin_attempt(now=NOW, delivery_id=delivery.pk) is None
        actions.run_escalation(now=NOW + 5 * MINUTE, escalation_id=escalation.pk)
        assert not Page.objects.filter(subject_id=subject.id, state="pending").exists()


@pytest.mark.django_db(transaction=True)
def test_a_failing_page_and_a_stop_at_once_meet_no_deadlock() -> None:
    for number in range(8):
        subject = type(SUBJECT)("incident", 200 + number)
        escalation = start(policy(notify(user()), wait(30)), subject=subject)
        actions.run_escalation(now=NOW, escalation_id=escalation.pk)
        delivery = Delivery.objects.get(page__subject_id=subject.id)
        begun = notifications.begin_attempt(now=NOW, delivery_id=delivery.pk)
        assert begun is not None
        outcomes = race(
            lambda b=begun: notifications.end_attempt(now=NOW, sending=b, answer=NEVER),
            lambda s=subject: actions.stop_escalation(actor=ENGINE, now=NOW, subject=s, reason="acknowledged"),
        )
        assert outcomes[0] in {"failed", "cancelled"}
        assert outcomes[1] is True
        escalation.refresh_from_db()
        assert (escalation.state, escalation.due_at) == ("stopped", None)
