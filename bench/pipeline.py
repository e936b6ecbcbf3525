"""New alerts through all stages of the pipeline: 500 silences, 100 inhibition rules, 200 routes, a million alerts stored.

The engine's own claims and handlers run here in a process of their own, without web or engine beside them: what is
measured is what one engine can take away from the queue. Storing them, which the web process does, is timed apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.harness.steward import database, run_command, settings

from bench.generate import FULL, fill
from bench.report import Row

BOUND = 5_000
QUICK, ALERTS = 5_000, 50_000


def run(quick: bool) -> list[Row]:
    """Quick: a twentieth of the rows, and fewer new alerts."""
    from tests.harness.running import scratch

    size = FULL.smaller(20) if quick else FULL
    with scratch() as folder, database(folder) as url:
        environment = settings(folder, 8750, DATABASE_URL=url, STEWARD_SECRET_KEY="bench" * 8)
        done = run_command(environment, "migrate")
        assert done.returncode == 0, done.stderr[-2000:]
        print(f"filled in {fill(url, size):.0f} s", flush=True)
        found = _measure(environment, QUICK if quick else ALERTS)
    return _rows(found, f"{size.alerts:,} alerts stored")


def _measure(environment: dict[str, str], alerts: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.pipelined", str(alerts)],
        env=environment, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    print(done.stderr, flush=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _rows(found: dict[str, Any], stored: str) -> list[Row]:
    outcomes = ", ".join(f"{name} {number:,}" for name, number in sorted(found["outcomes"].items()))
    rules = f"{found['silences']} silences, {found['inhibitions']} inhibition rules, {found['routes']} routes, {stored}"
    rate = found["alerts"] / found["seconds"]
    cpu = found["cpu"] / found["seconds"]
    return [
        Row("pipeline: new alerts/s through all stages", f"≥ {BOUND:,}", f"{rate:,.0f}", rate >= BOUND, rules),
        Row("pipeline: what became of them", "", f"{found['alerts']:,}", None, outcomes),
        Row("pipeline: processor time of the engine", "", f"{found['cpu'] / found['alerts'] * 1e6:.0f} µs an alert",
            None, f"{cpu:.0%} of the time; {found['batches']} batches, {found['incidents']:,} incidents opened"),
        Row("pipeline: groups whose wait is over, a second", "", f"{found['groups'] / found['waits']:,.0f}", None,
            f"{found['groups']:,} groups, {found['waited']:,} alerts in {found['waits']:.1f} s"),
        Row("pipeline: memory of the engine, most", "", f"{found['rss']:.0f} MB", None, "resident set"),
    ]  # fmt: skip
