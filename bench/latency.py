"""Alert received → page handed to the channel, under load: new alerts at a steady rate, each its own incident group."""

from __future__ import annotations

import http.client
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from tests.harness.mail import Sink, sink
from tests.harness.processes import Steward, steward_up

from bench.report import Row

BOUND_S = 2.0


def set_up(steward: Steward) -> str:
    """A policy that pages the administrator, a route without group wait, a source; returns the ingest path."""
    admin = steward.call("GET", "/people")["items"][0]["id"]
    steps = [{"kind": "notify_user", "user_id": admin}, {"kind": "wait", "wait_minutes": 30}]
    policy = steward.call("POST", "/policies", {"name": "Bench", "repeat": 0, "steps": steps})["id"]
    steward.call(
        "POST", "/routes",
        {"name": "Bench", "matchers": 'team="bench"', "group_by": ["group"], "group_wait": 0, "policy_id": policy},
    )  # fmt: skip
    return steward.run("source", "create", "--name", "bench", "--kind", "events")


def run(quick: bool) -> list[Row]:
    """500 new alerts/s for some seconds, every 50th alert opening a new incident, so ten pages a second."""
    seconds = 5 if quick else 30
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, sink() as mails:
        folder = Path(name)
        folder.chmod(0o755)
        with steward_up(folder, STEWARD_SMTP_HOST="127.0.0.1", STEWARD_SMTP_PORT=str(mails.port)) as steward:
            path = set_up(steward)
            sent = _send(steward, path, seconds, rate=500, per_incident=50)
            times = _collect(mails, sent)
    missing = len(sent) - len(times)
    if not times:
        return [Row("alert → page, p99", f"≤ {BOUND_S} s", "no page arrived", False)]
    p99 = statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]
    detail = f"p50 {statistics.median(times):.2f} s, {len(times)} pages, {missing} missing, {seconds} s, small database"
    return [
        Row(
            "alert → page, p99 at 500 new alerts/s",
            f"≤ {BOUND_S} s",
            f"{p99:.2f} s",
            p99 <= BOUND_S and not missing,
            detail,
        )
    ]


def _send(steward: Steward, path: str, seconds: int, *, rate: int, per_incident: int) -> dict[str, float]:
    """Send batches ten times a second; returns each group's time of sending."""
    connection = http.client.HTTPConnection(urlsplit(steward.url).netloc, timeout=20)
    sent: dict[str, float] = {}
    start, number = time.monotonic(), 0
    for tick in range(seconds * 10):
        events = []
        for _n in range(rate // 10):
            group = f"g{number // per_incident}"
            events.append({"name": f"Bench {group}", "labels": {"team": "bench", "group": group, "n": str(number)}})
            sent.setdefault(group, time.time())
            number += 1
        connection.request("POST", f"{path}/events", orjson.dumps(events), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        time.sleep(max(0.0, start + (tick + 1) / 10 - time.monotonic()))
    return sent


def _collect(mails: Sink, sent: dict[str, float]) -> list[float]:
    end = time.monotonic() + 30
    while len(mails.messages) < len(sent) and time.monotonic() < end:
        time.sleep(0.2)
    times = {}
    for message, arrived in zip(list(mails.messages), list(mails.times), strict=False):
        group = next((word for word in str(message["Subject"]).split() if word in sent), None)
        if group and group not in times:
            times[group] = arrived - sent[group]
    return list(times.values())
