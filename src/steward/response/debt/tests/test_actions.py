"""Adding up on the real database: figures, shares, doing it twice, at once, and again when something changes later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.debt import actions, queries
from steward.response.debt.models import DailyFigures, Day, Line, Verdict
from steward.response.debt.registrations import remove_old_days
from steward.response.debt.tests.factories import (
    NOW,
    actor,
    add_up,
    alert,
    fired,
    lead,
    opened,
    paged,
    service,
    supplier,
    user,
)
from steward.response.incidents import actions as incidents
from steward.response.incidents.models import TimelineEntry

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def line(name: str, days: int = 7) -> Line:
    return Line.objects.get(name=name, days=days)


def test_firings_durations_flaps_and_runbooks() -> None:
    of = service()
    noisy = alert("DiskFull", service=of, severity="critical", annotations={"runbook_url": "https://example.org/r"})
    start = NOW - 3 * HOUR
    fired(noisy, start, 60)
    fired(noisy, start + 5 * MINUTE, 60, again=True)  # 4 minutes after its end: a flap
    fired(noisy, start + HOUR, None, again=True)
    fired(alert("Other"), NOW - 2 * HOUR, 600)
    add_up()
    found = line("DiskFull")
    assert (found.fired, found.flaps, found.with_runbook, found.starts) == (3, 1, 3, 3)
    assert (found.service, found.severity) == (of, "critical")
    assert found.firing_seconds == 120
    assert found.median_seconds == pytest.approx(60, rel=0.1)
    assert (line("Other").service, line("Other").fired) == (None, 1)
    assert Line.objects.count() == 6  # two names, three periods


def test_an_incidents_cost_is_shared_and_its_pages_are_counted_in_full() -> None:
    first, second = alert("DiskFull"), alert("Latency")
    berlin = user("anna", time_zone="Europe/Berlin")
    at = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # midnight in Berlin
    found = opened(first, second, alert("Latency"), at=at, status="closed", acknowledged_at=at + 10 * MINUTE,
                   resolved_at=at + 40 * MINUTE)  # fmt: skip
    paged(found, berlin, at)
    paged(found, user("ben", time_zone="America/New_York"), at + 2 * MINUTE)
    paged(found, user("carl"), at, state="cancelled")
    add_up()
    each = line("DiskFull")
    assert each.minutes == pytest.approx((10 + 8 + 30) / 2)
    assert (each.pages, each.wakeups, each.wakeup_share) == (2, 1, 0.5)
    assert each.cost == pytest.approx(24 + 15)
    assert (each.incidents, each.acted, each.ignored, len(each.people)) == (1, 1, 0, 2)
    assert line("Latency").cost == each.cost
    assert each.latest == [found.pk]


def test_ignored_is_what_ended_without_anybody() -> None:
    quiet, loud, by_hand = alert("Quiet"), alert("Loud"), alert("ByHand")
    opened(quiet, status="closed", resolved_at=NOW - HOUR)
    opened(loud)  # still open: nobody knows yet
    people = user("anna")
    incidents.resolve(actor=actor(people), now=NOW - HOUR, incident_id=opened(by_hand).pk)
    add_up()
    assert (line("Quiet").acted, line("Quiet").ignored, line("Quiet").noisy) == (0, 1, 1)
    assert (line("Loud").acted, line("Loud").ignored, line("Loud").noisy) == (0, 0, 0)
    assert (line("ByHand").acted, line("ByHand").ignored) == (1, 0)


def test_what_follows_another_is_found() -> None:
    of = service()
    for number in range(6):
        at = NOW - 3 * HOUR + number * 20 * MINUTE
        fired(alert("Down", service=of), at)
        fired(alert("Latency", service=of), at + MINUTE, 3000)
    add_up()
    assert [each["kind"] for each in line("Latency").suggestions] == ["inhibit"]
    assert line("Latency").suggestions[0]["evidence"] == {"by": "Down", "after": 6, "starts": 6, "others": 6}
    assert line("Down").advice == "for" or line("Down").advice == ""


def snapshot() -> list[Any]:
    names = [f.name for f in Line._meta.fields if f.name not in {"id", "updated_at"}]
    return [list(Line.objects.order_by("days", "name").values_list(*names)), DailyFigures.objects.count()]


def test_adding_up_again_gives_the_same_and_keeps_the_keys() -> None:
    opened(alert("DiskFull"), status="closed", resolved_at=NOW - HOUR)
    fired(alert("DiskFull"), NOW - 30 * HOUR)
    add_up()
    before, keys = snapshot(), set(Line.objects.values_list("pk", flat=True))
    assert actions.rebuild(actor=lead(), now=NOW + MINUTE) == 2
    add_up(NOW + MINUTE)
    assert snapshot() == before
    assert set(Line.objects.values_list("pk", flat=True)) == keys
    assert AuditEntry.objects.filter(action="debt.rebuild").count() == 1


def test_lines_go_when_their_period_is_over() -> None:
    fired(alert("DiskFull"), NOW - 8 * 24 * HOUR)
    add_up()
    assert sorted(Line.objects.values_list("days", flat=True)) == [30, 90]
    add_up(NOW + timedelta(days=89))
    assert not Line.objects.exists()


def test_days_are_made_up_after_a_standstill() -> None:
    add_up()
    fired(alert("DiskFull"), NOW + 30 * HOUR)
    add_up(NOW + timedelta(days=3))
    assert Day.objects.count() == 4
    assert line("DiskFull").fired == 1
    assert Day.objects.filter(due_at__isnull=False).count() == 1  # only today goes on


def test_an_old_day_is_added_up_again_when_its_incident_ends_or_is_judged() -> None:
    found = opened(alert("DiskFull"), at=NOW - 50 * HOUR)
    add_up()
    incidents.acknowledge(actor=lead(), now=NOW + MINUTE, incident_id=found.pk)
    add_up(NOW + 10 * MINUTE)
    assert line("DiskFull").acted == 1
    incidents.resolve(actor=lead(), now=NOW + 11 * MINUTE, incident_id=found.pk)
    actions.judge(actor=lead(), now=NOW + 20 * MINUTE, incident_id=found.pk, answer="noise")
    add_up(NOW + 30 * MINUTE)
    assert line("DiskFull").answers == {"noise": 1}
    assert line("DiskFull").noisy == 1
    assert line("DiskFull").actionability == "never"


def test_stopping_a_rebuild_keeps_what_is_there() -> None:
    fired(alert("DiskFull"), NOW - 50 * HOUR)
    add_up()
    actions.rebuild(actor=lead(), now=NOW + MINUTE)
    assert queries.progress(NOW + MINUTE).waiting == 2
    assert actions.stop(actor=lead(), now=NOW + MINUTE) == 2
    assert queries.progress(NOW + MINUTE).waiting == 0
    assert line("DiskFull", 30).fired == 1
    with pytest.raises(Forbidden):
        actions.rebuild(actor=actor(user("agent", role="agent")), now=NOW)
    with pytest.raises(Forbidden):
        actions.stop(actor=actor(user("viewer", role="viewer")), now=NOW)


def test_one_answer_for_each_person() -> None:
    found = opened(alert("DiskFull"))
    anna = actor(user("anna"))
    with pytest.raises(Conflict):
        actions.judge(actor=anna, now=NOW, incident_id=found.pk, answer="act")
    incidents.resolve(actor=anna, now=NOW, incident_id=found.pk)
    actions.judge(actor=anna, now=NOW, incident_id=found.pk, answer="act", note="disk\nreplaced")
    actions.judge(actor=anna, now=NOW + MINUTE, incident_id=found.pk, answer="act")  # the same again: nothing
    actions.judge(actor=anna, now=NOW + MINUTE, incident_id=found.pk, answer="info")
    actions.judge(actor=actor(user("ben")), now=NOW + MINUTE, incident_id=found.pk, answer="noise")
    assert sorted(Verdict.objects.values_list("label", "answer", "note")) == [
        ("anna", "info", "disk replaced"), ("ben", "noise", ""),
    ]  # fmt: skip
    told = TimelineEntry.objects.filter(incident=found, kind="verdict").order_by("id")
    assert [each.why for each in told] == ["disk replaced", "disk replaced", ""]
    assert AuditEntry.objects.filter(action="incident.judge").count() == 3
    with pytest.raises(Invalid):
        actions.judge(actor=anna, now=NOW, incident_id=found.pk, answer="shrug")
    with pytest.raises(Forbidden):
        actions.judge(actor=actor(user("viewer", role="viewer")), now=NOW, incident_id=found.pk, answer="act")
    with pytest.raises(NotFound):
        actions.judge(actor=anna, now=NOW, incident_id=0, answer="act")


def test_suppliers_see_what_their_services_alerts_cost() -> None:
    ours, theirs = service(), service(supplier=supplier("Acme"))
    fired(alert("Ours", service=ours), NOW - HOUR)
    fired(alert("Theirs", service=theirs), NOW - HOUR)
    add_up()
    outside = actor(user("eve", role="supplier", organisation=supplier("Acme")))
    assert list(queries.lines(outside, 7).values_list("name", flat=True)) == ["Theirs"]
    assert queries.totals(outside, 7)["fired"] == 1
    with pytest.raises(NotFound):
        queries.of_name(outside, "Ours", 7)
    assert sum(day["fired"] for day in queries.trend(outside, "Ours", 7, NOW)) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('steward.external_org', %s, true)", [str(supplier("Acme").pk)])
        assert set(Line.objects.values_list("name", flat=True)) == {"Theirs"}
        assert set(DailyFigures.objects.values_list("name", flat=True)) == {"Theirs"}
        cursor.execute("SELECT set_config('steward.external_org', '', true)")


def test_old_days_are_removed() -> None:
    fired(alert("DiskFull"), NOW)
    add_up()
    assert remove_old_days(NOW, 0).removed == 0
    step = remove_old_days(NOW + timedelta(days=1), 0)
    assert (step.removed, step.after) == (1, 1)
    assert not DailyFigures.objects.exists() and not Day.objects.exists()
    assert remove_old_days(NOW + timedelta(days=1), 0).after is None


def test_a_removed_service_takes_its_figures_along() -> None:
    of = service()
    fired(alert("DiskFull", service=of), NOW)
    add_up()
    of.delete()
    assert not Line.objects.exists()
    actions.rebuild(actor=lead(), now=NOW + MINUTE)
    add_up(NOW + MINUTE)
    assert line("DiskFull").service is None


@pytest.mark.django_db(transaction=True)
def test_two_engines_add_the_same_day_up_once() -> None:
    fired(alert("DiskFull"), NOW - HOUR)
    actions.begin(now=NOW)
    (day,) = Day.objects.values_list("pk", flat=True)
    done = race(*[lambda: actions.add_up(day_id=day, now=NOW)] * 2)
    assert sorted(done) == [False, True]
    assert DailyFigures.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_that_write_the_lines_at_once_leave_them_whole() -> None:
    for number in range(30):
        fired(alert(f"Alert{number}"), NOW - HOUR)
    actions.begin(now=NOW)
    (day,) = Day.objects.values_list("pk", flat=True)
    assert actions.add_up(day_id=day, now=NOW)
    done = race(*[lambda at=at: actions.refresh_lines(now=at) for at in (NOW, NOW + MINUTE, NOW)])
    assert done == [90, 90, 90]
    assert Line.objects.count() == 90
    assert Day.objects.get().day == date(2026, 3, 2)


@pytest.mark.django_db(transaction=True)
def test_two_answers_of_one_person_at_once_are_one() -> None:
    found, who = opened(alert("DiskFull")), actor(user("anna"))
    incidents.resolve(actor=who, now=NOW, incident_id=found.pk)
    race(
        lambda: actions.judge(actor=who, now=NOW, incident_id=found.pk, answer="act"),
        lambda: actions.judge(actor=who, now=NOW, incident_id=found.pk, answer="noise"),
    )
    assert Verdict.objects.count() == 1
