"""Handing over, and asking for more hands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from steward.foundation.actors import Actor, system
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.testing.races import race
from steward.response.incidents import actions
from steward.response.incidents.errors import HandoverOver, HandoverPending, HelpCallOver
from steward.response.incidents.models import Handover, HelpAnswer, HelpCall, Incident, Watch
from steward.response.incidents.tests.factories import NOW, actor, incident, organisation, user
from steward.response.notifications.models import Page
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, wait

ENGINE = system("engine")
MINUTE = timedelta(minutes=1)
LATE = NOW + 15 * MINUTE


def do(name: str, found: Incident, who: Actor, now: datetime = NOW, **values: Any) -> Any:
    return getattr(actions, name)(actor=who, now=now, incident_id=found.pk, **values)


def again(found: Incident) -> Incident:
    return Incident.objects.get(pk=found.pk)


def due(found: Incident) -> datetime | None:
    return Watch.objects.get(incident=found).due_at


def told(found: Incident, kind: str) -> list[str]:
    return list(found.timeline.filter(kind=kind).order_by("id").values_list("text", flat=True))


def running(found: Incident) -> int:
    return Escalation.objects.filter(subject_kind="incident", subject_id=found.pk, state="running").count()


# Handing over.


def asked(found: Incident, giver: Any, taker: Any, **values: Any) -> Handover:
    made: Handover = do("ask_handover", found, actor(giver), to_id=taker.pk, **values)
    return made


def answer(made: Handover, who: Any, now: datetime = NOW, **values: Any) -> Incident:
    return actions.answer_handover(actor=actor(who), now=now, handover_id=made.pk, **values)


@pytest.mark.django_db
def test_it_changes_hands_only_when_accepted() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    do("acknowledge", found, actor(ann), minutes=30)
    made = asked(found, ann, bob, note="the volume is being grown")
    assert (again(found).assignee, made.giver) == (ann, ann)
    page = Page.objects.get(user=bob)
    assert page.reason["why"] == "Ann asks you to take it over; answer until 12:15 UTC · the volume is being grown"
    with pytest.raises(Forbidden):
        answer(made, ann, accept=True)
    answer(made, bob, NOW + 5 * MINUTE, accept=True)
    now = again(found)
    assert (now.assignee, now.status, due(found)) == (bob, "acknowledged", NOW + 29 * MINUTE)
    assert told(found, "handover") == ["Asked Bob to take over", "Bob took over from Ann"]
    assert Page.objects.get(user=ann).reason["why"] == "Bob took over from Ann"
    with pytest.raises(HandoverOver):
        answer(made, bob, accept=False)


@pytest.mark.django_db
def test_declined_and_expired_are_said_and_it_stays() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    do("acknowledge", found, actor(ann))
    first = asked(found, ann, bob)
    answer(first, bob, accept=False, why="on the train")
    assert told(found, "handover")[-1] == "Bob does not take over"
    assert Page.objects.get(key=f"handover:{first.pk}:answer").reason["why"] == (
        "Bob does not take over · on the train · it stays yours"
    )
    second = asked(found, ann, bob, minutes=10)
    actions.handover_due(actor=ENGINE, now=NOW + 9 * MINUTE, handover_id=second.pk)
    second.refresh_from_db()
    assert second.state == "asked"
    for _run in range(2):
        actions.handover_due(actor=ENGINE, now=NOW + 10 * MINUTE, handover_id=second.pk)
    second.refresh_from_db()
    assert (second.state, second.due_at, again(found).assignee) == ("expired", None, ann)
    assert told(found, "handover")[-1] == "Bob did not answer whether they take over"
    assert Page.objects.filter(user=ann).count() == 2
    with pytest.raises(HandoverOver):
        answer(second, bob, NOW + 11 * MINUTE, accept=True)


@pytest.mark.django_db
def test_one_question_at_a_time_and_whom_one_cannot_ask() -> None:
    ann, bob, nora = user("Ann"), user("Bob"), user("Nora", email="")
    found = incident()
    do("acknowledge", found, actor(ann))
    outside = user(role="supplier", organisation=organisation("supplier"))
    for wrong in (ann, nora, outside):
        with pytest.raises(Invalid):
            asked(found, ann, wrong)
    assert not Page.objects.exists()
    made = asked(found, ann, bob)
    with pytest.raises(HandoverPending):
        asked(found, ann, user())
    actions.withdraw_handover(actor=actor(ann), now=NOW, handover_id=made.pk)
    asked(found, ann, bob)
    do("resolve", found, actor(ann))
    assert set(Handover.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert not Handover.objects.exclude(due_at=None).exists()


@pytest.mark.django_db
def test_who_takes_over_what_nobody_has_acknowledged_acknowledges_it() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    made = asked(found, ann, bob)
    assert running(found) == 1  # asking stops nothing
    answer(made, bob, accept=True)
    assert (again(found).status, again(found).assignee, running(found)) == ("acknowledged", bob, 0)


@pytest.mark.django_db
def test_assigning_it_otherwise_withdraws_the_question() -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    found = incident()
    do("acknowledge", found, actor(ann))
    made = asked(found, ann, bob)
    do("assign", found, actor(ann), assignee_id=cleo.pk)
    made.refresh_from_db()
    assert made.state == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_accepting_withdrawing_and_running_out_at_once_have_one_end() -> None:
    for number in range(6):
        ann, bob = user(f"Ann {number}"), user(f"Bob {number}")
        found = incident()
        do("acknowledge", found, actor(ann))
        made = asked(found, ann, bob)
        results = race(
            lambda m=made, b=bob: answer(m, b, LATE, accept=True),
            lambda m=made, a=ann: actions.withdraw_handover(actor=actor(a), now=LATE, handover_id=m.pk),
            lambda m=made: actions.handover_due(actor=ENGINE, now=LATE, handover_id=m.pk),
        )
        made.refresh_from_db()
        assert made.state in {"accepted", "withdrawn", "expired"}
        assert again(found).assignee == (bob if made.state == "accepted" else ann)
        assert all(each is None or isinstance(each, Incident | HandoverOver) for each in results)
        assert len(told(found, "handover")) == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_one() -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    found = incident()
    do("acknowledge", found, actor(ann))
    results = race(lambda: asked(found, ann, bob), lambda: asked(found, ann, cleo))
    assert sorted(type(each).__name__ for each in results) == ["Handover", "HandoverPending"]


# More hands.


@pytest.mark.django_db
def test_more_people_are_paged_and_the_first_escalation_goes_on() -> None:
    ann, bob, cleo, nora = user("Ann"), user("Bob"), user("Cleo"), user("Nora", email="")
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    (call,) = do("ask_help", found, actor(ann), people=[bob.pk, cleo.pk, nora.pk], why="two databases at once")
    assert running(found) == 1
    asked_for = Page.objects.filter(subject_kind="helpcall").order_by("user__name")
    assert list(asked_for.values_list("user__name", flat=True)) == ["Bob", "Cleo", "Nora"]
    assert Page.objects.get(user=bob).reason["why"] == "Ann asks you to come and help · two databases at once"
    assert told(found, "help") == [
        "Asked for more hands: Bob, Cleo",
        "Nora has no contact method and no e-mail address.",
    ]
    # The acknowledgement of the incident calls nobody off who was asked to help.
    do("acknowledge", found, actor(ann))
    assert set(Page.objects.filter(user__in=[bob, cleo]).values_list("state", flat=True)) == {"pending"}
    actions.answer_help(actor=actor(bob), now=NOW, call_id=call.pk, coming=True)
    actions.answer_help(actor=actor(bob), now=NOW, call_id=call.pk, coming=True)
    assert told(found, "help")[-1] == "Bob is coming"
    assert Page.objects.get(user=cleo).state == "pending"
    assert HelpAnswer.objects.filter(call=call, coming=True).count() == 1


@pytest.mark.django_db
def test_another_policy_finds_help_until_somebody_comes() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident(policy_id=policy(notify(user()), wait(5), name="Main").pk)
    (call,) = do("ask_help", found, actor(ann), policy_id=policy(notify(bob), wait(5), name="Database").pk)
    assert running(found) == 1
    helping = Escalation.objects.get(subject_kind="helpcall")
    oncall.run_escalation(now=NOW, escalation_id=helping.pk)
    assert "Paging Bob" in told(found, "page")
    do("acknowledge", found, actor(ann))
    helping.refresh_from_db()
    assert helping.state == "running"
    actions.answer_help(actor=actor(bob), now=NOW, call_id=call.pk, coming=True)
    helping.refresh_from_db()
    assert helping.state == "stopped"
    call.refresh_from_db()
    assert call.ended_at == NOW


@pytest.mark.django_db
def test_help_that_reaches_nobody_is_said_and_is_not_the_incidents_own_alarm() -> None:
    user("Ada", role="administrator")
    found = incident()
    do("acknowledge", found, actor(user("Ann")))
    do("ask_help", found, actor(user("Ann")), policy_id=policy(notify(user("Nora", email=""))).pk)
    oncall.run_escalation(now=NOW, escalation_id=Escalation.objects.get(subject_kind="helpcall").pk)
    assert "Nobody could be reached for more hands" in told(found, "help")
    assert HelpCall.objects.get().exhausted_at == NOW
    assert again(found).unreached is False
    assert Page.objects.filter(user__name="Ada").count() == 1


@pytest.mark.django_db
def test_when_everybody_declines_who_asked_hears_of_it() -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    found = incident()
    (call,) = do("ask_help", found, actor(ann), people=[bob.pk, cleo.pk])
    actions.answer_help(actor=actor(bob), now=NOW, call_id=call.pk, coming=False)
    assert not Page.objects.filter(user=ann).exists()
    actions.answer_help(actor=actor(cleo), now=NOW, call_id=call.pk, coming=False, why="asleep")
    assert told(found, "help")[-1] == "Nobody of those who were asked is coming"
    assert Page.objects.get(user=ann).reason["why"] == "Nobody of those who were asked is coming"


@pytest.mark.django_db
def test_resolving_ends_the_calls() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    calls = do("ask_help", found, actor(ann), people=[bob.pk], policy_id=policy(notify(user()), wait(5)).pk)
    do("resolve", found, actor(ann))
    assert not HelpCall.objects.filter(ended_at=None).exists()
    assert not Escalation.objects.filter(state="running").exists()
    assert Page.objects.get(user=bob).state == "cancelled"
    with pytest.raises(HelpCallOver):
        actions.answer_help(actor=actor(bob), now=NOW, call_id=calls[0].pk, coming=True)


@pytest.mark.django_db
def test_help_from_nobody_is_refused() -> None:
    found, ann = incident(), user("Ann")
    for values in ({}, {"people": [10**9]}, {"policy_id": 10**9}, {"people": [user(email="").pk]}):
        with pytest.raises(Invalid):
            do("ask_help", found, actor(ann), **values)
    assert not HelpCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_coming_and_resolving_at_once_meet_no_deadlock() -> None:
    for _number in range(6):
        bob = user()
        found = incident()
        (call,) = do("ask_help", found, actor(user()), policy_id=policy(notify(bob), wait(5)).pk)
        helping = Escalation.objects.get(subject_kind="helpcall", subject_id=call.pk)
        results = race(
            lambda c=call, b=bob: actions.answer_help(actor=actor(b), now=NOW, call_id=c.pk, coming=True),
            lambda f=found: do("resolve", f, actor(user())),
            lambda h=helping: oncall.run_escalation(now=NOW, escalation_id=h.pk),
        )
        assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, HelpCallOver)]
        helping.refresh_from_db()
        assert (helping.state, again(found).status) == ("stopped", "resolved")
