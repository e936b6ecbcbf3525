"""Calendars that schedules take shifts from: read from a real server, kept, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from steward.config import environment
from steward.foundation.outbound.tests.conftest import Web, answer
from steward.foundation.testing.pages import check_anonymous, check_permission, check_queries
from steward.people.accounts.models import User
from steward.people.audit.models import AuditEntry
from steward.response.oncall import actions, queries
from steward.response.oncall.actions.calendars import RETRY
from steward.response.oncall.due import read_one
from steward.response.oncall.errors import CalendarInvalid
from steward.response.oncall.models import Calendar, CalendarShift, Schedule
from steward.response.oncall.tests.factories import ENGINE, NOW, schedule, user
from steward.response.oncall.tests.test_calendar_rules import calendar as written
from steward.response.oncall.tests.test_calendar_rules import event

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# NOW is Monday 12:00 UTC.
SHIFT = "DTSTART:20260302T100000Z\nDTEND:20260302T180000Z"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[Web]:
    server = Web()
    allowed = replace(environment.load(), outbound_allow=("127.0.0.1/32",))
    monkeypatch.setattr("steward.response.oncall.fetching.load", lambda: allowed)
    yield server
    server.stop()


@pytest.fixture
def ann() -> User:
    return user("Ann", username="ann.cal")


@pytest.fixture
def rota() -> Schedule:
    return schedule(user("Walt"), name="App")


def add(rota: Schedule, content: str = "", **changes: Any) -> Calendar:
    given = actions.CalendarInput(**{"name": "Team", "content": content, **changes})
    return actions.add_calendar(actor=ENGINE, now=NOW, schedule_id=rota.pk, calendar=given)


def read(made: Calendar, now: datetime = NOW) -> Calendar:
    read_one(made.pk, now)
    made.refresh_from_db()
    return made


def on_call(rota: Schedule, at: datetime = NOW) -> list[tuple[str, str]]:
    return [(str(shift.user), shift.layer) for shift in queries.who(rota.pk, at)]


def serve(web: Web, text: str, **headers: str) -> None:
    web.routes["/c.ics"] = answer(200, text.encode(), **headers)


def test_a_calendar_of_a_higher_priority_covers_the_layers(rota: Schedule, ann: User) -> None:
    eve = user("Eve", username="eve.cal")
    read(add(rota, written(event("[L1] Ann", times=SHIFT))))
    assert on_call(rota) == [("Ann", "Team")]
    assert on_call(rota, NOW + 7 * HOUR) == [("Walt", "")]
    read(add(rota, written(event("[L2] eve.cal", times=SHIFT)), name="Second"))
    assert on_call(rota) == [("Eve", "Second")]
    read(add(rota, written(event("Ann", times=SHIFT)), name="Boss", as_overrides=True))
    assert on_call(rota) == [("Ann", "Boss")]
    actions.add_override(
        actor=ENGINE, now=NOW, schedule_id=rota.pk, user_id=eve.pk, start_at=NOW, end_at=NOW + HOUR
    )  # fmt: skip
    assert [str(shift.user) for shift in queries.who(rota.pk, NOW)] == ["Eve"]
    assert queries.duty_of(ann.pk, NOW).upcoming is not None


def test_without_a_prefix_it_stands_beside_the_layers_of_its_priority(rota: Schedule, ann: User) -> None:
    made = read(add(rota, written(event("Ann", times=SHIFT))))
    assert sorted(on_call(rota)) == [("Ann", "Team"), ("Walt", "")]
    given = actions.CalendarInput(name="Team", priority=3)
    actions.update_calendar(actor=ENGINE, now=NOW, calendar_id=made.pk, calendar=given)
    read(made)
    assert on_call(rota) == [("Ann", "Team")]
    actions.remove_calendar(actor=ENGINE, now=NOW, calendar_id=made.pk)
    assert on_call(rota) == [("Walt", "")] and not CalendarShift.objects.exists()


def test_an_address_is_read_again_only_when_it_changed(rota: Schedule, ann: User, web: Web) -> None:
    serve(web, written(event("[L1] Ann", times=SHIFT)), ETag='"1"', Last_Modified="Mon, 02 Mar 2026 10:00:00 GMT")
    made = read(add(rota, url=web.url("/c.ics?key=s3cret")))
    assert on_call(rota) == [("Ann", "Team")]
    assert made.due_at is not None and made.due_at < NOW + timedelta(minutes=16)
    assert "s3cret" not in made.url and "s3cret" not in actions.shown_url(made)
    assert "s3cret" not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    rows = set(CalendarShift.objects.values_list("pk", flat=True))
    web.routes["/c.ics"] = answer(304)
    made = read(made, NOW + 16 * timedelta(minutes=1))
    asked = web.seen[-1]["headers"]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"1"', "Mon, 02 Mar 2026 10:00:00 GMT")
    assert not made.error and set(CalendarShift.objects.values_list("pk", flat=True)) == rows
    count = len(web.seen)
    read(made, NOW + 17 * timedelta(minutes=1))
    assert len(web.seen) == count  # not due


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [(500, b"", "500"), (404, b"", "404"), (200, b"<html>sign in</html>", "not a calendar"), (200, b"", "empty")],
)
def test_what_cannot_be_read_is_said_and_what_was_good_stays(
    rota: Schedule, ann: User, web: Web, status: int, body: bytes, words: str
) -> None:
    serve(web, written(event("[L1] Ann", times=SHIFT)))
    made = read(add(rota, url=web.url("/c.ics")))
    web.routes["/c.ics"] = answer(status, body)
    now = NOW + HOUR
    made = read(made, now)
    assert words in made.error and made.read_at is not None and made.read_at < now <= made.tried_at  # type: ignore[operator]
    assert on_call(rota) == [("Ann", "Team")]
    assert made.due_at is not None and now + RETRY <= made.due_at < now + RETRY + timedelta(seconds=30)
    made = read(made, now + HOUR)
    assert made.failures == 2
    client = Client()
    client.force_login(user(role="viewer"))
    page = client.get(reverse("oncall:calendar", args=[made.pk])).content.decode()
    assert "The calendar cannot be read" in page and "still holds" in page
    assert "cannot be read" in client.get(reverse("oncall:schedule", args=[rota.slug])).content.decode()
    serve(web, written(event("[L1] Ann", times=SHIFT)))
    made = read(made, now + 3 * HOUR)
    assert (made.error, made.failures) == ("", 0)


def test_addresses_inside_are_refused(rota: Schedule, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steward.response.oncall.fetching.load", lambda: replace(environment.load(), outbound_allow=()))
    serve(web, written(event("Ann", times=SHIFT)))
    made = read(add(rota, url=web.url("/c.ics")))
    assert "STEWARD_OUTBOUND_ALLOW" in made.error and web.seen == []
    for wrong in ("file:///etc/passwd", "ftp://example.org/c.ics", "nonsense"):
        with pytest.raises(CalendarInvalid):
            add(rota, url=wrong)


def test_a_calendar_that_is_too_large_is_refused(rota: Schedule, web: Web) -> None:
    serve(web, written(event("Ann", "DESCRIPTION:" + "x" * (2 * 1024 * 1024), times=SHIFT)))
    made = read(add(rota, url=web.url("/c.ics")))
    assert "larger than 2 MB" in made.error


def test_who_joins_is_matched_and_who_leaves_is_not(rota: Schedule) -> None:
    made = read(add(rota, written(event("[L1] Zoe", times=SHIFT))))
    assert made.problems == [{"code": "unknown", "text": "Zoe", "count": 1}] and on_call(rota) == [("Walt", "")]
    zoe = user("Zoe")
    made = read(made, NOW + 2 * HOUR)
    assert made.problems == [] and on_call(rota) == [("Zoe", "Team")]
    User.objects.filter(pk=zoe.pk).update(is_active=False)
    made = read(made, NOW + 4 * HOUR)
    assert on_call(rota, NOW + 4 * HOUR) == [("Walt", "")] and len(made.problems) == 1


def test_what_has_been_stays(rota: Schedule, ann: User) -> None:
    daily = event("[L1] Ann", "RRULE:FREQ=DAILY", times="DTSTART:20260201T100000Z\nDTEND:20260201T180000Z")
    made = read(add(rota, written(daily)))
    yesterday = NOW - timedelta(days=1)
    assert on_call(rota, yesterday) == on_call(rota, NOW + timedelta(days=390)) == [("Ann", "Team")]
    given = actions.CalendarInput(name="Team", content=written(event("[L1] Ann", times=SHIFT)))
    actions.update_calendar(actor=ENGINE, now=NOW, calendar_id=made.pk, calendar=given)
    read(made)
    assert on_call(rota, yesterday) == [("Ann", "Team")] and on_call(rota, NOW + timedelta(days=1)) == [("Walt", "")]


def test_its_shifts_are_in_the_calendars_that_are_handed_out(rota: Schedule, ann: User) -> None:
    content = written(event("[L1] Ann", times=SHIFT))
    made = read(add(rota, content))
    link = actions.renew_own_link(actor=ENGINE, now=NOW, user_id=ann.pk)
    (first,) = actions.give_calendar(token=actions.token_of(link), now=NOW).feed.events
    assert (first.kind, first.start.hour) == ("calendar", 10) and "Calendar: Team" in first.description
    later = written(event("[L1] Ann", times="DTSTART:20260302T100000Z\nDTEND:20260302T200000Z"))
    given = actions.CalendarInput(name="Team", content=later)
    actions.update_calendar(actor=ENGINE, now=NOW, calendar_id=made.pk, calendar=given)
    read(made)
    (second,) = actions.give_calendar(token=actions.token_of(link), now=NOW).feed.events
    assert (second.uid, second.end.hour) == (first.uid, 20)


def test_pages_stay_within_their_queries(rota: Schedule, ann: User) -> None:
    with time_machine.travel(NOW, tick=False):
        made = read(add(rota, written(event("[L1] Ann", times=SHIFT))))
        client = Client()
        client.force_login(user(role="lead"))
        for url in (
            reverse("oncall:schedules"), reverse("oncall:schedule", args=[rota.slug]), reverse("oncall:mine"),
            reverse("oncall:calendar", args=[made.pk]), reverse("oncall:calendar-edit", args=[made.pk]),
            reverse("oncall:calendar-new", args=[rota.slug]),
        ):  # fmt: skip
            check_queries(client, url)


def test_a_calendar_is_checked_made_changed_and_removed_on_its_pages(rota: Schedule, ann: User, web: Web) -> None:
    lead = Client()
    lead.force_login(user(role="lead"))
    new, check = (
        reverse("oncall:calendar-new", args=[rota.slug]),
        reverse("oncall:calendar-new-check", args=[rota.slug]),
    )
    check_anonymous(new)
    check_permission(new, "oncall.manage")
    serve(web, written(event("[L1] Ann, Zoe", times=SHIFT).replace(", ", "\\, ")))
    values = {"name": "Team", "url": web.url("/c.ics"), "priority": "0"}
    with time_machine.travel(NOW, tick=False):
        shown = lead.post(check, values).content.decode()
        assert "Ann" in shown and "“Zoe” is nobody here" in shown and not Calendar.objects.exists()
        assert "cannot be read" in lead.post(check, {**values, "url": web.url("/none")}).content.decode()
        assert lead.post(new, {"name": "Team", "priority": "0"}).status_code == 422
        broken = SimpleUploadedFile("c.ics", b"hello")
        response = lead.post(new, {"name": "Team", "priority": "0", "file": broken})
        assert response.status_code == 422 and "not a calendar" in response.content.decode()
        assert lead.post(new, values).status_code == 302
        made = Calendar.objects.get()
        page = lead.get(reverse("oncall:calendar", args=[made.pk])).content.decode()
        assert "not read yet" in page
        read(made)
        page = lead.get(reverse("oncall:calendar", args=[made.pk])).content.decode()
        assert "“Zoe” is nobody here" in page and "Ann" in page
        edit = reverse("oncall:calendar-edit", args=[made.pk])
        file = SimpleUploadedFile("c.ics", written(event("[L1] Ann", times=SHIFT)).encode())
        assert lead.post(edit, {"name": "File", "priority": "2", "file": file}).status_code == 302
        made = read(made)
        assert (made.name, made.url, made.problems) == ("File", "", [])
        lead.post(reverse("oncall:calendar-read", args=[made.pk]))
        lead.post(reverse("oncall:calendar-delete", args=[made.pk]))
    assert not Calendar.objects.exists()
    done = set(AuditEntry.objects.filter(action__startswith="schedule.calendar").values_list("action", flat=True))
    assert done == {"schedule.calendar.add", "schedule.calendar.update", "schedule.calendar.remove"}


def test_a_reading_that_was_overtaken_by_a_change_is_dropped(rota: Schedule, ann: User) -> None:
    made = add(rota, written(event("[L1] Ann", times=SHIFT)))
    reading = actions.begin_reading(now=NOW, calendar_id=made.pk)
    assert reading is not None and actions.begin_reading(now=NOW, calendar_id=made.pk) is None
    actions.remove_calendar(actor=ENGINE, now=NOW, calendar_id=made.pk)
    actions.end_reading(now=NOW, reading=reading, fetched=None)
    assert not CalendarShift.objects.exists()
