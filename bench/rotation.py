"""Who is on call over ten years: six layers of every kind, resolved and asked about single moments."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

from bench.report import Row
from steward.algorithms.rotation import Layer, Override, Window, at, resolve

BUDGET_MS = 100.0
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
MOMENTS = 200
WORKDAYS, WEEKEND = frozenset(range(5)), frozenset([5, 6])


def layers() -> list[Layer]:
    """Weeks, days, months and weekends in zones with and without changes of the clocks; two layers are of one priority."""
    first = date(2026, 1, 5)
    return [
        Layer("Europe/Berlin", first, (("n",), ("o",)), "week", windows=(Window(WEEKEND),), priority=4),
        Layer("Australia/Sydney", first, (("d",), ("e",)), "day", windows=(Window(WORKDAYS, clock(9), clock(17)),), priority=3),
        Layer("Asia/Shanghai", first, (("f",), ("g",)), "day", windows=(Window(start=clock(22), end=clock(7)),), priority=2),
        Layer("America/New_York", first, (("a",), ("b",), ("c",)), "week", priority=1),
        Layer("Australia/Lord_Howe", first, (("h", "i"), ("j", "k")), "month"),
        Layer("UTC", first, (("l",), ("m",)), "week", 2),
    ]  # fmt: skip


def run(quick: bool) -> list[Row]:
    """Two rows: the whole ten years, with an override every nine days, and a single moment."""
    overrides = [
        Override(START + timedelta(days=9 * n), START + timedelta(days=9 * n + 2), f"x{n}", "a" if n % 2 else None)
        for n in range(400)
    ]
    given = layers()
    rounds = 5 if quick else 25
    first = _milliseconds(lambda: resolve(given, overrides, START, END))
    whole = sorted(_milliseconds(lambda: resolve(given, overrides, START, END)) for _ in range(rounds))
    moments = [START + (END - START) * (n / MOMENTS) for n in range(MOMENTS)]
    single = [_milliseconds(lambda moment=moment: at(given, overrides, moment)) for moment in moments]  # type: ignore[misc]
    median = statistics.median(whole)
    count = len(resolve(given, overrides, START, END))
    return [
        Row(
            "ten years of six layers and 400 overrides", f"< {BUDGET_MS:.0f} ms", f"{median:.0f} ms", median < BUDGET_MS,
            f"{count:,} shifts; median of {rounds}, {whole[0]:.0f}–{whole[-1]:.0f} ms; {first:.0f} ms the first time",
        ),
        Row("who is on call at a moment, six layers", "", f"{statistics.median(single):.1f} ms", None,
            f"median of {MOMENTS}, at most {max(single):.1f} ms"),
    ]  # fmt: skip


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
