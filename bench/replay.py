"""A replay of the time machine: stored events through a configuration of 500 silences, 100 inhibition rules and 200 routes.

One side is replayed; a person who asks for a replay waits for two, after the events are read once.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.harness.running import scratch
from tests.harness.steward import database, run_command, settings

from bench.generate import FULL, fill
from bench.report import Row

# The most that a replay takes, and for a first look.
EVENTS, QUICK = 100_000, 20_000


def run(quick: bool) -> list[Row]:
    with scratch() as folder, database(folder) as url:
        environment = settings(folder, 8750, DATABASE_URL=url, STEWARD_SECRET_KEY="bench" * 8)
        done = run_command(environment, "migrate")
        assert done.returncode == 0, done.stderr[-2000:]
        print(f"filled in {fill(url, FULL.smaller(20 if quick else 5)):.0f} s", flush=True)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "bench.replayed", str(QUICK if quick else EVENTS)],
            env=environment, capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    rules = f"{found['silences']} silences, {found['inhibitions']} inhibition rules, {found['routes']} routes"
    rate = found["events"] / found["replayed"]
    return [
        Row("replay: events/s through one configuration", "", f"{rate:,.0f}", None, rules),
        Row("replay: reading the events", "", f"{found['read']:.1f} s", None, f"{found['events']:,} events"),
        Row("replay: what came of it", "", f"{found['incidents']:,} incidents", None, f"{found['pages']:,} pages"),
        Row("replay: memory, most", "", f"{found['rss']:.0f} MB", None, "resident set, with what Steward itself takes"),
    ]
