"""Icinga 2 and Nagios: the payload, and the command that sends it."""

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

from steward.foundation import clock
from steward.foundation.actors import system
from steward.signals.alerts import actions
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Unreadable
from steward.signals.alerts.models import Alert
from steward.signals.alerts.tests.factories import call, with_door
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
SCRIPT = FOLDER / "files" / "steward-notify.py"


def states(parsed: Any) -> dict[str, bool]:
    """Severity to whether it fires."""
    return {alert.severity: not alert.resolved for alert in parsed.good}


def test_samples() -> None:
    check_samples("icinga", "icinga", FOLDER)


def test_a_service_problem() -> None:
    fires, *others = read("icinga", sample(FOLDER, "service-problem.json")).good
    assert fires.labels == {
        "alertname": "disk /var",
        "host": "db-3",
        "type": "service",
        "severity": "critical",
        "team": "storage",
    }
    assert (fires.resolved, fires.starts_at, fires.ends_at) == (False, datetime(2026, 3, 2, 9, 35, tzinfo=UTC), None)
    assert fires.annotations["summary"] == "DISK CRITICAL - free space: /var 412 MiB (2%)"
    assert fires.annotations["description"] == "/var is on /dev/mapper/vg0-var"
    assert fires.annotations["runbook_url"] == "https://runbooks.example.org/disk"
    assert fires.annotations["address"] == "192.0.2.13" and fires.annotations["state"] == "CRITICAL"
    page = "https://icinga.example.org/icingaweb2/icingadb/service?name=disk%20%2Fvar&host.name=db-3"
    assert fires.generator_url == page
    assert [(each.severity, each.resolved) for each in others] == [("warning", True), ("unknown", True)]


def test_a_recovery_ends_whatever_fired() -> None:
    problem = sample(FOLDER, "service-problem.json")
    ended = {each.severity: each for each in read("icinga", sample(FOLDER, "service-recovery.json")).good}
    for state in ("CRITICAL", "WARNING", "UNKNOWN"):
        fired = read("icinga", {**problem, "SERVICESTATE": state}).good[0]
        same = ended[state.lower()]
        assert (fired.resolved, same.resolved) == (False, True) and same.fingerprint == fired.fingerprint
        assert same.labels == fired.labels and same.ends_at == datetime(2026, 3, 2, 11, 15, tzinfo=UTC)


def test_a_change_from_warning_to_critical_ends_the_warning() -> None:
    problem = sample(FOLDER, "service-problem.json")
    warning = states(read("icinga", {**problem, "SERVICESTATE": "WARNING"}))
    assert warning == {"warning": True, "critical": False, "unknown": False}
    assert states(read("icinga", problem)) == {"critical": True, "warning": False, "unknown": False}


@pytest.mark.django_db(transaction=True)
def test_of_one_service_at_most_one_alert_fires_as_it_gets_worse_and_recovers() -> None:
    _source, key = actions.create_source(actor=system("test"), now=clock.now(), name="I", kind="icinga")
    problem = sample(FOLDER, "service-problem.json")
    told = [{**problem, "SERVICESTATE": state} for state in ("WARNING", "CRITICAL", "CRITICAL", "UNKNOWN")]
    told += [{**problem, "NOTIFICATIONTYPE": "ACKNOWLEDGEMENT"}, sample(FOLDER, "service-recovery.json")]

    async def story(app: Application) -> list[set[str]]:
        seen = []
        for payload in told:
            assert (await call(app, f"/in/{key}/icinga", payload)).status == 200
            seen.append({each.severity async for each in Alert.objects.filter(status="firing")})
        return seen

    assert with_door(story) == [{"warning"}, {"critical"}, {"critical"}, {"unknown"}, {"unknown"}, set()]


def test_hosts() -> None:
    given = sample(FOLDER, "host-unreachable-nagios.json")
    (fires,) = read("icinga", given).good
    assert fires.labels == {"alertname": "Host down", "host": "edge router/7", "type": "host", "severity": "critical"}
    assert fires.starts_at is None and fires.annotations["state"] == "UNREACHABLE"
    assert fires.generator_url == "https://nagios.example.org/nagios/cgi-bin/extinfo.cgi?type=1&host=edge%20router%2F7"
    (down,) = read("icinga", {**given, "HOSTSTATE": "DOWN"}).good
    (up,) = read("icinga", {**given, "HOSTSTATE": "UP", "NOTIFICATIONTYPE": "RECOVERY"}).good
    assert up.fingerprint == down.fingerprint == fires.fingerprint and up.resolved
    linked = read("icinga", {**given, "ICINGAWEB2URL": "https://i.example.org/"}).good[0].generator_url
    assert linked == "https://i.example.org/icingadb/host?name=edge%20router%2F7"


@pytest.mark.parametrize(
    "kind",
    ["ACKNOWLEDGEMENT", "FLAPPINGSTART", "FLAPPINGSTOP", "FLAPPINGEND", "DOWNTIMESTART", "DOWNTIMEEND", "CUSTOM",
     "DOWNTIMECANCELLED", "DOWNTIMEREMOVED", "ACKNOWLEDGEMENT (CRITICAL)"],
)  # fmt: skip
def test_what_changes_no_state_brings_nothing(kind: str) -> None:
    parsed = read("icinga", {**sample(FOLDER, "service-problem.json"), "NOTIFICATIONTYPE": kind})
    assert not parsed.good and not parsed.bad


def test_what_cannot_be_used_says_so() -> None:
    problem = sample(FOLDER, "service-problem.json")
    with pytest.raises(Unreadable, match="NOTIFICATIONTYPE"):
        read("icinga", {**problem, "NOTIFICATIONTYPE": "WHATEVER"})
    for change in ({"HOSTNAME": ""}, {"SERVICESTATE": "OK"}, {"SERVICEDESC": "", "HOSTSTATE": "UP"}):
        parsed = read("icinga", {**problem, **change})
        assert not parsed.good and len(parsed.bad) == 1


def test_garbage() -> None:
    check_garbage("icinga", sample(FOLDER, "service-problem.json"))


def test_set_up() -> None:
    page = check_set_up("icinga")
    assert 'STEWARD_URL = "https://steward.example.org/in/KEY/icinga"' in page
    assert "object NotificationCommand" in page and "define command" in page


class Receiver(ThreadingHTTPServer):
    """Answers with what it was told, one answer after the other, and keeps what it got."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.got = answers, list[dict[str, Any]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/in/KEY/icinga"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        server.got.append({"path": self.path, "type": self.headers["content-type"], "body": json.loads(body)})
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


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOSTNAME": "monitoring-server", "LANG": "C", **variables}
    command = [sys.executable, "-I", str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


ICINGA = {
    "ICINGA_NOTIFICATIONTYPE": "PROBLEM",
    "ICINGA_HOSTNAME": "db-3",
    "ICINGA_SERVICEDESC": "disk /var",
    "ICINGA_SERVICESTATE": "CRITICAL",
    "ICINGA_SERVICEOUTPUT": 'DISK "CRITICAL" – 2 %; $(rm -rf /)\nsecond line',
    "ICINGA_LABEL_TEAM": "storage",
    "ICINGA_SOMETHING_ELSE": "no",
}


def test_the_command_sends_icingas_variables(receiver: Receiver) -> None:
    done = run(STEWARD_URL=receiver.url, **ICINGA)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (got,) = receiver.got
    assert (got["path"], got["type"]) == ("/in/KEY/icinga", "application/json")
    assert "SOMETHING_ELSE" not in got["body"]
    fires = read("icinga", got["body"]).good[0]
    assert fires.labels["host"] == "db-3" and fires.labels["team"] == "storage"
    assert fires.annotations["summary"] == ICINGA["ICINGA_SERVICEOUTPUT"]


def test_the_command_sends_nagios_arguments(receiver: Receiver) -> None:
    done = run(
        "--url", receiver.url, "NOTIFICATIONTYPE=RECOVERY", "HOSTNAME=gw-2", "HOSTSTATE=UP", "HOSTOUTPUT=a=b",
        "HOSTNOTESURL=$HOSTNOTESURL$", "SERVICEDESC=", NAGIOS_HOSTNAME="another", NAGIOS_HOSTADDRESS="192.0.2.2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert receiver.got[0]["body"] == {
        "NOTIFICATIONTYPE": "RECOVERY", "HOSTNAME": "gw-2", "HOSTSTATE": "UP", "HOSTOUTPUT": "a=b",
        "HOSTADDRESS": "192.0.2.2",
    }  # fmt: skip


def test_the_command_tries_again_when_steward_is_down_for_a_moment(receiver: Receiver) -> None:
    receiver.answers = [503, 200]
    assert run(STEWARD_URL=receiver.url, **ICINGA).returncode == 0
    assert len(receiver.got) == 2 and receiver.got[0] == receiver.got[1]


def test_the_command_fails_at_once_when_it_is_refused(receiver: Receiver) -> None:
    receiver.answers = [404]
    done = run(STEWARD_URL=receiver.url, **ICINGA)
    assert done.returncode == 1 and len(receiver.got) == 1
    assert "404" in done.stderr and "because" in done.stderr and "KEY" not in done.stderr


def test_the_command_gives_up_after_its_last_attempt(receiver: Receiver) -> None:
    receiver.answers = [503] * 9
    done = run(STEWARD_URL=receiver.url, **ICINGA)
    assert done.returncode == 1 and len(receiver.got) == 4 and "503" in done.stderr


def test_the_command_says_how_it_is_called() -> None:
    assert run(**ICINGA).returncode == 2
    assert run(STEWARD_URL="file:///etc/passwd", **ICINGA).returncode == 2
    assert run("--url", "http://127.0.0.1:9/in/KEY/icinga", "HOSTSTATE=DOWN").returncode == 2
    assert run("--url", "http://127.0.0.1:9/in/KEY/icinga", "nonsense").returncode == 2
