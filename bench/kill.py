"""The drill: processes are killed with SIGKILL at random while alerts flow; every page must arrive, and only once.

Two web and two engine processes run on one PostgreSQL. A victim is an engine, a web process (its parent or its
worker) or one of PostgreSQL's backends; what was killed is started again at once. The sender does as Prometheus does:
it sends to one web process, and to the other when it gets no answer, until it gets a 2xx.

"Lost" is an incident, or an alert taken with a 2xx, about which no mail came. "Paged twice" is two different messages
about one page. "Sent twice" is one message (by Message-ID) that the mail server took twice.
"""

from __future__ import annotations

import http.client
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import psutil
import psycopg

from bench.report import Row, percentile
from bench.world import Client, World, event, group_of, world

QUICK, FULL, SOAK = 30, 200, 1_000
INCIDENTS_PER_SECOND = 4
ALERTS_PER_INCIDENT = 5
# Longer than every lease on the way (change, group, escalation, delivery) together.
LATE_S = 330


@dataclass
class Flow:
    """The alerts that were taken, by group: when the first was sent."""

    sent: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    failed: list[str] = field(default_factory=list)


def run(quick: bool) -> list[Row]:
    return drill(QUICK if quick else FULL)


def soak() -> list[Row]:
    return drill(SOAK)


def drill(kills: int) -> list[Row]:
    """Kill so many times, wait for what is late, and count."""
    with world(webs=2, engines=2) as here:
        flow = Flow()
        sender = threading.Thread(target=_send, args=(here, flow), daemon=True)
        sender.start()
        victims = _kill(here, kills)
        flow.stop.set()
        sender.join(60)
        last = time.time()
        _wait(here, flow, last)
        with _connection(here) as connection:
            return _rows(here, flow, victims, last, connection)


def _send(here: World, flow: Flow) -> None:
    choice, number = random.Random(1), 0
    while not flow.stop.is_set():
        group = f"k{number}"
        number += 1
        flow.sent[group] = time.time()
        for _again in range(2):  # the same alerts once more: they are the same alerts
            events = [event(group, each) for each in range(ALERTS_PER_INCIDENT)]
            if not _until_taken(here, flow, events, choice.randrange(2)):
                flow.failed.append(group)
        flow.stop.wait(1 / INCIDENTS_PER_SECOND)


def _until_taken(here: World, flow: Flow, events: list[dict[str, object]], web: int) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if Client(here.running.urls[web]).send_events(here.path, events) == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass  # killed just now; the other one is there
        flow.refused += 1
        web = 1 - web
        time.sleep(0.1)
    return False


def _kill(here: World, kills: int) -> Counter[str]:
    choice, victims = random.Random(7), Counter[str]()
    for _number in range(kills):
        time.sleep(choice.uniform(0.5, 3.0))
        what = choice.choices(["engine", "web", "web worker", "PostgreSQL backend"], [10, 4, 4, 2])[0]
        victims[what] += 1
        number = choice.randrange(2)
        if what == "engine":
            here.running.engines[number].kill()
            here.running.engines[number].wait()
            here.running.start_engine(number)
        elif what == "PostgreSQL backend":
            _kill_backend(here, choice)
        else:
            _kill_web(here, number, worker=what == "web worker")
    return victims


def _kill_web(here: World, number: int, *, worker: bool) -> None:
    """The parent starts a killed worker again by itself; a killed parent is started again by us, as systemd would."""
    parent = here.running.webs[number]
    if worker:
        for child in psutil.Process(parent.pid).children():
            child.send_signal(signal.SIGKILL)
        return
    below = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    psutil.wait_procs(below, 20)  # its workers end by themselves; until then the port is taken
    here.running.start_web(number)


def _kill_backend(here: World, choice: random.Random) -> None:
    """PostgreSQL answers the death of a backend by ending all of them and recovering from its log."""
    with _connection(here) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'steward' AND pid <> pg_backend_pid()"
        )
        pids = [int(row[0]) for row in rows.fetchall()]
    if pids:
        psutil.Process(choice.choice(pids)).send_signal(signal.SIGKILL)


def _connection(here: World) -> psycopg.Connection:
    """A connection, even if the server still recovers from the kill before."""
    end = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(here.database)
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _wait(here: World, flow: Flow, last: float) -> None:
    while time.time() < last + LATE_S:
        if set(flow.sent) <= {group_of(message) for message, _arrived in here.mails.all()}:
            time.sleep(5)  # what comes a second time comes soon after
            return
        time.sleep(1)


def _rows(here: World, flow: Flow, victims: Counter[str], last: float, connection: psycopg.Connection) -> list[Row]:
    ids: dict[str, set[str]] = defaultdict(set)
    first: dict[str, float] = {}
    for message, arrived in here.mails.all():
        group = group_of(message)
        ids[group].add(str(message["Message-ID"]))
        first.setdefault(group, arrived)
    lost = [group for group in flow.sent if group not in first]
    paged_twice = {group: len(found) for group, found in ids.items() if len(found) > 1}
    sent_twice = [number for number in here.mails.counts().values() if number > 1]
    late = [first[group] - flow.sent[group] for group in flow.sent if group in first]
    cut = _count(connection, "SELECT count(*) FROM notifications_attempt WHERE outcome = 'cut off'")
    doubles = _count(connection, "SELECT count(*) FROM (SELECT title FROM incidents_incident GROUP BY 1"
                                 " HAVING count(*) > 1) twice")  # fmt: skip
    killed = ", ".join(f"{what} {number}" for what, number in sorted(victims.items()))
    detail = (
        f"{victims.total()} kills ({killed}); {len(flow.sent)} incidents, {len(here.mails.messages)} mails taken by the"
        f" server; {flow.refused} requests sent again, {len(flow.failed)} never taken"
    )
    when = (
        f"p50 {percentile(late, 50):.1f} s, p99 {percentile(late, 99):.1f} s; all mails within"
        f" {max([*first.values(), last]) - last:.0f} s of the last kill"
    ) if late else ""  # fmt: skip
    return [
        Row("pages lost under kill -9", "0", str(len(lost)), not lost and not flow.failed, detail),
        Row("people paged twice under kill -9", "0", str(len(paged_twice)), not paged_twice,
            f"two messages for one incident; {doubles} incidents opened twice"),
        Row("messages sent twice under kill -9", "0", str(len(sent_twice)), not sent_twice,
            f"taken twice by the mail server under one Message-ID; {cut} tries were cut off by a kill"),
        Row("alert → page while processes are killed, longest", "", f"{max(late, default=0):.1f} s", None, when),
    ]  # fmt: skip


def _count(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
