"""Two ingest processes, each with its own connections and memory, at the same alerts at the same time."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.foundation.events import _subscribers
from steward.foundation.testing.races import race
from steward.signals.alerts import actions
from steward.signals.alerts.events import AlertsChanged
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, AlertChange, Source
from steward.signals.alerts.tests.factories import NOW, call, posted, source, stored, with_door

pytestmark = pytest.mark.django_db(transaction=True)
V2 = "/in/k/api/v2/alerts"


@pytest.fixture
def k(transactional_db: None) -> Source:
    return source("k")


def test_the_same_new_alerts_through_two_processes_fire_once(k: Source) -> None:
    names = [f"A{n}" for n in range(60)]

    async def story(one: Application, two: Application) -> None:
        requests = []
        for round_number in range(4):
            for app in (one, two):
                shuffled = random.Random(f"{round_number}{app is one}").sample(names, len(names))
                requests.append(call(app, V2, [posted(name) for name in shuffled]))
        for answer in await asyncio.gather(*requests):
            assert (answer.status, answer.json["accepted"]) == (200, 60)

    with_door(story, doors=2)
    assert Alert.objects.count() == 60
    assert AlertChange.objects.count() == 60
    assert {change.reason["code"] for change in AlertChange.objects.all()} == {"new"}


def test_firing_and_resolving_through_two_processes_alternates(k: Source) -> None:
    names = [f"A{n}" for n in range(12)]

    async def story(one: Application, two: Application) -> None:
        async def sender(app: Application, seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(12):
                now = datetime.now(UTC)
                batch = []
                for name in chance.sample(names, 8):
                    start, end = now - timedelta(minutes=1), now if chance.random() < 0.5 else None
                    batch.append(posted(name, start=start, end=end))
                assert (await call(app, V2, batch)).status == 200

        await asyncio.gather(*[sender(app, seed) for seed, app in enumerate((one, two, one, two))])

    with_door(story, doors=2)
    for alert in Alert.objects.all():
        statuses = list(alert.changes.order_by("id").values_list("status", flat=True))
        assert statuses == [("firing", "resolved")[n % 2] for n in range(len(statuses))], alert.name
        assert alert.status == (statuses[-1] if statuses else "resolved")
        assert (alert.due_at is None) == (alert.status == "resolved")
        assert alert.fire_count == statuses.count("firing")


def test_expiry_against_a_refresh_ends_in_one_truth(k: Source) -> None:
    """Whichever is first: the alert fires, and if the expiry won, it fired again with a change of its own."""

    async def story(one: Application) -> None:
        start = datetime.now(UTC) - timedelta(minutes=5)
        await call(one, V2, [posted(start=start)])
        past = datetime.now(UTC) - timedelta(seconds=1)
        await asyncio.to_thread(_in_thread, lambda: Alert.objects.update(due_at=past))
        await asyncio.gather(
            asyncio.to_thread(_in_thread, lambda: actions.expire(now=datetime.now(UTC), ids=_all())),
            call(one, V2, [posted(start=start, annotations={"summary": "still"})]),
        )

    with_door(story)
    statuses = list(AlertChange.objects.order_by("id").values_list("status", flat=True))
    alert = Alert.objects.get()
    if alert.status == "firing":
        assert statuses in (["firing"], ["firing", "resolved", "firing"])
        assert alert.due_at is not None and alert.due_at > datetime.now(UTC)
    else:
        raise AssertionError(f"a refresh after the end was lost: {statuses}")


def _all() -> list[int]:
    return list(Alert.objects.values_list("pk", flat=True))


def _in_thread(work: Any) -> Any:
    from django.db import connection

    try:
        return work()
    finally:
        connection.close()


def test_two_engines_tell_each_change_once_and_in_order(k: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setitem(_subscribers, AlertsChanged, [lambda event: told.extend(c.change_id for c in event.changes)])
    alerts = [stored(k) for _ in range(5)]
    changes = [
        AlertChange.objects.create(alert=alert, at=NOW, status=status, starts_at=NOW, due_at=NOW)
        for _ in range(4)
        for status in ("firing", "resolved")
        for alert in alerts
    ]
    keys = [change.pk for change in changes]
    race(*[lambda part=part: actions.process_changes(now=NOW, ids=part) for part in (keys[::2], keys[1::2], keys)])
    assert sorted(told) == sorted(keys)
    for alert in alerts:
        mine = [key for key in told if key in {change.pk for change in changes if change.alert_id == alert.pk}]
        assert mine == sorted(mine)
    assert not AlertChange.objects.filter(due_at__isnull=False).exists()
