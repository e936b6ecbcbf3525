"""Runs scenarios on Debian's Alertmanager: all at once, each on a process of its own, in real time."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from steward.algorithms.matching import parse_matchers
from tests.harness.running import answers, free_port, process, send, wait_until
from tests.scenarios.timeline import Push, Scenario, Silence, Told

COMMAND = shutil.which("prometheus-alertmanager")


class Sink(ThreadingHTTPServer):
    """Takes the notifications of webhooks: ``/scenario/receiver``."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, float, int]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        at = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _root, scenario, receiver = self.path.split("/")
        firing = sum(1 for each in body["alerts"] if each["status"] == "firing")
        self.server.got.append((scenario, receiver, at, firing))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


def run_all(stories: Sequence[Scenario], folder: Path) -> dict[str, list[Told]]:
    """What Alertmanager told in each scenario, by its name."""
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    try:
        with ThreadPoolExecutor(len(stories)) as pool:
            begins = dict(zip((each.name for each in stories), pool.map(
                lambda pair: _run(pair[0], pair[1], sink.server_port, folder), enumerate(stories)
            ), strict=True))  # fmt: skip
    finally:
        sink.shutdown()
        sink.server_close()
    return {
        each.name: [
            Told(receiver, at - begins[each.name], firing)
            for scenario, receiver, at, firing in sink.got
            if scenario == str(number)
        ]
        for number, each in enumerate(stories)
    }


def _run(number: int, story: Scenario, sink_port: int, folder: Path) -> float:
    with _alertmanager(number, story, sink_port, folder) as url:
        begin = time.monotonic()
        for event in sorted(story.events, key=lambda each: each.at):
            time.sleep(max(0.0, begin + event.at - time.monotonic()))
            path, body = _request(event, story)
            status, answer = send(url + path, "POST", json.dumps(body).encode(), {"Content-Type": "application/json"})
            assert status == 200, answer
        time.sleep(max(0.0, begin + story.until - time.monotonic()))
    return begin


def _request(event: Push | Silence, story: Scenario) -> tuple[str, Any]:
    now = datetime.now(UTC)
    if isinstance(event, Push):
        times = {"endsAt": now.isoformat()} if event.resolved else {"endsAt": (now + timedelta(hours=1)).isoformat()}
        return "/api/v2/alerts", [{"labels": story.alerts[name], **times} for name in event.alerts]
    matchers = [
        {"name": each.name, "value": each.value, "isRegex": "~" in each.op, "isEqual": "!" not in each.op}
        for each in parse_matchers(event.matchers)
    ]
    end = now + timedelta(seconds=event.seconds)
    return "/api/v2/silences", {
        "matchers": matchers, "startsAt": now.isoformat(), "endsAt": end.isoformat(), "createdBy": "x", "comment": "x"
    }  # fmt: skip


@contextmanager
def _alertmanager(number: int, story: Scenario, sink_port: int, folder: Path) -> Iterator[str]:
    port, config = free_port(), folder / f"am-{number}.yml"
    receivers = "".join(
        f"- {{name: {name}, webhook_configs: [{{send_resolved: false, "
        f"url: 'http://127.0.0.1:{sink_port}/{number}/{name}'}}]}}\n"
        for name in story.receivers
    )
    config.write_text(f"{story.config}\nreceivers:\n{receivers}")
    command = [
        COMMAND or "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / f'am-{number}'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    log = folder / f"am-{number}.log"
    with process(command, os.environ, log):
        wait_until("alertmanager", lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 30, log)
        yield f"http://127.0.0.1:{port}"
