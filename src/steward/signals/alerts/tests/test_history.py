"""What of alerts is removed when it is old, and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import transaction

from steward.foundation.events import _subscribers
from steward.foundation.history import registry
from steward.foundation.testing.races import race
from steward.signals.alerts import actions, retention, storing
from steward.signals.alerts.events import AlertsLeaving, ChangesLeaving
from steward.signals.alerts.ingest import database, writer
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, AlertChange, AlertStatus, ParkedPayload, Source
from steward.signals.alerts.tests.factories import NOW, call, lead, posted, source, stored, with_door

LIMIT = NOW - timedelta(days=400)
OLD, YOUNG = LIMIT - timedelta(days=1), LIMIT + timedelta(days=1)
Clean = Callable[[datetime, int], registry.Step]


def silent(of: Source, at: datetime = OLD, **fields: Any) -> Alert:
    """An alert that was resolved at that time."""
    times = dict.fromkeys(("starts_at", "first_seen_at", "last_seen_at", "changed_at"), at)
    return stored(of, **{"status": AlertStatus.RESOLVED, **times, **fields})


def change(alert: Alert, at: datetime, **fields: Any) -> AlertChange:
    values: dict[str, Any] = {"status": "firing", "starts_at": at, "reason": {"code": "new"}, **fields}
    return AlertChange.objects.create(alert=alert, at=at, **values)


def parked(of: Source, at: datetime, **fields: Any) -> ParkedPayload:
    return ParkedPayload.objects.create(
        source=of, received_at=at, endpoint="events", raw=b"{", error="not JSON", **fields
    )


def clean(one: Clean) -> int:
    """Every step from the beginning; how many rows went."""
    after, removed = 0, 0
    for _step in range(50):
        with transaction.atomic():
            step = one(LIMIT, after)
        removed += step.removed
        if step.after is None:
            return removed
        assert step.after > after or after == 0
        after = step.after
    raise AssertionError("the cleaner does not end")


@pytest.mark.django_db
def test_old_silent_alerts_go_and_no_others() -> None:
    prometheus = source()
    gone = [silent(prometheus) for _n in range(3)]
    stay = [
        silent(prometheus, YOUNG),
        silent(prometheus, last_seen_at=YOUNG),
        stored(prometheus, status=AlertStatus.FIRING, changed_at=OLD, last_seen_at=OLD),
    ]
    assert clean(retention.remove_old_alerts) == len(gone)
    assert set(Alert.objects.all()) == set(stay)
    assert clean(retention.remove_old_alerts) == 0


@pytest.mark.django_db
def test_an_alert_goes_after_its_changes() -> None:
    prometheus = source()
    several, undecided = silent(prometheus), silent(prometheus)
    changes = [change(several, OLD), change(several, OLD)]
    change(undecided, OLD, due_at=OLD)
    assert clean(retention.remove_old_alerts) == 0
    assert clean(retention.remove_old_changes) == 1
    assert list(AlertChange.objects.filter(alert=several)) == changes[1:]
    assert clean(retention.remove_old_alerts) == 1
    assert list(Alert.objects.all()) == [undecided]
    assert AlertChange.objects.get().alert == undecided


@pytest.mark.django_db
def test_of_an_alert_that_lives_only_old_changes_go_and_the_newest_stays() -> None:
    alert, quiet = stored(source()), stored(source())
    old = [change(alert, OLD) for _n in range(5)]
    undecided = change(alert, OLD, due_at=OLD)
    young = change(alert, YOUNG)
    newest = change(quiet, OLD)
    assert clean(retention.remove_old_changes) == len(old)
    assert set(AlertChange.objects.all()) == {undecided, young, newest}


@pytest.mark.django_db
def test_what_a_room_above_needs_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    prometheus = source()
    held, free = silent(prometheus), silent(prometheus)
    first, second, _newest = change(held, OLD), change(held, OLD), change(held, OLD)
    monkeypatch.setitem(_subscribers, AlertsLeaving, [lambda event: event.kept.add(held.pk)])
    monkeypatch.setitem(_subscribers, ChangesLeaving, [lambda event: event.kept.add(first.pk)])
    assert clean(retention.remove_old_changes) == 1
    assert not AlertChange.objects.filter(pk=second.pk).exists()
    assert clean(retention.remove_old_alerts) == 1
    assert list(Alert.objects.all()) == [held]
    assert not Alert.objects.filter(pk=free.pk).exists()


@pytest.mark.django_db
def test_parked_payloads_go_whether_or_not_anybody_dealt_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "PARKED_BATCH", 2)
    of = source()
    for dealt in ({}, {"replayed_at": OLD}, {"discarded_at": OLD}, {}, {}):
        parked(of, OLD, **dealt)
    young = parked(of, YOUNG)
    assert clean(actions.remove_old_parked) == 5
    assert ParkedPayload.objects.get() == young


@pytest.mark.django_db
def test_many_rows_go_in_small_steps_and_the_young_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    prometheus = source()
    for _n in range(25):
        silent(prometheus)
    keys = list(Alert.objects.order_by("pk").values_list("pk", flat=True))
    assert retention.remove_old_alerts(LIMIT, 0) == registry.Step(10, keys[9])
    assert retention.remove_old_alerts(LIMIT, keys[9]) == registry.Step(10, keys[19])
    assert retention.remove_old_alerts(LIMIT, keys[19]) == registry.Step(5, None)
    alert = stored(prometheus)
    ages = [OLD] * 4 + [YOUNG] * 4 + [OLD]
    made = [change(alert, at) for at in ages]
    everything = AlertChange.objects.all()
    assert registry.old(everything, "at", before=LIMIT, after=0, batch=3) == (
        [each.pk for each in made[:3]], made[2].pk,
    )  # fmt: skip
    assert registry.old(everything, "at", before=LIMIT, after=made[2].pk, batch=3) == ([made[3].pk], made[5].pk)
    assert registry.old(everything, "at", before=LIMIT, after=made[5].pk, batch=2) == ([], None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one", [retention.remove_old_changes, retention.remove_old_alerts, actions.remove_old_parked])
def test_two_at_once_remove_each_row_once(one: Clean, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 20)
    prometheus = source()
    for _n in range(120):
        parked(prometheus, OLD)
        alert = silent(prometheus)
        if one == retention.remove_old_changes:
            change(alert, OLD)
            change(alert, OLD)
    results: list[Any] = race(*[lambda: clean(one)] * 3)
    assert all(isinstance(each, int) for each in results), results
    # What one held while another looked is left for the next night, so a last run follows.
    assert sum(results) + clean(one) == 120


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_left_and_nobody_waits() -> None:
    prometheus = source()
    held, free = silent(prometheus), silent(prometheus)
    with psycopg.connect(database.address()) as other:
        other.execute("SELECT 1 FROM alerts_alert WHERE id = %s FOR NO KEY UPDATE", [held.pk])
        assert clean(retention.remove_old_alerts) == 1
    assert list(Alert.objects.all()) == [held]
    assert not Alert.objects.filter(pk=free.pk).exists()


def _removed_before(steps: Any, monkeypatch: pytest.MonkeyPatch, module: Any) -> list[int]:
    """Remove every alert when it turned out to be stored and before it is locked, once."""
    times: list[int] = []

    def removing(*args: Any) -> Any:
        if not times:
            with psycopg.connect(database.address()) as other:
                times.append(other.execute("DELETE FROM alerts_alert").rowcount)
        return (yield from steps(*args))

    monkeypatch.setattr(module, "change_known", removing)
    return times


@pytest.mark.django_db(transaction=True)
def test_an_alert_removed_while_it_is_stored_is_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    k = source("k")
    removed = _removed_before(storing.change_known, monkeypatch, writer)

    async def story(app: Application) -> None:
        now = datetime.now(UTC)
        await call(app, "/in/k/api/v2/alerts", [posted(end=now - timedelta(seconds=1))])
        answer = await call(app, "/in/k/api/v2/alerts", [posted()])
        assert answer.status == 200

    with_door(story)
    assert removed == [1]
    assert Alert.objects.get(source=k).status == "firing"
    assert AlertChange.objects.filter(alert=Alert.objects.get(), status="firing").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_alert_removed_while_a_payload_is_replayed_is_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    k = source("k")
    body = json.dumps([{"name": "DiskFull", "labels": {"instance": "host-1"}}]).encode()
    for _n in range(2):
        ParkedPayload.objects.create(source=k, received_at=NOW, endpoint="events", raw=body, error="?")
    first, second = ParkedPayload.objects.order_by("pk")
    assert actions.replay_parked(actor=lead(), now=NOW, parked_id=first.pk) == 1
    removed = _removed_before(storing.change_known, monkeypatch, storing)
    assert actions.replay_parked(actor=lead(), now=NOW, parked_id=second.pk) == 1
    assert removed == [1]
    assert Alert.objects.get().name == "DiskFull"
