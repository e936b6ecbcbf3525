"""An outage: 100,000 alerts in a minute over HTTP, most of one cause, while people open pages.

Nine of ten alerts are of one outage, in several hundred groups of one route; the others belong to a few dozen groups of
another route. Both routes page the same person, at most once a minute. Real web and engine processes.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import psycopg
from tests.harness.mail import sink
from tests.harness.processes import production, scratch
from tests.harness.running import tree

from bench.report import Row, percentile
from bench.world import Client, World

ALERTS, SECONDS, REQUEST = 100_000, 60, 500
GROUPS, OTHERS = 600, 30
PAGES = ("/", "/incidents/", "/alerts/?status=firing", "/alerts/")
PAGES_PER_SECOND = 4
PAGE_MS, MINUTE, MOST_MB = 200, 60.0, 600
LATE_S = 900


@dataclass
class Watch:
    """What was seen while the storm lasted."""

    stop: threading.Event = field(default_factory=threading.Event)
    pages: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)


def run(quick: bool) -> list[Row]:
    """Quick: a tenth of the alerts in six seconds."""
    seconds = SECONDS // 10 if quick else SECONDS
    with _world() as here:
        watch = Watch()
        threads = [threading.Thread(target=work, args=(here, watch), daemon=True) for work in (_open_pages, _weigh)]
        for each in threads:
            each.start()
        started = time.time()
        behind = _send(here, seconds)
        sent = time.time()
        left = _drained(here)
        drained = time.time()
        time.sleep(MINUTE + 10)  # the message at the end of the last minute
        watch.stop.set()
        for each in threads:
            each.join(60)
        return _rows(here, watch, ALERTS * seconds // SECONDS, (started, sent, drained), left, behind)


@contextmanager
def _world() -> Iterator[World]:
    with scratch() as folder, sink() as mails:
        values = {"STEWARD_SMTP_HOST": "127.0.0.1", "STEWARD_SMTP_PORT": str(mails.port)}
        values |= {"STEWARD_BUNDLE_SECONDS": "60", "STEWARD_LOG_LEVEL": "WARNING"}
        with production(folder, webs=1, engines=1, **values) as running:
            steward = running.steward()
            steward.page_somebody('cause="outage"', name="Outage", group_by=["service", "cluster"])
            steward.page_somebody('cause="other"', name="Other", group_by=["service"])
            path = steward.run("source", "create", "--name", "bench", "--kind", "events")
            yield World(running, steward, mails, path, folder)


def _event(number: int) -> dict[str, object]:
    other = number % 10 == 9
    labels = {
        "cause": "other" if other else "outage", "severity": ("critical", "warning")[number % 2],
        "service": f"other-{number // 10 % OTHERS}" if other else f"service-{number % 40}",
        "cluster": f"c-{number // 40 % (GROUPS // 40)}", "instance": f"host-{number % 5000}", "n": str(number),
    }  # fmt: skip
    name = ("Timeout", "ErrorRate", "ConnectionRefused")[number % 3]
    return {"name": name, "labels": labels, "annotations": {"summary": f"{name} on host-{number % 5000}"}}


def _send(here: World, seconds: int) -> float:
    """Send at an even rate; returns how far the sender fell behind its timetable at most."""
    client = Client(here.steward.url)
    rate = ALERTS / SECONDS
    start, behind = time.monotonic(), 0.0
    for first in range(0, int(rate * seconds), REQUEST):
        due = start + first / rate
        time.sleep(max(0.0, due - time.monotonic()))
        behind = max(behind, time.monotonic() - due)
        status = client.send_events(here.path, [_event(number) for number in range(first, first + REQUEST)])
        assert status == 200, status
    return behind


def _open_pages(here: World, watch: Watch) -> None:
    client = Client(here.steward.url)
    client.sign_in()
    number = 0
    while not watch.stop.is_set():
        path = PAGES[number % len(PAGES)]
        number += 1
        status, _page, seconds = client.ask("GET", path)
        watch.pages.append(seconds * 1000)
        if status != 200:
            watch.failed.append(f"{path} {status}")
        watch.stop.wait(max(0.0, 1 / PAGES_PER_SECOND - seconds))


def _weigh(here: World, watch: Watch) -> None:
    kinds = [("web", here.running.webs), ("engine", here.running.engines)]
    while not watch.stop.wait(1.0):
        for name, processes in kinds:
            for started in processes:
                try:
                    size = sum(each.memory_full_info().pss for each in tree(started.pid)) / 1e6
                except psutil.Error:
                    continue  # a child that ended just now
                watch.memory[name] = max(watch.memory.get(name, 0.0), size)


def _drained(here: World) -> int:
    """Wait until every change is decided on; returns how many are not in time."""
    end = time.monotonic() + LATE_S
    with psycopg.connect(here.database, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM alerts_alertchange WHERE due_at IS NOT NULL").fetchone()
            left = int(row[0]) if row else 0
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.5)


def _rows(
    here: World, watch: Watch, alerts: int, times: tuple[float, float, float], left: int, behind: float
) -> list[Row]:
    started, sent, drained = times
    with psycopg.connect(here.database) as connection:

        def one(sql: str) -> int:
            row = connection.execute(sql).fetchone()
            return int(row[0]) if row else 0

        storms = one("SELECT count(*) FROM incidents_incident WHERE origin ? 'storm'")
        others = one("SELECT count(*) FROM incidents_incident WHERE origin ->> 'name' = 'Other'")
        opened = one("SELECT count(*) FROM incidents_incident")
        joined = one("SELECT count(DISTINCT alert_id) FROM incidents_incidentalert")
        untold = one("SELECT count(*) FROM notifications_page WHERE state <> 'sent'")
        pages = one("SELECT count(*) FROM notifications_page")
        entries = one("SELECT max(n) FROM (SELECT count(*) n FROM incidents_timelineentry GROUP BY incident_id) x")
    arrived = sorted(at for _message, at in here.mails.all())
    gaps = [later - earlier for earlier, later in itertools.pairwise(arrived)]
    # Times of arrival in the sink: a mail may take a moment longer than the one before it.
    fits = all(gap >= MINUTE - 1 for gap in gaps)
    p95 = percentile(watch.pages, 95)
    memory = ", ".join(f"{name} {size:.0f}" for name, size in sorted(watch.memory.items()))
    right = joined == alerts and storms == 1 and others == OTHERS
    return [
        Row("storm: incidents opened", f"1 storm, {OTHERS} others", f"{storms} storm, {others} others", right,
            f"{opened} in all; {joined:,} of {alerts:,} alerts in an incident; longest timeline {entries} entries"),
        Row("storm: messages a person gets in a minute, most", "≤ 1", "1" if fits else "more", fits,
            f"{len(arrived)} messages for {pages} pages, {untold} not told yet; first {arrived[0] - started:.1f} s after"
            f" the first alert; least {min(gaps, default=0):.1f} s between two" if arrived else "no message arrived"),
        Row("storm: pages of the web, p95", f"≤ {PAGE_MS} ms", f"{p95:.0f} ms", p95 <= PAGE_MS and not watch.failed,
            f"p50 {statistics.median(watch.pages):.0f} ms, {len(watch.pages)} pages, {len(watch.failed)} refused"),
        Row("storm: memory, most (PSS)", f"≤ {MOST_MB} MB", f"{sum(watch.memory.values()):.0f} MB",
            sum(watch.memory.values()) <= MOST_MB, memory),
        Row("storm: until all is decided on", "", f"{drained - started:.0f} s", None,
            f"{drained - sent:.0f} s after the last alert, {left} left; sender at most {behind:.1f} s behind"),
    ]  # fmt: skip
