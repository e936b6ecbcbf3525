"""Acknowledging on terms, letting rest, handing over, asking for more hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.actors import Actor, system
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions, rules
from steward.response.incidents.errors import NotResolved
from steward.response.incidents.models import Incident, Watch
from steward.response.incidents.tests.factories import NOW, actor, alert, incident, joining, user
from steward.response.notifications.models import Page
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, wait

ENGINE = system("engine")
MINUTE = timedelta(minutes=1)
LATE = NOW + 15 * MINUTE


def do(name: str, found: Incident, who: Actor, now: datetime = NOW, **values: Any) -> Any:
    return getattr(actions, name)(actor=who, now=now, incident_id=found.pk, **values)


def again(found: Incident) -> Incident:
    return Incident.objects.get(pk=found.pk)


def tick(found: Incident) -> datetime:
    """Let the engine do what is due next; when that is."""
    watch = Watch.objects.get(incident=found)
    assert watch.due_at is not None
    actions.watch_due(actor=ENGINE, now=watch.due_at, watch_id=watch.pk)
    return watch.due_at


def due(found: Incident) -> datetime | None:
    return Watch.objects.get(incident=found).due_at


def told(found: Incident, kind: str) -> list[str]:
    return list(found.timeline.filter(kind=kind).order_by("id").values_list("text", flat=True))


def running(found: Incident) -> int:
    return Escalation.objects.filter(subject_kind="incident", subject_id=found.pk, state="running").count()


# The clocks.


def watched(**changes: Any) -> rules.Watched:
    return rules.Watched(**{"status": "acknowledged", "since": NOW, **changes})


@pytest.mark.parametrize(
    ("given", "minutes", "ring"),
    [
        ({}, None, None),
        ({"ack_minutes": 30}, 24, "warn"),
        ({"ack_minutes": 30, "reminded_at": NOW + 24 * MINUTE}, 30, "expire"),
        ({"ack_minutes": 30, "progress_at": NOW + 10 * MINUTE}, 34, "warn"),
        ({"ack_minutes": 30, "progress_at": NOW + 26 * MINUTE, "reminded_at": NOW + 24 * MINUTE}, 50, "warn"),
        ({"ack_minutes": 1}, 1, "expire"),
        ({"remind_minutes": 20}, 20, "remind"),
        ({"remind_minutes": 20, "reminded_at": NOW + 20 * MINUTE}, 40, "remind"),
        ({"remind_minutes": 20, "reminded_at": NOW + 20 * MINUTE, "progress_at": NOW + 25 * MINUTE}, 45, "remind"),
        ({"ack_minutes": 30, "remind_minutes": 20, "reminded_at": NOW + 20 * MINUTE}, 24, "warn"),
        ({"ack_minutes": 2, "remind_minutes": 2}, 2, "expire"),
        ({"ack_minutes": 30, "status": "open"}, None, None),
        ({"ack_minutes": 30, "snoozed_until": NOW + 60 * MINUTE}, 60, "wake"),
        ({"status": "open", "snoozed_until": NOW + 60 * MINUTE}, 60, "wake"),
        ({"status": "resolved", "snoozed_until": NOW + 60 * MINUTE}, None, None),
    ],
)
def test_which_clock_rings_next(given: dict[str, Any], minutes: int | None, ring: str | None) -> None:
    found = rules.next_ring(watched(**given))
    assert found == (None if minutes is None else (NOW + minutes * MINUTE, ring))


@given(
    st.none() | st.integers(1, 300), st.none() | st.integers(1, 300), st.lists(st.integers(1, 600), max_size=6)
)  # fmt: skip
def test_clocks_always_go_on_and_never_back(ack: int | None, remind: int | None, notes: list[int]) -> None:
    """However notes come, the engine never rings for ever at one moment, and what is promised is kept."""
    now, last, noted = NOW, None, sorted(NOW + each * MINUTE for each in notes)
    for _count in range(2000):
        progress = max((at for at in noted if at <= now), default=None)
        ring = rules.next_ring(watched(ack_minutes=ack, remind_minutes=remind, reminded_at=last, progress_at=progress))
        if ring is None:
            assert ack is None and remind is None
            return
        at = ring[0]
        coming = [each for each in noted if now < each <= at]
        if coming:
            now = coming[0]
            continue
        assert at > now or ring[1] == "expire"
        now = max(now, at)
        if ring[1] == "expire":
            assert ack is not None and now >= (progress or NOW) + ack * MINUTE
            return
        last = now
    assert ack is None


# Acknowledging on terms.


@pytest.mark.django_db
def test_a_promise_of_which_nothing_is_heard_is_void() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident(policy_id=policy(notify(bob), wait(5)).pk)
    do("acknowledge", found, actor(ann), minutes=30)
    assert (again(found).assignee, running(found), due(found)) == (ann, 0, NOW + 24 * MINUTE)
    assert "others are paged again if nothing is noted for 30 minutes" in found.timeline.get(kind="acknowledged").why
    assert tick(found) == NOW + 24 * MINUTE
    reminder = Page.objects.get(user=ann)
    assert reminder.reason["why"] == "it is yours; nothing was noted since 12:00 UTC, and others are paged soon"
    assert again(found).status == "acknowledged"
    assert tick(found) == NOW + 30 * MINUTE
    now = again(found)
    assert (now.status, now.assignee, now.acknowledged_at, running(found)) == ("open", None, None, 1)
    assert "Open again: nothing was noted for 30 minutes" in told(found, "escalation")
    assert due(found) is None
    assert AuditEntry.objects.get(action="incident.unacknowledge").before == {
        "status": "acknowledged", "assignee": "Ann",
    }  # fmt: skip
    # And it can be acknowledged anew, for good.
    do("acknowledge", found, actor(bob), NOW + 31 * MINUTE)
    assert not Watch.objects.exists()


@pytest.mark.django_db
def test_what_is_noted_keeps_it() -> None:
    ann = user("Ann")
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    do("acknowledge", found, actor(ann), minutes=30)
    do("add_note", found, actor(ann), NOW + 20 * MINUTE, text="the disk is full")
    tick(found)
    assert (again(found).status, Page.objects.count(), due(found)) == ("acknowledged", 0, NOW + 44 * MINUTE)
    # What the machine writes is no progress of a person.
    actions.note_response(actor=ENGINE, now=NOW + 40 * MINUTE, incident_id=found.pk, kind="note", text="x")
    tick(found)
    assert Page.objects.get(user=ann)
    tick(found)
    assert again(found).status == "open"


@pytest.mark.django_db
def test_still_on_it_renews_the_terms() -> None:
    ann = user("Ann")
    found = incident()
    do("acknowledge", found, actor(ann), minutes=30)
    do("acknowledge", found, actor(ann), NOW + 29 * MINUTE, minutes=30)
    assert told(found, "acknowledged") == ["Acknowledged", "Still on it"]
    assert due(found) == NOW + 53 * MINUTE
    do("acknowledge", found, actor(ann), NOW + 30 * MINUTE)  # without terms it changes nothing, as ever
    assert due(found) == NOW + 53 * MINUTE


@pytest.mark.django_db
def test_reminders_go_on_while_nothing_is_noted_and_end_with_it() -> None:
    ann = user("Ann")
    found = incident()
    do("acknowledge", found, actor(ann), remind_minutes=20)
    assert [tick(found), tick(found)] == [NOW + 20 * MINUTE, NOW + 40 * MINUTE]
    assert list(Page.objects.filter(user=ann).values_list("reason__importance", flat=True)) == ["normal", "normal"]
    do("resolve", found, actor(ann), NOW + 45 * MINUTE)
    assert not Watch.objects.exists()


@pytest.mark.django_db
def test_nobody_to_remind_is_said() -> None:
    found = incident()
    do("acknowledge", found, ENGINE, remind_minutes=20)
    tick(found)
    assert told(found, "page") == ["Nobody is assigned who could be reminded"]


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [0, -5, 24 * 60 + 1])
def test_terms_that_nobody_can_mean(minutes: int) -> None:
    found = incident()
    with pytest.raises(Invalid):
        do("acknowledge", found, actor(user()), minutes=minutes)
    assert again(found).status == "open"


@pytest.mark.django_db
def test_a_clock_that_rings_twice_does_it_once() -> None:
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    do("acknowledge", found, actor(user("Ann")), minutes=1)
    watch = Watch.objects.get()
    for _run in range(2):
        actions.watch_due(actor=ENGINE, now=NOW + MINUTE, watch_id=watch.pk)
    assert told(found, "escalation").count("Open again: nothing was noted for 1 minute") == 1
    actions.watch_due(actor=ENGINE, now=NOW, watch_id=10**9)  # resolved meanwhile: the row is gone


@pytest.mark.django_db(transaction=True)
def test_a_note_and_the_end_of_the_promise_at_once() -> None:
    """Whoever is first counts: either the note keeps it, or it is open and pages, and never anything between."""
    for number in range(6):
        ann = user(f"Ann {number}")
        found = incident(policy_id=policy(notify(user()), wait(5)).pk)
        do("acknowledge", found, actor(ann), minutes=1)
        watch = Watch.objects.get(incident=found)
        results = race(
            lambda w=watch: actions.watch_due(actor=ENGINE, now=NOW + MINUTE, watch_id=w.pk),
            lambda w=watch: actions.watch_due(actor=ENGINE, now=NOW + MINUTE, watch_id=w.pk),
            lambda f=found, a=ann: bool(do("add_note", f, actor(a), NOW + MINUTE, text="here")),
        )
        assert results == [None, None, True]
        now = again(found)
        assert (now.status, running(found), due(found)) in [
            ("acknowledged", 0, NOW + 2 * MINUTE), ("open", 1, None),
        ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_resolving_and_the_end_of_the_promise_at_once() -> None:
    for _number in range(6):
        found = incident(policy_id=policy(notify(user()), wait(5)).pk)
        do("acknowledge", found, actor(user()), minutes=1)
        watch = Watch.objects.get(incident=found)
        results = race(
            lambda w=watch: actions.watch_due(actor=ENGINE, now=NOW + MINUTE, watch_id=w.pk),
            lambda f=found: bool(do("resolve", f, actor(user()), NOW + MINUTE)),
        )
        assert results == [None, True]
        assert (again(found).status, running(found)) == ("resolved", 0)


# Letting it rest.


@pytest.mark.django_db
def test_a_snoozed_incident_pages_nobody_and_then_everybody() -> None:
    found = incident(policy_id=policy(notify(user("Bob")), wait(5)).pk)
    until = NOW + timedelta(hours=2)
    do("snooze", found, actor(user("Ann")), until=until, why="waiting for the supplier")
    assert (again(found).snoozed_until, running(found), due(found)) == (until, 0, until)
    actions.tell_again(actor=ENGINE, now=NOW, incident_id=found.pk, why="it fires again", key="1")
    assert running(found) == 0
    assert tick(found) == until
    assert (again(found).snoozed_until, again(found).status, running(found)) == (None, "open", 1)
    assert told(found, "snoozed")[-1] == "It was snoozed long enough"


@pytest.mark.django_db
def test_an_acknowledged_one_wakes_its_owner_only_and_its_terms_count_anew() -> None:
    ann = user("Ann")
    found = incident(policy_id=policy(notify(user("Bob")), wait(5)).pk)
    do("acknowledge", found, actor(ann), minutes=30)
    until = NOW + timedelta(hours=2)
    do("snooze", found, actor(ann), until=until)
    tick(found)
    assert (again(found).status, running(found), due(found)) == ("acknowledged", 0, until + 24 * MINUTE)
    assert Page.objects.get(user=ann).reason["why"] == "it is yours, and it was snoozed until now"


@pytest.mark.django_db
def test_acknowledging_what_rests_does_not_lose_the_waking() -> None:
    found, ann = incident(), user("Ann")
    do("snooze", found, actor(ann), until=NOW + 60 * MINUTE)
    do("acknowledge", found, actor(ann), NOW + MINUTE)
    assert due(found) == NOW + 60 * MINUTE
    tick(found)
    assert Page.objects.filter(user=ann).count() == 1


@pytest.mark.django_db
def test_becoming_worse_ends_the_rest() -> None:
    one = alert()
    found = incident(one, severity="SEV3", policy_id=policy(notify(user("Bob")), wait(5)).pk)
    do("snooze", found, actor(user("Ann")), until=NOW + 60 * MINUTE)
    worse = replace(joining(alert("Worse")), severity="SEV1")
    actions.alerts_changed(actor=ENGINE, now=NOW + MINUTE, incident_id=found.pk, firing=[worse])
    assert (again(found).severity, again(found).snoozed_until, running(found)) == ("SEV1", None, 1)


@pytest.mark.django_db
def test_waking_early_and_nonsense() -> None:
    found, ann = incident(policy_id=policy(notify(user()), wait(5)).pk), actor(user("Ann"))
    for until in (NOW, NOW - MINUTE, NOW + timedelta(days=15)):
        with pytest.raises(Invalid):
            do("snooze", found, ann, until=until)
    with pytest.raises(Forbidden):
        do("snooze", found, actor(role="viewer"), until=NOW + MINUTE)
    do("snooze", found, ann, until=NOW + 60 * MINUTE)
    do("unsnooze", found, ann, NOW + MINUTE)
    assert (again(found).snoozed_until, running(found), due(found)) == (None, 1, None)
    do("resolve", found, ann)
    with pytest.raises(NotResolved):
        do("snooze", found, ann, until=NOW + 60 * MINUTE)


@pytest.mark.django_db
def test_resolving_ends_the_rest() -> None:
    found, ann = incident(), actor(user("Ann"))
    do("snooze", found, ann, until=NOW + 60 * MINUTE)
    do("resolve", found, ann)
    assert again(found).snoozed_until is None
    assert not Watch.objects.exists()
    do("reopen", found, ann)
    assert again(found).status == "open"
