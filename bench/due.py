"""How late due clocks are with 10,000 open incidents, each with a running escalation.

The next steps fall due evenly over ten minutes, as with a policy that waits ten minutes between steps. The lateness
is from the step's due time to the moment at which the engine took it up; to the mail's arrival is reported, too.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from bench.report import Row, percentile
from bench.world import World, world

OPEN = 10_000
SPREAD_S = 600.0
BOUND_S = 1.0
FILL = (
    "INSERT INTO incidents_incident (number, title, description, status, severity, origin, unreached, opened_at,"
    " reopened, alert_count, firing_count, updated_at, revision, policy_id) SELECT nextval('incident_number'),"
    " 'Waiting ' || i, '', 'open', 'SEV2', '{}', false, now(), 0, 0, 0, now(), 0, %(policy)s"
    " FROM generate_series(1, %(open)s) i",
    "INSERT INTO oncall_escalation (subject_kind, subject_id, subject_label, policy_id, snapshot, state, position, round,"
    " people_reached, nobody_reached, started_at, due_at, end_reason) SELECT 'incident', id, 'INC-' || number,"
    " policy_id, %(snapshot)s, 'running', 0, 0, 0, false, now(), %(start)s + (row_number() OVER (ORDER BY id))"
    " * %(gap)s * interval '1 second', '' FROM incidents_incident WHERE title LIKE 'Waiting %%'",
    "ANALYZE incidents_incident",
    "ANALYZE oncall_escalation",
    "SELECT pg_notify('steward_due', 'oncall.escalation')",  # as every action that sets a due time does
)
FOUND = (
    "SELECT e.number, p.created_at, p.sent_at FROM notifications_page p JOIN (SELECT id, subject_id,"
    " row_number() OVER (ORDER BY subject_id) number FROM oncall_escalation WHERE subject_label <> %(other)s) e"
    " ON p.subject_kind = 'incident' AND p.subject_id = e.subject_id"
)


def run(quick: bool) -> list[Row]:
    """Watch the clocks for 20 s or two minutes."""
    seconds = 20 if quick else 120
    with world() as here, psycopg.connect(here.database, autocommit=True) as connection:
        made = here.steward.call("POST", "/incidents", {"title": "Template", "policy": _policy(here)})
        other, snapshot, policy = connection.execute(
            "SELECT subject_label, snapshot, policy_id FROM oncall_escalation ORDER BY id DESC LIMIT 1"
        ).fetchone() or ("", {}, 0)
        assert other == made["ref"], (other, made)
        start = datetime.now(UTC) + timedelta(seconds=15)
        gap = SPREAD_S / OPEN
        values = {"open": OPEN, "start": start, "gap": gap, "policy": policy, "snapshot": Jsonb(snapshot)}
        for statement in FILL:
            connection.execute(statement, values)
        assert datetime.now(UTC) < start, "making the rows took too long"
        time.sleep((start - datetime.now(UTC)).total_seconds() + seconds + 5)
        rows = connection.execute(FOUND, {"other": other}).fetchall()
    return _rows(rows, start, gap, seconds)


def _policy(here: World) -> int:
    found = here.steward.call("GET", "/policies")["items"]
    return int(next(policy["id"] for policy in found if policy["name"] == "Bench"))


def _rows(rows: list[tuple[int, datetime, datetime | None]], start: datetime, gap: float, seconds: int) -> list[Row]:
    late, mailed = [], []
    for number, taken, sent in rows:
        due = start + timedelta(seconds=number * gap)
        if due < start + timedelta(seconds=seconds):
            late.append((taken - due).total_seconds())
            if sent is not None:
                mailed.append((sent - due).total_seconds())
    wanted = int(seconds / gap)
    name = f"due clocks, p99 lateness with {OPEN:,} open incidents"
    if not late:
        return [Row(name, f"≤ {BOUND_S} s", "nothing was taken up", False)]
    p99 = percentile(late, 99)
    detail = (
        f"p50 {statistics.median(late):.2f} s, max {max(late):.2f} s; {len(late)} of {wanted} steps taken in {seconds} s;"
        f" their {len(mailed)} mails p99 {percentile(mailed, 99) if mailed else 0:.2f} s after the due time"
    )
    return [Row(name, f"≤ {BOUND_S} s", f"{p99:.2f} s", p99 <= BOUND_S and len(late) >= wanted - 1, detail)]
