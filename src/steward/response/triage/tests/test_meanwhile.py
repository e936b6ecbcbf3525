"""At the end of maintenance what still fires pages, with a summary of what fired meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from steward.estate.configuration import actions as estate
from steward.foundation.moments import written
from steward.foundation.testing.pages import signed_in
from steward.response.incidents.models import TimelineEntry
from steward.response.oncall.models import Escalation
from steward.response.suppression import actions as suppression
from steward.response.suppression import queries as windows
from steward.response.triage import meanwhile, releasing
from steward.response.triage.models import Hold
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    resolve,
    route,
    service,
    user,
    wait,
)

pytestmark = pytest.mark.django_db


def maintenance(length: int = 60, **more):
    covered = service(name="Covered")
    estate.update_service(actor=ADMIN, now=NOW, service_id=covered.pk, match_labels={"service": "c"})
    plan = suppression.Plan(NOW, NOW + minutes(length), **more)
    work = suppression.Work(title="Upgrade", plan=plan, service_ids=(covered.pk,))
    return suppression.create_window(actor=ADMIN, now=NOW, work=work)


def let_go(at) -> None:
    releasing.judge_anew(now=at, hold_ids=list(Hold.objects.filter(due_at__lte=at).values_list("pk", flat=True)))


def some_fire() -> None:
    for number in range(3):
        fire("DiskFull", at=NOW + minutes(1), service="c", instance=f"db-{number}")
    fire("NodeDown", at=NOW + minutes(2), service="c")
    resolve("DiskFull", at=NOW + minutes(10), service="c", instance="db-0")


def test_the_page_at_the_end_says_what_fired_meanwhile() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk, group_by=["alertname"])
    maintenance()
    some_fire()
    assert incidents() == []
    let_go(NOW + minutes(60))
    summary = (
        "Maintenance “Upgrade” is over. While it lasted 4 alerts fired in its scope, 3 still fire: "
        "3 × DiskFull, 1 × NodeDown."
    )
    assert {each.description for each in incidents()} == {summary}
    # The body of the page that each of them sends.
    assert {each.snapshot["message"]["body"] for each in Escalation.objects.all()} == {summary}


def test_what_reopens_says_it_too() -> None:
    route(group_by=["alertname"])
    fire("DiskFull", at=NOW, service="c")
    window = maintenance()
    resolve("DiskFull", at=NOW + minutes(1), service="c")
    fire("DiskFull", at=NOW + minutes(2), service="c")
    suppression.end_window(actor=ADMIN, now=NOW + minutes(5), window_id=window.pk)
    let_go(NOW + minutes(5))
    (entry,) = TimelineEntry.objects.filter(kind="reopened")
    assert "Maintenance “Upgrade” is over" in entry.why


def test_a_scope_that_is_changed_says_nothing_of_an_end() -> None:
    route(group_by=["alertname"])
    window = maintenance()
    some_fire()
    other = service(name="Other")
    work = suppression.Work(title="Upgrade", plan=suppression.Plan(NOW, NOW + minutes(60)), service_ids=(other.pk,))
    suppression.update_window(actor=ADMIN, now=NOW + minutes(20), window_id=window.pk, work=work)
    let_go(NOW + minutes(20))
    assert len(incidents()) == 2 and {each.description for each in incidents()} == {""}


def test_each_run_has_its_own_summary() -> None:
    route(group_by=["alertname"])
    window = maintenance(length=60 * 24 * 3, rrule="FREQ=DAILY", duration=timedelta(hours=1), time_zone="UTC")
    some_fire()
    later = NOW + timedelta(days=1)
    fire("Later", at=later + minutes(5), service="c")
    runs = meanwhile.of_window(ADMIN, window, later + minutes(30), most=5)
    assert [(each.run.begins, each.fired, each.firing) for each in runs] == [(later, 1, 1), (NOW, 4, 3)]
    assert [(line.name, line.fired, line.firing) for line in runs[1].lines] == [("DiskFull", 3, 2), ("NodeDown", 1, 1)]
    assert windows.begun(window, NOW - minutes(1), most=5) == []


def test_the_panel_lists_what_fired_with_its_times() -> None:
    once = maintenance()
    some_fire()
    shown = panel(once)
    assert "DiskFull" in shown and "4 alerts fired · 3 still fire" in shown
    assert written(NOW + minutes(1), "D j M H:i") in shown


def test_the_panel_of_what_recurs_names_each_run() -> None:
    window = maintenance(length=60 * 24 * 3, rrule="FREQ=DAILY", duration=timedelta(hours=1), time_zone="UTC")
    some_fire()
    shown = panel(window)
    assert f"{written(NOW, 'D j M H:i')} – {written(NOW + minutes(60), 'D j M H:i')}" in shown


def panel(window) -> str:
    with time_machine.travel(NOW + minutes(15), tick=False):
        return signed_in().get(reverse("triage:window-meanwhile", args=[window.pk])).content.decode()
