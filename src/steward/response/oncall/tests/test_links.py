"""Calendars at secret addresses, as programs read them: checked by parsers that are not ours."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import ics as ics_parser
import pytest
import recurring_ical_events
import time_machine
import vobject
from django.test import Client
from django.urls import reverse

from steward.config.environment import load
from steward.foundation.secretpaths import SecretPaths
from steward.foundation.testing.pages import check_anonymous, check_permission
from steward.people.accounts.models import User
from steward.people.audit.models import AuditEntry
from steward.response.oncall import actions
from steward.response.oncall.models import CalendarLink, Schedule
from steward.response.oncall.tests.factories import ENGINE, NOW, layer, schedule, user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ann() -> User:
    return user("Ann Ä. Müller, Ops; Night", email="ann@example.org", time_zone="Europe/Berlin")


@pytest.fixture
def bob() -> User:
    return user("Bob")


def address(found: Schedule | User) -> str:
    if isinstance(found, Schedule):
        link = actions.renew_schedule_link(actor=ENGINE, now=NOW, schedule_id=found.pk)
    else:
        link = actions.renew_own_link(actor=ENGINE, now=NOW, user_id=found.pk)
    return "/calendars/" + actions.token_of(link) + ".ics"


def read(url: str, now: datetime = NOW, **headers: str) -> Any:
    with time_machine.travel(now, tick=False):
        return Client().get(url, headers=headers)


def events(url: str, now: datetime = NOW) -> list[icalendar.Event]:
    response = read(url, now)
    assert response.status_code == 200, response.content
    parsed = icalendar.Calendar.from_ical(response.content)
    assert not parsed.errors
    return [each for each in parsed.walk("VEVENT") if isinstance(each, icalendar.Event)]


def spoken(found: list[icalendar.Event]) -> list[tuple[str, datetime, datetime]]:
    return [(str(each["SUMMARY"]), each.start, each.end) for each in found]


def override(rota: Schedule, who: User, start: datetime, end: datetime, **more: Any) -> Any:
    return actions.add_override(
        actor=ENGINE, now=NOW, schedule_id=rota.pk, user_id=who.pk, start_at=start, end_at=end, **more
    )


def test_every_shift_is_an_event_that_other_programs_read(ann: User, bob: User) -> None:
    rota = schedule(ann, bob, name="App")
    url = address(rota)
    found = events(url)
    # Thirty days back and 180 ahead, weeks that touch: handover on Monday 09:00 in Berlin, summer and winter.
    assert spoken(found)[:2] == [
        ("Bob on call: App", datetime(2026, 1, 26, 8, tzinfo=UTC), datetime(2026, 2, 2, 8, tzinfo=UTC)),
        (f"{ann} on call: App", datetime(2026, 2, 2, 8, tzinfo=UTC), datetime(2026, 2, 9, 8, tzinfo=UTC)),
    ]
    summer = [each for each in found if each.start >= datetime(2026, 3, 30, tzinfo=UTC)]
    assert {each.start.hour for each in summer} == {7} and found[-1].end >= NOW + timedelta(days=179)
    assert {str(each["ATTENDEE"]) for each in found if "Ann" in each["SUMMARY"]} == {"mailto:ann@example.org"}
    assert f"{load().public_url}/schedules/{rota.slug}/" in str(found[0]["DESCRIPTION"])
    body = read(url).content.decode()
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n")) and "\n" not in body.replace("\r\n", "")
    other = vobject.readOne(io.StringIO(body))
    third = ics_parser.Calendar(body)
    times = sorted((each.start, each.end) for each in found)
    assert sorted((each.dtstart.value, each.dtend.value) for each in other.vevent_list) == times
    assert sorted((each.begin.datetime, each.end.datetime) for each in third.events) == times
    assert {each.summary.value for each in other.vevent_list} == {str(each["SUMMARY"]) for each in found}
    expanded = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).at(NOW)
    assert [str(each["SUMMARY"]) for each in expanded] == [f"{ann} on call: App"]


def test_a_shift_keeps_its_name_and_its_revision_while_it_is_the_same(ann: User, bob: User) -> None:
    rota, eve = schedule(ann, bob, name="App"), user("Eve")
    url = address(rota)
    before = {str(each["UID"]): each for each in events(url)}
    assert len(before) == len(events(url))
    later = NOW + timedelta(days=1, hours=2)
    week = datetime(2026, 3, 9, 8, tzinfo=UTC)
    override(rota, eve, week, week + HOUR, reason="dentist")
    after = {str(each["UID"]): each for each in events(url, later)}
    changed = [uid for uid in before.keys() & after.keys() if before[uid].start != after[uid].start]
    assert [(before[uid].start, after[uid].start) for uid in changed] == [(week, week + HOUR)]
    assert [int(after[uid]["SEQUENCE"]) for uid in changed] == [1]
    assert after[changed[0]]["LAST-MODIFIED"].dt == after[changed[0]]["DTSTAMP"].dt == later
    assert all(
        (after[uid]["LAST-MODIFIED"].dt, int(after[uid]["SEQUENCE"])) == (NOW, 0)
        for uid in before.keys() & after.keys() if uid not in changed
    )  # fmt: skip
    (made,) = [each for each in after.values() if "Eve" in each["SUMMARY"]]
    assert (made.start, made.end) == (week, week + HOUR) and "Override: dentist" in made["DESCRIPTION"]


def test_what_did_not_change_is_not_sent_again(ann: User, bob: User, django_assert_max_num_queries: Any) -> None:
    rota = schedule(ann, bob)
    url = address(rota)
    first = read(url)
    etag, modified = first["ETag"], first["Last-Modified"]
    with django_assert_max_num_queries(4):
        again = read(url, NOW + timedelta(hours=3), If_None_Match=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert read(url, NOW + HOUR, If_Modified_Since=modified).status_code == 304
    override(rota, bob, NOW + HOUR, NOW + 2 * HOUR)
    changed = read(url, NOW + HOUR, If_None_Match=etag)
    assert changed.status_code == 200 and changed["ETag"] != etag
    assert read(url, NOW + 2 * HOUR, If_Modified_Since=modified).status_code == 200


def test_gaps_are_events_for_who_wants_them(ann: User) -> None:
    rota = schedule(name="App", layers=[layer(ann, ends_at=NOW + timedelta(days=3))])
    url = address(rota)
    assert [each for each in events(url) if "Nobody" in each["SUMMARY"]] == []
    (gap,) = [each for each in events(url + "?gaps=1") if "Nobody" in each["SUMMARY"]]
    assert gap.start == NOW + timedelta(days=3)
    assert read(url)["ETag"] != read(url + "?gaps=1")["ETag"]


def test_a_person_has_all_their_shifts_and_only_theirs(ann: User, bob: User) -> None:
    app, web = schedule(ann, bob, name="App"), schedule(bob, name="Web")
    schedule(bob, name="Other")
    override(web, ann, NOW + HOUR, NOW + 2 * HOUR)
    found = events(address(ann))
    assert {str(each["SUMMARY"]) for each in found} == {f"{ann} on call: App", f"{ann} on call: Web"}
    names = {str(each["UID"]) for each in events(address(app))}
    assert {str(e["UID"]) for e in found if "App" in e["SUMMARY"]} <= names


def test_a_renewed_link_stops_the_old_one_and_nobody_guesses(ann: User) -> None:
    rota = schedule(ann)
    old = address(rota)
    new = address(rota)
    assert old != new and read(old).status_code == 404 and read(new).status_code == 200
    for wrong in (
        "x",
        "1",
        new[:-5] + "0.ics",
        "9" * 30 + "-a",
        new.replace(".ics", "a.ics").removeprefix("/calendars/"),
    ):
        assert read(f"/calendars/{wrong.removesuffix('.ics')}.ics").status_code == 404
    mine = address(ann)
    assert read(mine).status_code == 200
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert read(mine).status_code == 404
    actions.remove_schedule_link(actor=ENGINE, now=NOW, schedule_id=rota.pk)
    assert read(new).status_code == 404
    assert AuditEntry.objects.filter(action="schedule.link").count() == 2


def test_no_log_holds_the_secret() -> None:
    secret = "/calendars/12-0123456789abcdef.ics"
    record = logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", (secret,), None)
    assert SecretPaths().filter(record) and record.getMessage() == "Not Found: /calendars/***"


def test_the_pages_show_make_and_renew_the_link(ann: User) -> None:
    rota = schedule(ann, name="App")
    lead, viewer = Client(), Client()
    lead.force_login(user(role="lead"))
    viewer.force_login(user(role="viewer"))
    url = reverse("oncall:schedule-link", args=[rota.slug])
    check_anonymous(url)
    check_permission(url, "oncall.view")
    check_permission(reverse("oncall:schedule-link-renew", args=[rota.slug]), "oncall.manage", method="post")
    CalendarLink.objects.all().delete()
    assert "There is no link yet" in viewer.get(url).content.decode()
    assert not CalendarLink.objects.exists()  # looking writes nothing
    assert viewer.post(reverse("oncall:schedule-link-renew", args=[rota.slug])).status_code == 403
    page = lead.post(reverse("oncall:schedule-link-renew", args=[rota.slug]), follow=True).content.decode()
    secret = actions.address_of(CalendarLink.objects.get())
    assert secret in page and secret in viewer.get(url, headers={"HX-Request": "true"}).content.decode()
    lead.post(reverse("oncall:schedule-link-renew", args=[rota.slug]))
    assert secret not in lead.get(url).content.decode()
    lead.post(reverse("oncall:schedule-link-remove", args=[rota.slug]))
    assert not CalendarLink.objects.exists()
    assert url in lead.get(reverse("oncall:schedule", args=[rota.slug])).content.decode()


def test_my_shifts_have_a_link_of_my_own(ann: User) -> None:
    schedule(ann)
    client = Client()
    client.force_login(ann)
    assert reverse("oncall:own-link") in client.get(reverse("oncall:mine")).content.decode()
    client.post(reverse("oncall:own-link-renew"))
    assert (
        actions.address_of(CalendarLink.objects.get(user=ann))
        in client.get(reverse("oncall:own-link")).content.decode()
    )
    client.post(reverse("oncall:own-link-remove"))
    assert not CalendarLink.objects.exists()
