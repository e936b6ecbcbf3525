"""Replays: whom a draft would have paged, held against what is live."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from steward.foundation.errors import Forbidden
from steward.foundation.testing.pages import check_queries, signed_in
from steward.response.timemachine import actions
from steward.response.timemachine.errors import ReplayInvalid
from steward.response.timemachine.models import Draft, Replay
from steward.response.timemachine.rules.pages import Page, by_hour, by_person, compare
from steward.response.timemachine.tests.factories import ADMIN, NOW, draft, make_live, route, user, viewer
from steward.response.triage.tests.factories import change, notify, policy

LATER = NOW + timedelta(hours=6)


def paged(minute: float, person: str = "Ann", *alerts: int) -> Page:
    return Page(NOW + timedelta(minutes=minute), person, "r", "opened", alerts or (1,))


def test_pages_are_matched_one_to_one() -> None:
    live = [paged(0), paged(10, "Ann", 2), paged(20, "Ann", 3), paged(30, "Ann", 4)]
    trial = [paged(0), paged(12, "Ann", 2), paged(20, "Bob", 3), paged(200, "Ann", 4), paged(40, "Cy", 5)]
    found = compare(live, trial)
    assert found.same == 1
    assert {kind: found.number(kind) for kind in ("added", "removed", "moved")} == {
        "added": 2, "removed": 1, "moved": 2,
    }  # fmt: skip
    assert by_person(live, trial)[0] == ("Ann", 4, 3)
    assert by_hour(live, trial) == [(NOW, 4, 4), (NOW + timedelta(hours=3), 0, 1)]


def test_the_same_pages_are_no_difference() -> None:
    pages = [paged(n, "Ann", n) for n in range(50)]
    found = compare(pages, pages)
    assert (found.same, found.differing) == (50, [])


def on_call(name: str) -> str:
    person = user(name=name)

    return policy(notify(person), name=f"{name}'s").name


def history() -> None:
    """Two disks fill up, one of them is gone again within a minute."""
    for name, minute, status in (("Disk", 10, "firing"), ("Blip", 20, "firing"), ("Blip", 20.5, "resolved")):
        change(name, status, NOW + timedelta(minutes=minute))


def asked(made: Draft, end: datetime = LATER) -> Replay:
    return actions.ask_replay(actor=ADMIN, now=LATER, draft_id=made.pk, start=NOW, end=end)


def ran(text: str) -> Replay:
    ann = on_call("Ann")
    on_call("Bob")
    make_live(route("all", group_by=["alertname"], group_wait=0, policy=ann))
    history()
    found = asked(draft(text))
    actions.run_replay(replay_id=found.pk, now=lambda: LATER)
    found.refresh_from_db()
    return found


def numbers(found: Replay) -> dict[str, Any]:
    return {name: found.result[name] for name in ("live", "draft", "same", "added", "removed", "moved")}


@pytest.mark.django_db
def test_a_draft_that_waits_does_not_page_for_a_blip() -> None:
    found = ran("routes: [{name: all, group_by: [alertname], group_wait: 2m, policy: Ann's}]")
    assert (found.state, found.total, found.cut, found.percent) == ("done", 3, False, 100)
    assert numbers(found) == {"live": 2, "draft": 1, "same": 0, "added": 0, "removed": 1, "moved": 1}
    moved, removed = found.result["pages"]
    assert (moved["kind"], removed["kind"]) == ("moved", "removed")
    assert [each["name"] for each in removed["alerts"]] == ["Blip"]
    assert found.result["people"] == [["Ann", 2, 1]]


@pytest.mark.django_db
def test_another_person_is_paged() -> None:
    found = ran("routes: [{name: all, group_by: [alertname], group_wait: 0, policy: Bob's}]")
    assert numbers(found)["moved"] == 2
    assert sorted(map(tuple, found.result["people"])) == [("Ann", 2, 0), ("Bob", 0, 2)]


@pytest.mark.django_db
def test_silences_of_a_draft_are_heeded() -> None:
    found = ran(
        "routes: [{name: all, group_by: [alertname], group_wait: 0, policy: Ann's}]\n"
        'silences: [{name: try, matchers: [alertname="Disk"]}]'
    )
    assert numbers(found) == {"live": 2, "draft": 1, "same": 1, "added": 0, "removed": 1, "moved": 0}


@pytest.mark.django_db
def test_asking_defers_a_job_and_can_be_stopped() -> None:
    found = asked(draft())
    job = ProcrastinateJob.objects.get(task_name="timemachine.replay")
    assert job.args == {"replay_id": found.pk}
    actions.cancel_replay(actor=ADMIN, now=LATER, replay_id=found.pk)
    actions.run_replay(replay_id=found.pk, now=lambda: LATER)
    found.refresh_from_db()
    assert (found.state, found.result) == ("cancelled", {})
    for start, end in ((LATER, NOW), (NOW, LATER + timedelta(days=1)), (NOW - timedelta(days=200), NOW)):
        with pytest.raises(ReplayInvalid):
            actions.ask_replay(actor=ADMIN, now=LATER, draft_id=found.draft_id, start=start, end=end)
    with pytest.raises(Forbidden):
        actions.ask_replay(actor=viewer(), now=LATER, draft_id=found.draft_id, start=NOW, end=LATER)


@pytest.mark.django_db
def test_the_pages_show_it() -> None:
    found = ran("routes: [{name: all, group_by: [alertname], group_wait: 2m, policy: Ann's}]")
    browser = signed_in()
    text = check_queries(browser, reverse("timemachine:replay", args=[found.pk])).content.decode()
    assert "page removed" in text and "Blip" in text and "Ann" in text
    panel = reverse("timemachine:replay-panel", args=[found.draft_id])
    assert "page removed" in browser.get(panel).content.decode()
    Replay.objects.update(state="running", total=10, done=5)
    text = browser.get(panel).content.decode()
    assert "Stop" in text and "every 2s" in text
    response = browser.post(reverse("timemachine:replay-cancel", args=[found.pk]), follow=True)
    assert "The replay is stopped" in response.content.decode()
    response = browser.post(reverse("timemachine:replay-start", args=[found.draft_id]), {"days": 7}, follow=True)
    assert response.status_code == 200 and Replay.objects.filter(state="waiting").count() == 1
