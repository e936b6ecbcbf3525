"""Claiming due rows: no row twice, no row lost, late leases come back, and the runner wakes at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from steward.foundation import clock
from steward.foundation.due import registry
from steward.foundation.due.registry import DueKind, claim, extend, kinds, next_due, wake
from steward.foundation.due.runner import Runner, overdue, overdue_by_kind
from steward.foundation.testing.races import race
from steward.response.triage.models import AlertGroup, Route

pytestmark = pytest.mark.django_db(transaction=True)


def nothing(ids: Sequence[int], now: datetime) -> None:
    """A handler that is never reached."""
    raise AssertionError("not to be called")


KIND = DueKind("test.group", AlertGroup, nothing, lease=timedelta(seconds=30), batch=10)


def rows(count: int, due: datetime) -> list[AlertGroup]:
    route = Route.objects.create(position=1, name="for due rows")
    return [
        AlertGroup.objects.create(route=route, key=str(n), created_at=due, due_at=due + timedelta(milliseconds=n))
        for n in range(count)
    ]


def test_claims_are_ordered_bounded_and_leased() -> None:
    now = clock.now()
    made = rows(15, now - timedelta(seconds=1))
    first = claim(KIND, now)
    assert first == [row.id for row in made[:10]]
    assert claim(KIND, now) == [row.id for row in made[10:]]
    assert claim(KIND, now) == []


def test_not_yet_due_and_never_due_rows_stay() -> None:
    now = clock.now()
    rows(2, now + timedelta(minutes=1))
    AlertGroup.objects.create(route=Route.objects.get(name="for due rows"), key="never", created_at=now)
    assert claim(KIND, now) == []
    due = next_due(KIND)
    assert due is not None and due > now


def test_a_lost_lease_comes_again() -> None:
    now = clock.now()
    made = rows(1, now - timedelta(seconds=1))
    assert claim(KIND, now) == [made[0].id]
    assert next_due(KIND) == now + KIND.lease
    assert claim(KIND, now + timedelta(seconds=29)) == []
    assert claim(KIND, now + timedelta(seconds=30)) == [made[0].id]


def test_a_lease_is_lengthened_while_the_row_is_worked_on() -> None:
    now = clock.now()
    busy, done = rows(2, now - timedelta(seconds=1))
    later = now + timedelta(seconds=20)
    assert claim(KIND, now) == [busy.id, done.id]
    AlertGroup.objects.filter(id=done.id).update(due_at=None, leased_until=None)
    extend(KIND, [busy.id, done.id], later)
    assert claim(KIND, now + KIND.lease) == []
    assert claim(KIND, later + KIND.lease) == [busy.id]
    done.refresh_from_db()
    assert done.leased_until is None, "what is done is not leased again"


def test_lengthening_waits_for_nobody() -> None:
    now = clock.now()
    (row,) = rows(1, now - timedelta(seconds=1))
    assert claim(KIND, now) == [row.id]
    with transaction.atomic():
        AlertGroup.objects.select_for_update().get(id=row.id)
        # On another connection, which would wait for ours forever.
        assert race(lambda: extend(KIND, [row.id], now + timedelta(seconds=20))) == [None]
    row.refresh_from_db()
    assert row.leased_until == now + KIND.lease


def test_the_runner_keeps_the_lease_of_a_slow_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    release, leases = threading.Event(), []

    def slow(ids: Sequence[int], now: datetime) -> None:
        for _ in range(400):
            leases.append(AlertGroup.objects.get(id=ids[0]).leased_until)
            if leases[-1] != leases[0] or release.wait(0.05):
                break
        AlertGroup.objects.filter(id__in=ids).update(due_at=None, leased_until=None)
        release.set()

    monkeypatch.setattr("steward.foundation.due.runner.KEEP_SECONDS", 0.1)
    rows(1, clock.now() - timedelta(seconds=1))
    runner = runner_for(monkeypatch, DueKind("test.slow", AlertGroup, slow))
    runner.start()
    try:
        assert release.wait(30)
    finally:
        runner.stop()
    assert leases[-1] > leases[0]


def test_many_claimers_share_without_meeting() -> None:
    now = clock.now()
    made = rows(40, now - timedelta(seconds=1))
    claimed = race(*[lambda: claim(KIND, now) for _ in range(4)])
    keys = [key for part in claimed for key in part]
    assert sorted(keys) == [row.id for row in made]


def test_overdue_counts_only_late_rows() -> None:
    now = clock.now()
    rows(3, now - timedelta(seconds=30))
    assert overdue(KIND, now, timedelta(seconds=10)) == 3
    assert overdue(KIND, now, timedelta(seconds=60)) == 0
    with CaptureQueriesContext(connection) as asked:
        late = overdue_by_kind(now, timedelta(seconds=10))
    assert len(asked) == 1 and late["triage.group"] == 3
    assert late == {kind.name: overdue(kind, now, timedelta(seconds=10)) for kind in kinds()}


class Recorder:
    """A handler that clears rows and tells when it has seen some."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.got = threading.Event()

    def __call__(self, ids: Sequence[int], now: datetime) -> None:
        AlertGroup.objects.filter(id__in=ids).update(due_at=None, leased_until=None)
        self.seen += ids
        self.got.set()


def runner_for(monkeypatch: pytest.MonkeyPatch, *kinds: DueKind) -> Runner:
    monkeypatch.setattr(registry, "_kinds", {kind.name: kind for kind in kinds})
    return Runner()


def test_a_notice_wakes_the_runner_and_rows_are_handled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    runner = runner_for(monkeypatch, DueKind("test.group", AlertGroup, recorder))
    runner.start()
    try:
        with transaction.atomic():
            made = rows(3, clock.now() - timedelta(seconds=1))
            wake("test.group")
        # Without the notice the loop would sleep for 20 s.
        assert recorder.got.wait(10)
        for _ in range(100):
            if len(recorder.seen) >= 3:
                break
            threading.Event().wait(0.05)
    finally:
        runner.stop()
    assert sorted(recorder.seen) == [row.id for row in made]


def test_a_slow_kind_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    release, stuck = threading.Event(), threading.Event()

    def slow(ids: Sequence[int], now: datetime) -> None:
        stuck.set()
        release.wait(20)
        AlertGroup.objects.filter(id__in=ids).update(due_at=None)

    recorder = Recorder()
    made = rows(2, clock.now() - timedelta(seconds=1))
    only_first = DueKind("test.slow", AlertGroup, slow, batch=1)
    other = DueKind("test.other", AlertGroup, recorder, batch=1)
    runner = runner_for(monkeypatch, only_first, other)
    runner.start()
    try:
        assert stuck.wait(10)
        assert recorder.got.wait(10)
    finally:
        release.set()
        runner.stop()
    assert len(recorder.seen) == 1 and recorder.seen[0] in {row.id for row in made}


def test_a_failing_row_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def one(key: int, now: datetime) -> None:
        if key == 2:
            raise ValueError("broken row")
        done.append(key)

    registry.each(one)([1, 2, 3], clock.now())
    assert done == [1, 3]
    assert "broken row" in caplog.text
