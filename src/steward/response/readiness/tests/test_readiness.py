"""Who cannot be reached is known before the incident, and contact methods are tested without bothering anybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from steward.foundation.testing.races import race
from steward.people.accounts.queries import actor_for_user
from steward.people.workforce import actions as workforce
from steward.response.notifications.models import ContactMethod, Page
from steward.response.oncall.tests.factories import layer, schedule, team, user
from steward.response.oncall.tests.test_api import Api
from steward.response.readiness import actions, rules
from steward.response.readiness.models import Proof, Warning, Watch

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def method(who: Any, target: str = "", channel: str = "email", **more: Any) -> ContactMethod:
    values = {"verified_at": NOW, "enabled": True, **more}
    return ContactMethod.objects.create(
        user=who, channel=channel, target=target or f"{who.username}@example.com", **values
    )


def watch(now: datetime = NOW) -> None:
    Watch.objects.all().delete()
    Watch.objects.create(due_at=now)
    actions.run_watch(now=now)


def told(who: Any) -> list[str]:
    found = Page.objects.filter(user=who).exclude(subject_kind="contact_method")
    return list(found.order_by("id").values_list("title", flat=True))


@pytest.mark.django_db
def test_who_leads_is_told_once_before_the_shift() -> None:
    lea, ann, bob = user("Lea", role="lead"), user("Ann"), user("Bob", email="")
    other = user("Other lead", role="lead")
    crew = team(lea, ann, bob)
    schedule(ann, bob, name="App", team_id=crew.pk, time_zone="UTC")
    for _again in range(2):
        watch()
    warning = Warning.objects.get()
    assert (warning.user, warning.shift_at, warning.closed_at) == (bob, datetime(2026, 3, 9, 9, tzinfo=UTC), None)
    assert told(lea) == ["Bob cannot be reached, and is on call for App from Mon 9 Mar 09:00"]
    assert told(other) == []
    page = Page.objects.get(user=lea)
    assert (page.importance, "/schedules/app/" in page.body) == ("normal", True)
    type(bob).objects.filter(pk=bob.pk).update(email="bob@example.org")
    watch(NOW + HOUR)
    warning.refresh_from_db()
    assert warning.closed_at == NOW + HOUR
    type(bob).objects.filter(pk=bob.pk).update(email="")
    watch(NOW + 2 * HOUR)
    assert len(told(lea)) == 2  # lost again, told again


@pytest.mark.django_db
def test_without_a_lead_the_administrators_are_told_and_never_only_the_person() -> None:
    root = user("Root", role="administrator")
    lost = user("Lost", role="lead", email="")
    schedule(lost, name="App")
    watch()
    assert len(told(root)) == 1 and told(lost) == []


@pytest.mark.django_db
def test_methods_are_tested_at_a_convenient_time_one_a_day_every_four_weeks() -> None:
    ann = user("Ann", time_zone="Asia/Shanghai")
    first, second = method(ann, "a@example.com"), method(ann, "b@example.com", position=1)
    method(ann, "off@example.com", position=2, enabled=False)
    method(ann, "unknown@example.com", position=3, verified_at=None)
    schedule(ann, name="App")
    watch(NOW)  # 20:00 in Shanghai
    assert not Proof.objects.exists()
    morning = datetime(2026, 3, 4, 3, tzinfo=UTC)  # 11:00 there
    for hours in (0, 1, 2):
        watch(morning + hours * HOUR)
    assert [proof.method for proof in Proof.objects.all()] == [first]
    watch(morning + DAY)
    assert {proof.method for proof in Proof.objects.all()} == {first, second}
    pages = Page.objects.filter(subject_kind="contact_method").count()
    watch(morning + 2 * DAY)
    watch(datetime(2026, 3, 7, 3, tzinfo=UTC))  # a Saturday
    assert Page.objects.filter(subject_kind="contact_method").count() == pages == 2
    watch(morning + rules.EVERY)
    assert Page.objects.filter(subject_kind="contact_method").count() == 3


@pytest.mark.django_db
def test_nobody_on_leave_is_tested_and_nobody_who_is_not_on_call() -> None:
    ann, idle = user("Ann", time_zone="UTC"), user("Idle", time_zone="UTC")
    method(ann), method(idle)
    schedule(ann, name="App")
    workforce.add_leave(
        actor=actor_for_user(ann), now=NOW, user_id=ann.pk, first_day=date(2026, 3, 3), last_day=date(2026, 3, 3)
    )
    watch()
    assert not Proof.objects.exists()
    watch(NOW + DAY)
    assert [proof.method.user for proof in Proof.objects.all()] == [ann]


@pytest.mark.django_db
def test_a_way_that_failed_its_test_is_no_way() -> None:
    lea, ann = user("Lea", role="lead"), user("Ann", email="", time_zone="UTC")
    method(ann)
    schedule(ann, name="App")
    watch()
    assert not Warning.objects.exists()  # a test on its way is no failure
    Page.objects.filter(subject_kind="contact_method").update(state="failed")
    watch(NOW + HOUR)
    assert Proof.objects.get().state == "failed"
    assert [warning.user for warning in Warning.objects.all()] == [ann]
    assert len(told(lea)) == 1
    method(ann, "new@example.com")
    watch(NOW + 2 * HOUR)
    assert Warning.objects.get().closed_at == NOW + 2 * HOUR


@pytest.mark.django_db(transaction=True)
def test_two_engines_at_once() -> None:
    lea, bob = user("Lea", role="lead"), user("Bob", email="")
    schedule(bob, name="App")
    Watch.objects.all().delete()
    Watch.objects.create(due_at=NOW)
    results = race(lambda: actions.run_watch(now=NOW), lambda: actions.run_watch(now=NOW))
    assert not [each for each in results if isinstance(each, Exception)]
    assert (Warning.objects.count(), len(told(lea))) == (1, 1)


@pytest.mark.django_db
def test_panel_and_api(client: Client) -> None:
    user("Lea", role="lead")
    ann, bob = user("Ann", time_zone="UTC"), user("Bob", email="")
    proof = Proof.objects.create(method=method(ann), page_id=1, state="arrived", asked_at=timezone.now())
    rota = schedule(ann, bob, name="App", layers=[layer([ann, bob])])
    watch(timezone.now())
    client.force_login(user(role="viewer"))
    html = client.get(reverse("readiness:panel", args=[rota.pk])).content.decode()
    assert "Bob" in html and "card-alert" in html and "arrived" in html
    assert proof.method.target not in html
    (line,) = Api("viewer")("GET", "/readiness")
    assert (line["schedule"], line["name"]) == ("App", "Bob")
