"""Checkmk: the payload, and the script that sends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Unreadable
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
SCRIPT = FOLDER / "files" / "steward-checkmk.py"


def test_samples() -> None:
    check_samples("checkmk", "checkmk", FOLDER)


def test_a_service_problem() -> None:
    fires, *others = read("checkmk", sample(FOLDER, "service-problem.json")).good
    assert fires.labels == {
        "alertname": "Filesystem /var",
        "host": "db-3",
        "type": "service",
        "site": "claims",
        "severity": "warning",
    }
    assert (fires.resolved, fires.starts_at, fires.ends_at) == (False, datetime(2026, 3, 2, 9, 35, tzinfo=UTC), None)
    assert fires.annotations["summary"].startswith("Used: 83.11%")
    assert fires.annotations["description"].splitlines() == ["trend per 1 day 0 hours: +1.20 GiB", "trend: 6.00%"]
    assert fires.annotations["contact_groups"] == "storage"
    assert fires.generator_url.startswith("https://monitoring.example.org/claims/check_mk/index.py?start_url=view.py")
    assert [(each.severity, each.resolved) for each in others] == [("critical", True), ("unknown", True)]


def test_a_recovery_ends_whatever_fired() -> None:
    problem = sample(FOLDER, "service-problem.json")
    ended = {each.severity: each for each in read("checkmk", sample(FOLDER, "service-recovery.json")).good}
    for state in ("CRITICAL", "WARNING", "UNKNOWN"):
        fired = read("checkmk", {**problem, "NOTIFY_SERVICESTATE": state}).good[0]
        same = ended[state.lower()]
        assert (fired.resolved, same.resolved) == (False, True) and same.fingerprint == fired.fingerprint
        assert same.labels == fired.labels and same.ends_at == datetime(2026, 3, 2, 11, 15, tzinfo=UTC)


def test_a_host_and_macros_without_value() -> None:
    given = sample(FOLDER, "host-down-unresolved-macros.json")
    (fires,) = read("checkmk", given).good
    assert fires.labels == {
        "alertname": "Host down", "host": "gw-2", "type": "host", "site": "claims", "severity": "critical",
    }  # fmt: skip
    assert fires.starts_at == datetime(2026, 3, 2, 10, 0, tzinfo=UTC) and fires.generator_url == ""
    assert not any("$" in text for text in fires.annotations.values())
    (up,) = read("checkmk", {**given, "NOTIFY_HOSTSTATE": "UP", "NOTIFY_NOTIFICATIONTYPE": "RECOVERY"}).good
    assert up.resolved and up.fingerprint == fires.fingerprint


def test_an_event_of_the_event_console_ends_by_itself() -> None:
    problem = {**sample(FOLDER, "service-problem.json"), "NOTIFY_EC_ID": "17"}
    (fires,) = read("checkmk", problem).good
    assert (fires.resolved, fires.expires) == (False, 86_400)


@pytest.mark.parametrize(
    "kind",
    ["ACKNOWLEDGEMENT", "DOWNTIMESTART", "DOWNTIMEEND", "DOWNTIMECANCELLED", "FLAPPINGSTART", "FLAPPINGSTOP", "CUSTOM",
     "ALERTHANDLER (OK)"],
)  # fmt: skip
def test_what_changes_no_state_brings_nothing(kind: str) -> None:
    parsed = read("checkmk", {**sample(FOLDER, "service-problem.json"), "NOTIFY_NOTIFICATIONTYPE": kind})
    assert not parsed.good and not parsed.bad


def test_what_cannot_be_used_says_so() -> None:
    problem = sample(FOLDER, "service-problem.json")
    with pytest.raises(Unreadable, match="NOTIFICATIONTYPE"):
        read("checkmk", {**problem, "NOTIFY_NOTIFICATIONTYPE": ""})
    for change in ({"NOTIFY_HOSTNAME": ""}, {"NOTIFY_SERVICEDESC": "$SERVICEDESC$"}, {"NOTIFY_SERVICESTATE": "OK"}):
        assert read("checkmk", {**problem, **change}).bad, change


def test_garbage() -> None:
    check_garbage("checkmk", sample(FOLDER, "service-problem.json"))


def test_set_up() -> None:
    page = check_set_up("checkmk")
    assert "https://steward.example.org/in/KEY/checkmk" in page and "check_mk/notifications" in page


class Receiver(ThreadingHTTPServer):
    """Answers with what it was told, one answer after the other, and keeps what it got."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.got = answers, list[Any]()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        server.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(server.answers.pop(0))
        self.end_headers()
        self.wfile.write(b"because")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver([200]) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(receiver: Receiver | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    given = {name: text for name, text in sample(FOLDER, "service-problem.json").items() if "STEWARD" not in name}
    if receiver is not None:
        given["NOTIFY_PARAMETER_1"] = f"http://127.0.0.1:{receiver.server_address[1]}/in/KEY/checkmk"
    environment = {"PATH": os.environ["PATH"], "OTHER": "x", **given, **more}
    command = [sys.executable, "-I", str(SCRIPT)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_script_sends_the_notification_and_nothing_private(receiver: Receiver) -> None:
    done = run(
        receiver, NOTIFY_PARAMETER_2="https://monitoring.example.org/claims/", NOTIFY_CONTACTEMAIL="a@example.org"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert receiver.got == [sample(FOLDER, "service-problem.json")]


def test_the_script_tries_again_and_says_how_it_ended(receiver: Receiver) -> None:
    receiver.answers = [503, 200]
    assert run(receiver).returncode == 0 and len(receiver.got) == 2
    receiver.answers = [503, 503, 503]
    done = run(receiver)
    assert done.returncode == 1 and "503" in done.stderr and len(receiver.got) == 5
    receiver.answers = [404]
    done = run(receiver)
    assert done.returncode == 2 and "because" in done.stderr and "KEY" not in done.stderr and len(receiver.got) == 6


def test_the_script_needs_an_address() -> None:
    done = run(NOTIFY_PARAMETER_1="file:///etc/passwd")
    assert done.returncode == 2 and "first parameter" in done.stderr
    assert SCRIPT.read_text().splitlines()[1] == "# Steward"
