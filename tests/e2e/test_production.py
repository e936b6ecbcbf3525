"""Production mode: two web and two engine processes on one PostgreSQL."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.harness.mail import Sink, sink
from tests.harness.processes import Production, production, scratch, send, wait_until
from tests.harness.running import alive, answers, end, tree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("production")]
ALERTS = 20


@pytest.fixture(scope="module")
def mails() -> Iterator[Sink]:
    with sink() as kept:
        yield kept


@pytest.fixture(scope="module")
def running(mails: Sink) -> Iterator[Production]:
    values = {"STEWARD_SMTP_HOST": "127.0.0.1", "STEWARD_SMTP_PORT": str(mails.port)}
    with scratch() as folder, production(folder, webs=2, engines=2, **values) as started:
        started.steward().page_somebody('team="storage"', name="Storage", group_by=["cluster"], wait=1)
        yield started


def test_alerts_at_both_webs_make_one_incident_and_one_page(running: Production, mails: Sink) -> None:
    steward = running.steward()
    path = steward.run("source", "create", "--name", "both", "--kind", "events")
    for number in range(ALERTS):
        labels = {"team": "storage", "cluster": "one", "disk": str(number)}
        event = {"name": "DiskFull", "labels": labels}
        assert send(f"{running.urls[number % 2]}{path}/events", "POST", event)[0] == 200
        # The same alert again at the other web: it is the same alert there.
        assert send(f"{running.urls[(number + 1) % 2]}{path}/events", "POST", event)[0] == 200
    wait_until(
        "all alerts in one incident",
        lambda: [i["alerts"] for i in steward.incidents() if "DiskFull" in i["title"]] == [ALERTS],
        40, running.log,
    )  # fmt: skip
    wait_until("the page", lambda: mails.about("DiskFull"), 30, running.log)
    incident = next(i for i in steward.incidents() if "DiskFull" in i["title"])
    # Resolving it at one web while the other still hears the alerts ends it for both engines.
    steward.call("POST", f"/incidents/{incident['ref']}/resolve", {"why": "tested"})
    kinds = [entry["kind"] for entry in steward.timeline(incident["ref"])]
    assert kinds.count("opened") == kinds.count("resolved") == 1
    subjects = [str(message["Subject"]) for message in mails.about("DiskFull")]
    assert len(subjects) == 1 and incident["ref"] in subjects[0], subjects


def test_an_engine_alone_carries_on(running: Production, mails: Sink) -> None:
    steward = running.steward()
    path = steward.run("source", "create", "--name", "alone", "--kind", "events")
    running.engines[0].kill()
    running.engines[0].wait()
    try:
        event = {"name": "LeftAlone", "labels": {"team": "storage", "cluster": "two"}}
        assert send(f"{running.urls[0]}{path}/events", "POST", event)[0] == 200
        wait_until("the page", lambda: mails.about("LeftAlone"), 30, running.log)
    finally:
        running.start_engine(0)


def test_a_web_whose_parent_is_killed_leaves_nothing_behind(running: Production) -> None:
    """Otherwise an orphaned worker would keep the port and the process could not be started again."""
    left = tree(running.webs[1].pid)
    running.webs[1].send_signal(signal.SIGKILL)
    running.webs[1].wait()
    wait_until("the worker's end", lambda: not alive(left), 20, running.log)
    running.start_web(1)
    wait_until("the web again", lambda: answers(running.urls[1] + "/healthz"), 60, running.log)


def test_sigterm_ends_each_process_soon(running: Production) -> None:
    number = 1
    for kind, start in ((running.webs, running.start_web), (running.engines, running.start_engine)):
        below = tree(kind[number].pid)
        end(kind[number], 20)
        assert kind[number].returncode in {0, -signal.SIGTERM}
        assert not alive(below)
        start(number)
    wait_until("both webs", running.ready, 60, running.log)


def test_sigterm_while_a_web_still_starts_is_not_lost(running: Production) -> None:
    """A worker that loads has the handler of its parent, which would only set a flag in the wrong process."""
    for pause in (0.0, 0.2, 0.5):
        end(running.webs[1], 20)
        running.start_web(1)
        web = running.webs[1]
        wait_until("its worker", lambda web=web: len(tree(web.pid)) > 1, 20, running.log)
        time.sleep(pause)
        below, began = tree(web.pid), time.monotonic()
        end(web, 20)
        assert web.returncode in {0, -signal.SIGTERM}
        assert time.monotonic() - began < 5, "it ended, but only because it was killed"
        assert not alive(below)
    running.start_web(1)
    wait_until("the web again", lambda: answers(running.urls[1] + "/healthz"), 60, running.log)
