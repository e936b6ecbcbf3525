"""The drill: engine and web are killed with SIGKILL at random while alerts flow; every page must arrive once.

"Lost" is an incident whose page never arrived. "Sent twice" is a message (by Message-ID) that arrived more than once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from tests.harness.mail import Sink, sink
from tests.harness.processes import Steward, send, steward_up

from bench.latency import set_up
from bench.report import Row


def run(quick: bool) -> list[Row]:
    """20 kills, or 200 with --soak."""
    kills = 200 if "--soak" in sys.argv else 8 if quick else 20
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, sink() as mails:
        folder = Path(name)
        folder.chmod(0o755)
        with steward_up(folder, STEWARD_SMTP_HOST="127.0.0.1", STEWARD_SMTP_PORT=str(mails.port)) as steward:
            path = set_up(steward)
            wanted = _drill(steward, path, kills)
            lost = _wait(mails, wanted)
    twice = sum(1 for number in mails.counts().values() if number > 1)
    detail = f"{len(wanted)} incidents, {len(mails.messages)} messages, {kills} kills of web and engine in turn"
    return [
        Row("pages lost under kill -9", "0", str(len(lost)), not lost, detail),
        Row("messages sent twice under kill -9", "0", str(twice), twice == 0, "by Message-ID at the SMTP server"),
    ]


def _drill(steward: Steward, path: str, kills: int) -> set[str]:
    choice = random.Random(7)
    accepted: set[str] = set()
    for number in range(kills):
        end = time.monotonic() + choice.uniform(1.0, 3.0)
        while time.monotonic() < end:
            group = f"k{len(accepted)}"
            if _accepted(steward, path, group):
                accepted.add(group)
            time.sleep(0.05)
        victims = list(_processes(steward, "web" if number % 2 else "engine"))
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
    return accepted


def _accepted(steward: Steward, path: str, group: str) -> bool:
    """Send until it is taken, as a real sender does; the process may be dead just now."""
    event = {"name": f"Bench {group}", "labels": {"team": "bench", "group": group}}
    try:
        return send(f"{steward.url}{path}/events", "POST", orjson.dumps(event))[0] == 200
    except OSError:
        return False


def _processes(steward: Steward, what: str) -> Iterator[int]:
    """Processes of this Steward that run ``what`` (granian's worker carries its parent's group)."""
    data = steward.environment["STEWARD_DATA"].encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if data not in environment:
            continue
        if what.encode() in command or (
            what == "web" and any(b"granian" in part or b"multiprocessing" in part for part in command)
        ):
            yield int(entry.name)


def _wait(mails: Sink, wanted: set[str]) -> set[str]:
    """Groups whose page has not arrived two minutes after the last kill."""
    end = time.monotonic() + 150
    missing = wanted
    while missing and time.monotonic() < end:
        time.sleep(0.5)
        seen = {word for message in list(mails.messages) for word in str(message["Subject"]).split()}
        missing = wanted - seen
    return missing
