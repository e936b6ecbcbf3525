"""Shadow mode on the real pipeline: decided, recorded, and nobody paged; and the comparison with what came."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from steward.foundation.testing.pages import check_anonymous, check_permission, check_queries, signed_in
from steward.response.incidents.models import Incident
from steward.response.notifications.models import Page
from steward.response.oncall.models import Escalation
from steward.response.shadow import actions, queries
from steward.response.shadow.errors import NotificationUnreadable
from steward.response.shadow.models import Notification
from steward.signals.alerts.models import Source
from tests.scenarios import steward
from tests.scenarios.stories import ONE, A
from tests.scenarios.timeline import Push, Scenario

pytestmark = pytest.mark.django_db
STORY = Scenario("shadow", ONE, A, [Push(0, ["a1", "a2"])], [], 4)
ACTOR = steward.ACTOR


def started(story: Scenario = STORY, mode: str = "shadow") -> Source:
    source = steward.configure(story)
    actions.set_mode(actor=ACTOR, now=steward.BEGIN, source_id=source.pk, mode=mode)
    steward.play(story, source)
    return source


def notification(*names: str, firing: bool = True) -> bytes:
    alerts = [
        {"labels": A[name], "status": "firing" if firing else "resolved", "startsAt": steward.BEGIN.isoformat()}
        for name in names
    ]
    return orjson.dumps({"version": "4", "groupLabels": {"alertname": "A"}, "alerts": alerts})


def take(source: Source, seconds: float, *names: str, receiver: str = "team") -> bool:
    now = steward.BEGIN + timedelta(seconds=seconds)
    return actions.take_down(now=now, source_id=source.pk, receiver=receiver, body=notification(*names))


def compared(source: Source) -> queries.Comparison:
    return queries.compare(
        ACTOR, source.pk, steward.BEGIN - timedelta(minutes=1), steward.BEGIN + timedelta(minutes=5)
    )  # fmt: skip


def test_nobody_is_paged_and_everything_is_recorded() -> None:
    started()
    incident = Incident.objects.get()
    assert incident.shadow
    assert [(each.receiver, each.firing) for each in steward.told()] == [("team", 2)]
    assert not Escalation.objects.exists()
    assert not Page.objects.exists()


def test_live_pages_as_ever() -> None:
    started(mode="live")
    assert not Incident.objects.get().shadow
    assert Escalation.objects.count() == 1


def test_going_live_pages_for_nothing_old_unless_asked() -> None:
    source = started()
    now = steward.BEGIN + timedelta(seconds=5)
    assert actions.set_mode(actor=ACTOR, now=now, source_id=source.pk, mode="live") == 0
    assert not Escalation.objects.exists()


def test_going_live_pages_for_what_still_fires_if_asked() -> None:
    source = started()
    now = steward.BEGIN + timedelta(seconds=5)
    assert actions.set_mode(actor=ACTOR, now=now, source_id=source.pk, mode="live", page_firing=True) == 1
    assert Escalation.objects.count() == 1
    assert not Incident.objects.get().shadow


def test_what_fires_after_going_live_pages() -> None:
    source = started()
    actions.set_mode(actor=ACTOR, now=steward.BEGIN + timedelta(seconds=5), source_id=source.pk, mode="live")
    steward.push(source, STORY, Push(6, ["a3"]), steward.BEGIN + timedelta(seconds=6))
    steward.advance(steward.BEGIN + timedelta(seconds=12))
    assert Escalation.objects.count() == 1
    assert sorted(Incident.objects.values_list("shadow", flat=True)) == [False, True]


def test_entering_shadow_mode_stops_what_escalates() -> None:
    source = started(mode="live")
    now = steward.BEGIN + timedelta(seconds=5)
    assert actions.set_mode(actor=ACTOR, now=now, source_id=source.pk, mode="shadow") == 1
    assert Escalation.objects.get().state == "stopped"


def test_alike() -> None:
    source = started()
    assert take(source, 2, "a1", "a2")
    assert [pair.outcome for pair in compared(source).pairs] == ["both"]


def test_a_silence_only_there_is_found() -> None:
    source = started()
    take(source, 2, "a1")
    assert [(pair.outcome, pair.reason) for pair in compared(source).pairs] == [
        ("both", "none"), ("only_steward", "held_there"),
    ]  # fmt: skip


def test_sent_twice_is_kept_once() -> None:
    source = started()
    assert take(source, 2, "a1")
    assert not take(source, 3, "a1")
    assert take(source, 8, "a1")
    assert Notification.objects.count() == 2


def test_off_keeps_nothing() -> None:
    source = started(mode="off")
    assert not take(source, 2, "a1")
    assert not Notification.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"alerts": [1]}', b'{"alerts": [{"labels": {}}]}'])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    source = steward.configure(STORY)
    with pytest.raises(NotificationUnreadable):
        actions.take_down(now=steward.BEGIN, source_id=source.pk, receiver="x", body=body)


def test_pages() -> None:
    source = started()
    client = signed_in()
    for url in ("/shadow/", f"/shadow/{source.pk}", f"/shadow/{source.pk}/alert?fingerprint=00"):
        check_anonymous(url)
        check_permission(url, "sources.view")
        check_queries(client, url)
    assert "Shadow mode is on" in client.get(f"/shadow/{source.pk}").content.decode()
