"""Asking for cover, taking shifts, and shifts whose person is away."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from steward.foundation.errors import Forbidden
from steward.foundation.testing.pages import check_queries
from steward.foundation.testing.races import race
from steward.people.accounts.queries import actor_for_user
from steward.people.audit.models import AuditEntry
from steward.people.workforce import actions as workforce
from steward.response.notifications.models import Page
from steward.response.oncall import actions, queries
from steward.response.oncall.due import past_due
from steward.response.oncall.errors import SwapInvalid, SwapNotFound, SwapOver
from steward.response.oncall.models import Override, Schedule, Swap
from steward.response.oncall.tests.factories import ENGINE, NOW, actor, schedule, user
from steward.response.oncall.tests.test_api import Api

HOUR = timedelta(hours=1)
TUESDAY = datetime(2026, 3, 3, 8, tzinfo=UTC)


def ask(chosen: Schedule, who: Any, start: datetime = TUESDAY, end: datetime = TUESDAY + 8 * HOUR, **more: Any) -> Swap:
    values = {"actor": actor_for_user(who), "now": NOW, "schedule_id": chosen.pk, "user_id": who.pk}
    return actions.ask_for_cover(**{**values, "start_at": start, "end_at": end, **more})


def take(swap: Swap, who: Any, **more: Any) -> Swap:
    values = {"actor": actor_for_user(who), "now": NOW, "swap_id": swap.pk, "user_id": who.pk}
    return actions.take_swap(**{**values, **more})


def told(who: Any) -> list[str]:
    return list(Page.objects.filter(user=who).order_by("id").values_list("title", flat=True))


@pytest.mark.django_db
def test_anybody_else_takes_what_stands_open() -> None:
    ann, bob, eve = user("Ann", time_zone="Europe/Berlin"), user("Bob"), user("Eve", role="viewer")
    chosen = schedule(ann, bob, name="App")
    swap = ask(chosen, ann, note="school play")
    assert queries.open_swaps([chosen.pk], NOW) == [swap]
    with pytest.raises(SwapInvalid, match="your own"):
        take(swap, ann)
    taken = take(swap, eve)
    assert (taken.state, taken.taken_by, taken.due_at) == ("taken", eve, None)
    made = Override.objects.get()
    assert (made.user, made.replaces, made.start_at, made.reason) == (eve, ann, TUESDAY, "swap with Ann")
    during = TUESDAY + HOUR
    assert [shift.user for shift in queries.who(chosen.pk, during)] == [eve]
    assert [shift.user for shift in queries.who(chosen.pk, TUESDAY + 9 * HOUR)] == [ann]
    assert told(ann) == ["Eve takes your shift: App, Tue 3 Mar 09:00 – Tue 3 Mar 17:00"]
    with pytest.raises(SwapOver, match="taken"):
        take(swap, bob)
    with pytest.raises(SwapOver):
        actions.withdraw_swap(actor=actor_for_user(ann), now=NOW, swap_id=swap.pk)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "schedule.create", "schedule.swap.ask", "schedule.override.add", "schedule.swap.take",
    ]  # fmt: skip


@pytest.mark.django_db
def test_who_is_asked_may_decline_and_nobody_else_takes_it() -> None:
    ann, bob, eve = user("Ann"), user("Bob"), user("Eve")
    chosen = schedule(ann, name="App")
    swap = ask(chosen, ann, offered_to_id=bob.pk)
    assert told(bob) == ["Ann asks you to take over: App, Tue 3 Mar 08:00 – Tue 3 Mar 16:00"]
    with pytest.raises(SwapInvalid, match="offered to Bob"):
        take(swap, eve)
    with pytest.raises(Forbidden):
        actions.decline_swap(actor=actor(role="viewer"), now=NOW, swap_id=swap.pk)
    actions.decline_swap(actor=actor_for_user(bob), now=NOW, swap_id=swap.pk)
    assert told(ann) == ["Bob cannot take your shift: App, Tue 3 Mar 08:00 – Tue 3 Mar 16:00"]
    with pytest.raises(SwapOver):
        take(swap, bob)
    again = ask(chosen, ann, offered_to_id=eve.pk)
    actions.withdraw_swap(actor=actor_for_user(ann), now=NOW, swap_id=again.pk)
    assert told(eve)[-1].startswith("Ann keeps the shift")
    assert not Override.objects.exists()


@pytest.mark.django_db
def test_what_nobody_takes_is_past_due_when_it_begins() -> None:
    ann, bob = user("Ann"), user("Bob")
    swap = ask(schedule(ann, name="App"), ann)
    assert swap.due_at == TUESDAY
    past_due(swap.pk, TUESDAY - timedelta(seconds=1))
    swap.refresh_from_db()
    assert swap.state == "open"
    for _again in range(2):
        past_due(swap.pk, TUESDAY)
    swap.refresh_from_db()
    assert (swap.state, swap.due_at) == ("past_due", None)
    assert told(ann) == ["Nobody took your shift, it begins now: App, Tue 3 Mar 08:00 – Tue 3 Mar 16:00"]
    with pytest.raises(SwapOver, match="past due"):
        take(swap, bob, now=TUESDAY + HOUR)
    past_due(0, NOW)  # it was deleted meanwhile


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end": TUESDAY}, "end_at"),
        ({"start": NOW - 3 * HOUR, "end": NOW - HOUR}, "end_at"),
        ({"start": TUESDAY + timedelta(days=7), "end": TUESDAY + timedelta(days=8)}, "start_at"),  # Bob's week
        ({"offered_to_id": 10**9}, "offered_to"),
        ({"offered_to_id": "self"}, "offered_to"),
    ],
)
def test_impossible_requests(changes: dict[str, Any], field: str) -> None:
    ann, bob = user(), user()
    if changes.get("offered_to_id") == "self":
        changes = {"offered_to_id": ann.pk}
    with pytest.raises(SwapInvalid) as refused:
        ask(schedule(ann, bob), ann, **changes)
    assert list(refused.value.fields) == [field]


@pytest.mark.django_db
def test_one_request_at_a_time_and_for_oneself_only() -> None:
    ann, bob = user(), user(role="viewer")
    chosen = schedule(ann)
    swap = ask(chosen, ann)
    with pytest.raises(SwapInvalid, match="asked for already"):
        ask(chosen, ann, start=TUESDAY + HOUR, end=TUESDAY + 2 * HOUR)
    with pytest.raises(Forbidden):
        ask(chosen, ann, actor=actor_for_user(bob))
    with pytest.raises(Forbidden):
        take(swap, ann, actor=actor_for_user(bob))
    with pytest.raises(Forbidden):
        take(swap, bob, actor=actor(role="customer"))
    with pytest.raises(SwapNotFound):
        take(Swap(pk=0), bob)
    lead = actor(role="lead")
    assert take(swap, bob, actor=lead).taken_by == bob  # a lead arranges it


@pytest.mark.django_db(transaction=True)
def test_two_that_take_one_shift_at_once() -> None:
    ann, bob, eve = user(), user(), user()
    chosen = schedule(ann)
    swap = ask(chosen, ann)
    results = race(lambda: take(swap, bob), lambda: take(swap, eve))
    assert sum(isinstance(each, SwapOver) for each in results) == 1
    assert Override.objects.count() == 1
    swap.refresh_from_db()
    assert Override.objects.get().user == swap.taken_by


@pytest.mark.django_db(transaction=True)
def test_taking_and_withdrawing_and_the_clock_at_once() -> None:
    ann, bob = user(), user()
    chosen = schedule(ann)
    for other in (
        lambda swap: actions.withdraw_swap(actor=actor_for_user(ann), now=NOW, swap_id=swap.pk),
        lambda swap: past_due(swap.pk, TUESDAY),
    ):
        swap = ask(chosen, ann)
        race(lambda swap=swap: take(swap, bob), lambda swap=swap, other=other: other(swap))  # type: ignore[misc]
        swap.refresh_from_db()
        assert (swap.state == "taken") == Override.objects.filter(pk=swap.override_id or 0).exists()
        assert swap.state != "open"
        Override.objects.all().delete()


@pytest.mark.django_db
def test_leave_and_holidays_need_cover_until_somebody_stands_in() -> None:
    ann, bob = user("Ann", time_zone="Europe/Berlin"), user("Bob", time_zone="Europe/Berlin")
    chosen = schedule(ann, bob, name="App")
    workforce.add_leave(
        actor=actor_for_user(ann), now=NOW, user_id=ann.pk, first_day=date(2026, 3, 4), last_day=date(2026, 3, 5)
    )
    workforce.set_workplace(actor=actor_for_user(bob), now=NOW, user_id=bob.pk, country="DE", part="BE")
    (need,) = queries.needs_of(ENGINE, NOW, timedelta(days=7))
    begin, end = datetime(2026, 3, 3, 23, tzinfo=UTC), datetime(2026, 3, 5, 23, tzinfo=UTC)
    assert (need.shift.user, need.start, need.end, need.absence.kind) == (ann, begin, end, "leave")
    assert need.swap is None
    swap = ask(chosen, ann, start=begin, end=end)
    assert [each.swap for each in queries.needs_of(ENGINE, NOW, timedelta(days=7))] == [swap]
    take(swap, bob)
    assert queries.needs_of(ENGINE, NOW, timedelta(days=7)) == []
    later = queries.needs_of(ENGINE, NOW, timedelta(days=60))
    assert {each.absence.name for each in later if each.shift.user == bob} == {
        "Easter Monday"
    }  # Good Friday is in Ann's week


@pytest.mark.django_db
def test_pages(client: Client) -> None:
    ann, bob = user("Ann", role="responder"), user("Bob", role="responder")
    rota = schedule(ann, name="App")
    client.force_login(ann)
    now = timezone.now()
    today = now.date()
    workforce.add_leave(
        actor=actor_for_user(ann), now=now, user_id=ann.pk, first_day=today + timedelta(days=2),
        last_day=today + timedelta(days=3),
    )  # fmt: skip
    mine = reverse("oncall:mine")
    html = check_queries(client, mine).content.decode()
    assert "you are on leave" in html
    assert "cal-away" in check_queries(client, reverse("oncall:schedule", args=["app"])).content.decode()
    assert "1 needs cover" in check_queries(client, reverse("oncall:schedules")).content.decode()
    url = reverse("oncall:swap-ask", args=["app"])
    assert client.get(url, headers={"HX-Request": "true"}).content.decode().lstrip().startswith("<form")
    start = (now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    values = {
        "start_at": start,
        "end_at": (now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"),
        "offered_to": str(bob.pk),
    }
    away = client.post(url, {**values, "next": "https://evil.example/"})
    assert (away.status_code, away["Location"]) == (302, mine)
    assert client.post(url, values).status_code == 422  # asked for already
    swap = Swap.objects.get()
    other = Client()
    other.force_login(bob)
    assert "Take it" in check_queries(other, mine).content.decode()
    assert "Take it" not in client.get(mine).content.decode()
    assert (
        other.post(reverse("oncall:swap-take", args=[swap.pk]), {"next": "/schedules/app/"})["Location"]
        == "/schedules/app/"
    )
    assert rota.overrides.get().user == bob
    assert "You may take" not in other.get(mine).content.decode()  # it is taken


@pytest.mark.django_db
def test_api() -> None:
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, name="App")
    api = Api("lead")
    body = {"user_id": ann.pk, "start_at": "2096-03-05T08:00:00Z", "end_at": "2096-03-05T16:00:00Z"}
    made = api("POST", f"/schedules/{rota.pk}/swaps", {**body, "offered_to_id": bob.pk}, 201)
    assert (made["state"], made["offered_to"]["name"]) == ("open", "Bob")
    assert api("POST", f"/schedules/swaps/{made['id']}/decline")["state"] == "declined"
    again = api("POST", f"/schedules/{rota.pk}/swaps", body, 201)
    api("POST", f"/schedules/swaps/{again['id']}/decline", status=422)
    taken = api("POST", f"/schedules/swaps/{again['id']}/take", {"user_id": bob.pk})
    assert (taken["state"], taken["taken_by"]["name"], taken["override_id"]) == (
        "taken",
        "Bob",
        Override.objects.get().pk,
    )
    api("POST", f"/schedules/swaps/{again['id']}/withdraw", status=409)
    assert [each["id"] for each in api("GET", "/schedules/swaps?state=taken")["items"]] == [again["id"]]
    assert api("GET", "/schedules/cover") == []
    api("POST", "/schedules/swaps/0/take", {"user_id": bob.pk}, 404)
