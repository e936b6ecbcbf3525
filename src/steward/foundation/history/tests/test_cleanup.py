"""The nightly run: a step at a time, cut off anywhere, once however many engines."""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.config import environment
from steward.foundation import clock
from steward.foundation.due.registry import claim, kinds
from steward.foundation.due.runner import Runner
from steward.foundation.events import _subscribers
from steward.foundation.history import cleanup, registry
from steward.foundation.history.events import HistoryCleaned
from steward.foundation.history.models import Cleanup
from steward.foundation.history.registry import Cleaner, Step
from steward.foundation.testing.races import race

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KIND = next(kind for kind in kinds() if kind.name == "history.cleanup")
Calls = list[tuple[str, datetime, int]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Only these cleaners: one with three steps, one that breaks, one with its own lifetime."""
    seen: Calls = []

    def three(before: datetime, after: int) -> Step:
        seen.append(("three", before, after))
        return Step(10, after + 5 if after < 10 else None)

    def broken(_before: datetime, after: int) -> Step:
        seen.append(("broken", _before, after))
        Cleanup.objects.create(pk=77)
        raise RuntimeError("no such table")

    def own(before: datetime, after: int) -> Step:
        seen.append(("own", before, after))
        return Step(1, None)

    monkeypatch.setattr(registry, "_cleaners", {})
    registry.register(Cleaner("three", three))
    registry.register(Cleaner("broken", broken))
    registry.register(Cleaner("own", own, lifetime=timedelta(hours=1)))
    return seen


def run_out(now: datetime) -> Cleanup:
    """Take steps until the run is over."""
    for _step in range(20):
        cleanup.take_steps([cleanup.ONLY], now)
        run = Cleanup.objects.get(pk=cleanup.ONLY)
        if run.due_at and run.due_at > now:
            return run
    raise AssertionError("the run does not end")


def due_now() -> None:
    Cleanup.objects.create(pk=cleanup.ONLY, due_at=NOW)


@pytest.mark.django_db
def test_a_run_takes_every_step_and_passes_over_what_breaks(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[HistoryCleaned] = []
    monkeypatch.setitem(_subscribers, HistoryCleaned, [told.append])
    due_now()
    run = run_out(NOW)
    year, hour = NOW - timedelta(days=400), NOW - timedelta(hours=1)
    assert calls == [
        ("three", year, 0), ("three", year, 5), ("three", year, 10), ("broken", year, 0), ("own", hour, 0),
    ]  # fmt: skip
    assert run.removed == {"three": 30, "own": 1}
    assert run.failed == {"broken": "RuntimeError: no such table"}
    assert (run.started_at, run.finished_at, run.cleaner) == (NOW, NOW, "")
    assert run.due_at == datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
    assert not Cleanup.objects.filter(pk=77).exists(), "the step that broke was not undone"
    assert told == [HistoryCleaned({"three": 30, "own": 1}, run.failed, NOW)]


@pytest.mark.django_db
def test_a_run_goes_on_where_it_was_cut_off(calls: Calls) -> None:
    due_now()
    cleanup.take_steps([cleanup.ONLY], NOW)
    run = Cleanup.objects.get()
    assert (run.cleaner, run.after, run.due_at) == ("three", 5, NOW)
    run_out(NOW + timedelta(minutes=3))
    assert [(name, after) for name, _before, after in calls][:3] == [("three", 0), ("three", 5), ("three", 10)]
    assert Cleanup.objects.get().started_at == NOW


@pytest.mark.django_db
def test_a_cleaner_that_went_away_in_the_middle_does_not_stop_the_run(calls: Calls) -> None:
    Cleanup.objects.create(pk=cleanup.ONLY, due_at=NOW, cleaner="gone", started_at=NOW, removed={"gone": 4})
    assert run_out(NOW).removed == {"gone": 4, "three": 30, "own": 1}


@pytest.mark.django_db
def test_zero_days_keep_history_for_ever(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for_ever = dataclasses.replace(environment.load(), history_days=0)
    monkeypatch.setattr(registry, "load", lambda: for_ever)
    due_now()
    run_out(NOW)
    assert [name for name, _before, _after in calls] == ["own"]


@pytest.mark.django_db
def test_nothing_happens_before_it_is_due(calls: Calls) -> None:
    Cleanup.objects.create(pk=cleanup.ONLY, due_at=NOW + timedelta(seconds=1))
    cleanup.take_steps([cleanup.ONLY], NOW)
    assert calls == []


@pytest.mark.django_db
def test_scheduling_twice_makes_one_run_and_moves_none() -> None:
    cleanup.schedule(NOW)
    cleanup.schedule(NOW + timedelta(days=9))
    assert Cleanup.objects.get().due_at == datetime(2026, 3, 3, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "night"),
    [
        (datetime(2026, 3, 2, 3, 29, tzinfo=UTC), "UTC", datetime(2026, 3, 2, 3, 30, tzinfo=UTC)),
        (datetime(2026, 3, 2, 3, 30, tzinfo=UTC), "UTC", datetime(2026, 3, 3, 3, 30, tzinfo=UTC)),
        (datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "Asia/Shanghai", datetime(2026, 3, 2, 19, 30, tzinfo=UTC)),
        (datetime(2026, 3, 2, 20, 0, tzinfo=UTC), "Asia/Shanghai", datetime(2026, 3, 3, 19, 30, tzinfo=UTC)),
        # 3:30 does not exist in Helsinki on that day: the clocks go from 3:00 to 4:00.
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), "Europe/Helsinki", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (datetime(2026, 3, 8, 6, 0, tzinfo=UTC), "America/New_York", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
    ],
)
def test_the_next_night_in_the_installations_zone(now: datetime, zone: str, night: datetime) -> None:
    assert cleanup.next_night(now, zone) == night


@pytest.mark.django_db(transaction=True)
def test_two_engines_do_one_run(calls: Calls) -> None:
    due_now()
    results: list[Any] = race(*[lambda: claim(KIND, NOW)] * 2)
    assert sorted(results) == [[], [cleanup.ONLY]]
    # Even without the lease: the row's lock lets one step at a time through, and every step is taken once.
    race(*[lambda: [cleanup.take_steps([cleanup.ONLY], NOW) for _n in range(4)]] * 2)
    assert [(name, after) for name, _before, after in calls] == [
        ("three", 0), ("three", 5), ("three", 10), ("broken", 0), ("own", 0),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_engine_runs_it_and_stops_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()

    def endless(_before: datetime, after: int) -> Step:
        began.set()
        time.sleep(0.05)
        return Step(1, after + 1)

    monkeypatch.setattr(registry, "_cleaners", {"endless": Cleaner("endless", endless)})
    Cleanup.objects.create(pk=cleanup.ONLY, due_at=clock.now())
    runner = Runner()
    runner.start()
    try:
        assert began.wait(10)
    finally:
        before = time.monotonic()
        runner.stop()
    assert time.monotonic() - before < 5, "the engine waited for the end of the run"
    run = Cleanup.objects.get()
    assert run.after == run.removed["endless"] > 0
    assert run.finished_at is None and run.due_at is not None
