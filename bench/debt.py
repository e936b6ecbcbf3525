"""What alerts cost: adding 90 days up, and writing the lines of thousands of names that pages then read."""

from __future__ import annotations

import time

import psycopg
from tests.harness.steward import run_command

from bench.generate import SERVICES, Size
from bench.report import Row
from bench.world import World

# Adding up reads the generated alerts, which have eight names; lists must also be fast with thousands.
NAMES = (
    "INSERT INTO debt_dailyfigures (day, name, service_id, severity, fired, starts, firing_seconds, flaps, with_runbook,"
    " incidents, acted, ignored, noisy, pages, wakeups, minutes, wakeup_share, durations, follows, people, answers,"
    " latest) SELECT (now() AT TIME ZONE 'UTC')::date - 1 - d, 'Generated' || n, (SELECT min(id) FROM"
    " configuration_service) + n %% %(services)s, (ARRAY['critical','warning','info'])[1 + n %% 3], 1 + n %% 9, 1 + n %% 9,"
    ' 600, n %% 3, 0, 1, n %% 2, 1 - n %% 2, 1 - n %% 2, n %% 4, n %% 2, n %% 60, n %% 2, \'{"70": 3, "80": 2}\','
    " '{}', '{\"1\": 1}', '{}', '[]' FROM generate_series(1, %(names)s) n, generate_series(0, 88) d"
)
AGAIN = "UPDATE debt_day SET due_at = now() WHERE day = (now() AT TIME ZONE 'UTC')::date"


def fill(here: World, size: Size) -> list[Row]:
    """Add the generated alerts up with the command, then have an engine write the lines of many names."""
    names = size.alerts // 500
    started = time.monotonic()
    done = run_command(here.running.environment, "debt", "rebuild", seconds=1800)
    assert done.returncode == 0, done.stderr[-2000:]
    took = time.monotonic() - started
    with psycopg.connect(here.database, autocommit=True) as connection:
        days = connection.execute("SELECT count(*) FROM debt_day").fetchone()
        connection.execute(NAMES, {"names": names, "services": SERVICES})
        connection.execute("VACUUM ANALYZE debt_dailyfigures")
        started = time.monotonic()
        connection.execute(AGAIN)
        connection.execute("SELECT pg_notify('steward_due', 'debt.day')")
        while time.monotonic() < started + 300:
            row = connection.execute("SELECT count(*) FROM debt_line WHERE days = 90").fetchone()
            if row and row[0] > names:
                break
            time.sleep(0.1)
        lines = time.monotonic() - started
        connection.execute("VACUUM ANALYZE debt_line")
    assert days
    return [
        Row("alert debt: every day added up", "", f"{took:.0f} s", None, f"{days[0]} days, {size.alerts:,} alerts"),
        Row("alert debt: today and all lines", "≤ 60 s", f"{lines:.1f} s", lines <= 60, f"{names:,} names, 90 days"),
    ]
