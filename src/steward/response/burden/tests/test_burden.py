"""What on-call costs: figures, questions, the guard, proposals and pay."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from steward.algorithms.burden import Weight
from steward.foundation.errors import Forbidden
from steward.foundation.testing.pages import check_queries
from steward.foundation.testing.races import race
from steward.people.accounts.queries import actor_for_user
from steward.people.workforce import actions as workforce
from steward.response.burden import actions, queries, rules
from steward.response.burden.errors import GuardInvalid, PayInvalid, ReportInvalid, ReportNotFound
from steward.response.burden.models import HandoffNote, Round, ShiftReport, ShortNight
from steward.response.notifications.models import Page
from steward.response.oncall.models import Override, Schedule, Swap
from steward.response.oncall.tests.factories import ENGINE, actor, layer, schedule, user
from steward.response.oncall.tests.test_api import Api

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAYS = timedelta(days=1)


def paged(who: Any, *times: datetime, state: str = "sent", kind: str = "incident") -> None:
    for at in times:
        Page.objects.create(
            key=f"{who.pk}:{at.isoformat()}:{kind}", user=who, subject_kind=kind, subject_id=1, title="x", body="",
            reason={}, state=state, created_at=at,
        )  # fmt: skip


def round_at(now: datetime, seen: datetime | None = None) -> None:
    Round.objects.all().delete()
    Round.objects.create(seen_until=seen or now - HOUR, due_at=now)
    actions.run_round(now=now)


def figures(*args: Any, **more: Any) -> dict[str, Any]:
    return {str(line.user): line for line in queries.burden(ENGINE, NOW, days=28, **more)}


@pytest.mark.django_db
def test_hours_nights_weekends_holidays_pages_and_wake_ups_by_their_own_clock() -> None:
    ann, bob = user("Ann", time_zone="Europe/Berlin"), user("Bob", time_zone="Asia/Shanghai")
    schedule(ann, bob, name="App", time_zone="UTC", layers=[layer(ann, bob)])  # Ann's turn began on 2 March, 09:00 UTC
    workforce.set_workplace(actor=actor_for_user(bob), now=NOW, user_id=bob.pk, country="CN")
    at = datetime(2026, 3, 4, 1, tzinfo=UTC)  # 02:00 in Berlin, and Ann's week
    paged(ann, at, at + HOUR, at + 10 * HOUR)
    paged(ann, at + 7 * DAYS)  # not on call then
    paged(ann, at + 2 * HOUR, state="failed")
    paged(ann, at + 3 * HOUR, kind="test")
    lines = figures()
    mine = lines["Ann"].behind
    assert (mine.pages, mine.wake_ups) == (3, 2)
    assert mine.weight.total == 14 * 24 * 3600
    assert mine.weight.weekend == 4 * 24 * 3600
    assert mine.points == pytest.approx(rules.points_of(mine.weight) + 3 * 2 + 2 * 4)
    assert lines["Ann"].share + lines["Bob"].share == pytest.approx(1)
    assert lines["Bob"].ahead.weight.holiday == 7 * 3600  # Qingming: 6 April, from 17:00 in Shanghai
    assert figures(schedule_id=0) == {}


@pytest.mark.django_db
def test_what_is_too_much() -> None:
    week = Weight(total=7 * 24 * 3600, night=7 * 9 * 3600)
    fine = rules.Burden(week, pages=28)
    assert rules.overload(fine, fine, 30, 28) == []
    assert rules.overload(rules.Burden(week + week), rules.Burden(week, pages=29), 30, 28) == [
        "share",
        "nights",
        "pages",
    ]


@pytest.mark.django_db
def test_each_shift_that_ended_is_asked_about_once() -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = schedule(ann, bob, name="App", time_zone="UTC")
    end = datetime(2026, 3, 30, 9, tzinfo=UTC)
    round_at(end - timedelta(minutes=1))
    assert not ShiftReport.objects.exists()
    for _again in range(2):
        round_at(end + timedelta(minutes=1))
    report = ShiftReport.objects.get()
    assert (report.user, report.start_at, report.end_at, report.schedule) == (bob, end - 7 * DAYS, end, chosen)
    assert queries.open_reports(bob.pk, NOW) == [report] and queries.open_reports(ann.pk, NOW) == []
    row = Round.objects.get()
    assert (row.seen_until, row.due_at) == (end + timedelta(minutes=1), end + timedelta(minutes=6))
    actions.run_round(now=end + timedelta(minutes=2))  # not due yet
    assert Round.objects.get().seen_until == end + timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_two_engines_at_once() -> None:
    ann, bob = user(), user()
    schedule(ann, bob, time_zone="UTC")
    at = datetime(2026, 3, 30, 9, 1, tzinfo=UTC)
    Round.objects.all().delete()
    Round.objects.create(seen_until=at - HOUR, due_at=at)
    results = race(lambda: actions.run_round(now=at), lambda: actions.run_round(now=at))
    assert not [each for each in results if isinstance(each, Exception)]
    assert ShiftReport.objects.count() == 1


@pytest.mark.django_db
def test_answers_count_and_only_ones_own() -> None:
    ann, bob = user("Ann"), user("Bob")
    schedule(ann, bob, time_zone="UTC")
    round_at(datetime(2026, 3, 30, 9, 1, tzinfo=UTC))
    report = ShiftReport.objects.get()
    values: dict[str, Any] = {"now": NOW, "report_id": report.pk, "hours_worked": Decimal("6.5"), "rating": 4}
    with pytest.raises(Forbidden):
        actions.answer_report(actor=actor(role="viewer"), **values)
    with pytest.raises(ReportInvalid):
        actions.answer_report(actor=actor_for_user(bob), **{**values, "rating": None, "hours_worked": None})
    with pytest.raises(ReportInvalid):
        actions.answer_report(actor=actor_for_user(bob), **{**values, "rating": 6})
    with pytest.raises(ReportNotFound):
        actions.answer_report(actor=actor_for_user(bob), **{**values, "report_id": 0})
    actions.answer_report(actor=actor_for_user(bob), **values)
    assert queries.open_reports(bob.pk, NOW) == []
    line = figures()["Bob"].behind
    assert (line.worked, line.rating) == (6.5, 4)


@pytest.mark.django_db
def test_who_was_woken_too_often_is_offered_relief_once_a_night() -> None:
    ann = user("Ann", time_zone="Europe/Berlin")
    chosen = schedule(ann, name="App", layers=[layer(ann)])
    night = datetime(2026, 3, 30, 23, tzinfo=UTC)  # 01:00 in Berlin
    paged(ann, night, night + HOUR)
    morning = night + 7 * HOUR
    round_at(morning)
    assert not ShortNight.objects.exists()  # two are let pass
    paged(ann, night + 2 * HOUR)
    for _again in range(2):
        round_at(morning)
    short = ShortNight.objects.get()
    assert (short.user, short.night, short.pages) == (ann, date(2026, 3, 30), 3)
    swap = Swap.objects.get()
    assert short.swap == swap
    # Ann has no end to her shift: the coming night of it is offered, 22:00 to 07:00 of her clock.
    assert (swap.asker, swap.offered_to, swap.start_at, swap.end_at) == (
        ann, None, datetime(2026, 3, 31, 20, tzinfo=UTC), datetime(2026, 4, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    assert "3 times" in swap.note
    Swap.objects.all().delete()
    ShortNight.objects.all().delete()
    actions.set_guard(actor=ENGINE, now=NOW, schedule_id=chosen.pk, pages=0)
    round_at(morning)
    assert not ShortNight.objects.exists()
    with pytest.raises(GuardInvalid):
        actions.set_guard(actor=ENGINE, now=NOW, schedule_id=chosen.pk, pages=51)


@pytest.mark.django_db
def test_the_next_shift_is_offered_when_there_is_one() -> None:
    ann, bob = user("Ann", time_zone="UTC"), user("Bob")
    schedule(ann, bob, time_zone="UTC", layers=[layer(ann, bob, unit="day", start=date(2026, 3, 30))])
    night = datetime(2026, 3, 31, 1, tzinfo=UTC)  # Ann's, until 09:00; hers again on 1 April
    paged(ann, *(night + n * timedelta(minutes=20) for n in range(4)))
    round_at(datetime(2026, 3, 31, 7, 30, tzinfo=UTC))
    swap = Swap.objects.get()
    assert (swap.start_at, swap.end_at) == (
        datetime(2026, 4, 1, 9, tzinfo=UTC), datetime(2026, 4, 2, 9, tzinfo=UTC)
    )  # fmt: skip


@pytest.mark.django_db
def test_a_fairer_rota_is_proposed_and_made_of_overrides() -> None:
    ann, bob, eve = user("Ann"), user("Bob"), user("Eve")
    chosen = schedule(name="App", time_zone="UTC", layers=[layer(ann, ann, ann, bob)])
    chosen.layers.get().members.create(user=eve, turn=4, place=0)
    workforce.add_leave(
        actor=actor_for_user(eve), now=NOW, user_id=eve.pk, first_day=date(2026, 4, 13), last_day=date(2026, 4, 21)
    )
    quality = queries.quality(ENGINE, NOW, "app")
    found = quality.proposal
    assert found.after > found.before
    given = {change.start: change.proposed for change in found.changes}
    assert given.get(datetime(2026, 4, 13, 9, tzinfo=UTC)) != eve  # on leave
    assert quality.fairness < 1
    made = actions.apply_proposal(actor=ENGINE, now=NOW, slug="app")
    assert made == len(found.changes) == Override.objects.count()
    assert set(Override.objects.values_list("reason", flat=True)) == {"fairer rota"}
    assert queries.quality(ENGINE, NOW, "app").fairness > quality.fairness
    assert actions.apply_proposal(actor=ENGINE, now=NOW, slug=schedule(ann, name="Alone").slug) == 0


@pytest.mark.django_db
def test_pay_is_what_the_organisations_rule_says() -> None:
    ann = user("Ann", time_zone="UTC")
    schedule(ann, time_zone="UTC", layers=[layer(ann, begins_at=datetime(2026, 3, 7, tzinfo=UTC), unit="day")])
    paged(ann, datetime(2026, 3, 7, 2, tzinfo=UTC), datetime(2026, 3, 7, 12, tzinfo=UTC))
    ShiftReport.objects.create(
        schedule=Schedule.objects.get(), user=ann, start_at=datetime(2026, 3, 7, tzinfo=UTC),
        end_at=datetime(2026, 3, 7, 23, tzinfo=UTC), hours_worked=Decimal("1.5"), asked_at=NOW, answered_at=NOW,
    )  # fmt: skip
    rates = rules.Rates(
        "eur", hour=Decimal("2"), night_hour=Decimal("1"), weekend_hour=Decimal("0.5"), page=Decimal("10"),
        wake_up=Decimal("20"), worked_hour=Decimal("30"), off_per_worked=Decimal("1"), off_per_wake_up=Decimal("0.5"),
    )  # fmt: skip
    actions.set_pay_rule(actor=ENGINE, now=NOW, organisation_id=ann.organisation_id, rates=rates)
    (row,) = queries.pay_rows(ENGINE, date(2026, 3, 7), date(2026, 3, 7))
    # 24 hours, 9 of them at night, all at a weekend; two pages, one of them at night; an hour and a half worked
    assert row.earned.amount == Decimal(24 * 2 + 9 + 12 + 20 + 20 + 45)
    assert (row.currency, row.earned.hours_off) == ("EUR", Decimal("2.0"))
    with pytest.raises(PayInvalid):
        actions.set_pay_rule(
            actor=ENGINE, now=NOW, organisation_id=ann.organisation_id, rates=rules.Rates("EURO", hour=Decimal(-1))
        )
    with pytest.raises(Forbidden):
        actions.set_pay_rule(actor=actor(role="responder"), now=NOW, organisation_id=ann.organisation_id, rates=rates)


@pytest.mark.django_db
def test_pages(client: Client) -> None:
    lead = user("Lea", role="lead")
    client.force_login(lead)
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, ann, bob, name="App")
    now = timezone.now()
    html = check_queries(client, reverse("burden:everybody")).content.decode()
    assert "Ann" in html and "One point is an hour on call" in html
    url = reverse("burden:schedule", args=["app"])
    html = check_queries(client, url).content.decode()
    assert "Quality of the schedule" in html and "Make these changes" in html
    assert client.post(reverse("burden:guard", args=["app"]), {"pages": "4"}).status_code == 302
    assert queries.guard_of(rota.pk) == 4
    assert client.post(reverse("burden:guard", args=["app"]), {"pages": "99"}).status_code == 422
    assert client.post(reverse("burden:note", args=["app"]), {"text": "disk of db-3 is nearly full"}).status_code == 302
    assert client.post(reverse("burden:note", args=["app"]), {"text": " "}).status_code == 422
    assert HandoffNote.objects.get().author == lead
    panel = client.get(reverse("burden:schedule-panel", args=[rota.pk])).content.decode()
    assert "disk of db-3" in panel
    assert client.post(reverse("burden:apply", args=["app"])).status_code == 302
    assert Override.objects.exists()
    report = ShiftReport.objects.create(
        schedule=rota, user=lead, start_at=now - 2 * DAYS, end_at=now - DAYS, asked_at=now
    )
    assert "How was your shift?" in client.get(reverse("burden:questions", args=[7])).content.decode()
    answer = reverse("burden:report", args=[report.pk])
    assert client.get(answer).status_code == 200
    assert client.post(answer, {"rating": "", "hours_worked": ""}).status_code == 422
    assert client.post(answer, {"rating": "5", "hours_worked": "3.5", "comment": "two restores"}).status_code == 302
    assert client.get(reverse("burden:questions", args=[7])).content.decode().strip() == ""
    assert client.get(reverse("burden:report", args=[0])).status_code == 404


@pytest.mark.django_db
def test_pay_pages_and_export(client: Client) -> None:
    client.force_login(user("Lea", role="lead"))
    ann = user("=Ann", time_zone="Europe/Berlin")
    schedule(ann, name="App", layers=[layer(ann)])
    pay = reverse("burden:pay")
    assert client.get(pay).status_code == 200
    url = reverse("burden:pay-of", args=[ann.organisation_id])
    values = dict.fromkeys(rules.AMOUNTS, "0")
    assert client.post(url, {**values, "currency": "EUR", "hour": "2"}).status_code == 302
    assert client.post(url, {**values, "currency": "EURO"}).status_code == 422
    export = reverse("burden:export") + "?first=2026-03-01&last=2026-03-31"
    text = b"".join(client.get(export).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["person"], row["hours"], row["amount"], row["currency"]) == ("'=Ann", "744.0", "1488.00", "EUR")
    assert row["start (local)"] == "2026-03-01 01:00"
    assert client.get(reverse("burden:export") + "?first=2026-03-01&last=2029-03-31").status_code == 302
    viewer = Client()
    viewer.force_login(user(role="responder"))
    assert viewer.get(pay).status_code == 403
    assert viewer.get(export).status_code == 403


@pytest.mark.django_db
def test_api() -> None:
    ann = user("Ann")
    rota = schedule(ann, name="App")
    api = Api("lead")
    (line,) = api("GET", f"/burden?schedule_id={rota.pk}")
    assert (line["user"]["name"], line["share"]) == ("Ann", 1)
    assert api("GET", "/burden/proposals/app")["changes"] == []
    assert api("POST", "/burden/proposals/app/apply") == 0
    api("GET", "/burden/proposals/nothing", status=404)
    assert api("PUT", f"/burden/guards/{rota.pk}", {"pages": 5}) == {"pages": 5}
    assert api("GET", f"/burden/guards/{rota.pk}") == {"pages": 5}
    assert api("GET", f"/burden/notes/{rota.pk}") == []
    organisation = ann.organisation_id
    assert api("GET", f"/burden/rates/{organisation}")["currency"] == ""
    assert api("PUT", f"/burden/rates/{organisation}", {"currency": "EUR", "hour": "2.50"})["hour"] == "2.50"
    api("PUT", f"/burden/rates/{organisation}", {"currency": "E1R"}, 422)
    (row,) = api("GET", "/burden/pay?first=2026-03-10&last=2026-03-10")
    assert (row["amount"], row["currency"], row["burden"]["hours"]) == ("60.00", "EUR", 24)
    api("GET", "/burden/pay?first=2026-03-10&last=2026-03-09", status=422)
    report = ShiftReport.objects.create(schedule=rota, user=ann, start_at=NOW - DAYS, end_at=NOW, asked_at=NOW)
    assert api("PUT", f"/burden/reports/{report.pk}", {"rating": 2})["rating"] == 2
    assert [each["id"] for each in api("GET", "/burden/reports")["items"]] == [report.pk]
