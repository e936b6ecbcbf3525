"""``steward up`` from the first start to the last: what a newcomer types, and what goes wrong with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.harness.running import (
    alive,
    answers,
    clean_environment,
    end,
    free_port,
    json_of,
    postmaster,
    scratch,
    send,
    start,
    stop_postgres,
    tree,
    wait_until,
)
from tests.harness.steward import run_command, settings, steward_command

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("up")]


class Up:
    """One ``steward up`` that can be started and ended again and again on the same folder."""

    def __init__(self, folder: Path, **values: str) -> None:
        self.data, self.log = folder / "data", folder / "up.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = settings(folder, port, **values)
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> list[psutil.Process]:
        """Start it; returns every process of it, PostgreSQL's too."""
        self.running = start(steward_command("up"), self.environment, self.log)
        wait_until("the first page", lambda: answers(self.url + "/sign-in"), 90, self.log)
        wait_until("the engine", lambda: len(tree(self.pid)) >= 4, 30, self.log)
        server = postmaster(self.data)
        assert server is not None
        return [*tree(self.pid), *tree(server)]

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def incidents(self, key: str) -> list[str]:
        found = json_of(send(self.url + "/api/v1/incidents", "GET", None, {"Authorization": f"Bearer {key}"}))
        return [incident["ref"] for incident in found["items"]]

    def end(self) -> None:
        if self.running is not None:
            end(self.running)
        stop_postgres(self.data)


@pytest.fixture
def up() -> Iterator[Up]:
    with scratch() as folder:
        steward = Up(folder)
        try:
            yield steward
        finally:
            steward.end()


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1]


def test_the_life_of_an_installation(up: Up) -> None:
    processes = up.start()
    key = check_commands(up)
    declared = {"title": "Printers print nothing", "severity": "SEV3"}
    json_of(send(up.url + "/api/v1/incidents", "POST", declared, {"Authorization": f"Bearer {key}"}))
    assert up.incidents(key) == ["INC-1"]
    check_second_up(up)
    check_doctor(up)
    # Ctrl-C: the terminal sends it to the whole group in the foreground.
    os.killpg(up.pid, signal.SIGINT)
    assert up.running is not None and up.running.wait(40) == 0, up.log.read_text()
    assert not alive(processes)
    assert postmaster(up.data) is None

    processes = up.start()
    assert up.incidents(key) == ["INC-1"], "starting again finds everything"
    os.kill(up.pid, signal.SIGKILL)
    up.running.wait()
    web_and_engine = [each for each in processes if each.pid not in {each.pid for each in tree(postmaster(up.data))}]
    wait_until("the end of what the killed supervisor left", lambda: not alive(web_and_engine), 30, up.log)
    up.start()
    assert up.incidents(key) == ["INC-1"], "after kill -9, too"
    check_killed_postgres(up, key)


def check_killed_postgres(up: Up, key: str) -> None:
    """The supervisor starts it again, and the other processes find it."""
    killed = postmaster(up.data)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until("a new server", lambda: postmaster(up.data) not in {None, killed}, 60, up.log)
    wait_until("an answer", lambda: send(up.url + "/healthz", "GET")[0] == 200, 60, up.log)
    assert up.incidents(key) == ["INC-1"]


def check_commands(up: Up) -> str:
    """The key is alone on the last line and works; the same of a source's path."""
    done = run_command(up.environment, "apikey", "create", "--name", "robot", "--role", "responder")
    assert done.returncode == 0, done.stderr
    key = last_line(done)
    assert key and " " not in key
    assert json_of(send(up.url + "/api/v1/incidents", "GET", None, {"Authorization": f"Bearer {key}"}))["items"] == []
    assert send(up.url + "/api/v1/incidents", "GET", None, {"Authorization": f"Bearer {key}x"})[0] == 401
    done = run_command(up.environment, "source", "create", "--name", "first", "--kind", "alertmanager")
    assert last_line(done).startswith("/in/") and send(f"{up.url}{last_line(done)}/api/v2/status", "GET")[0] == 200
    again = run_command(up.environment, "source", "create", "--name", "first", "--kind", "alertmanager")
    check_one_line(again, "name")
    return key


def check_second_up(up: Up) -> None:
    done = run_command(dict(up.environment, STEWARD_PORT=str(free_port())), "up", seconds=30)
    check_one_line(done, f"process {up.pid}")


def check_doctor(up: Up) -> None:
    """0 when nothing failed (that no mail server is set is a warning), 1 when a check failed."""
    done = run_command(up.environment, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" in done.stdout and "STEWARD_SMTP_HOST" in done.stdout
    values = dict(up.environment, STEWARD_SMTP_HOST="127.0.0.1", STEWARD_SMTP_PORT=str(free_port()))
    done = run_command(values, "doctor")
    assert done.returncode == 1 and "failed" in done.stdout, done.stdout + done.stderr


def check_one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    lines = done.stderr.strip().splitlines()
    assert done.returncode not in {0, None} and len(lines) == 1 and words in lines[0], (done.returncode, done.stderr)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_command(settings(tmp_path, port), "up", seconds=30)
    check_one_line(done, f"127.0.0.1:{port}")
    assert postmaster(tmp_path / "data") is None


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in the way stops root, too; what file modes do stops only others."""
    (tmp_path / "data").write_text("in the way")
    check_one_line(run_command(settings(tmp_path, free_port()), "up", seconds=30), "STEWARD_DATA")


def test_a_data_folder_without_permission(tmp_path: Path) -> None:
    """Below /proc nobody may make a folder, not even root."""
    values = dict(settings(tmp_path, free_port()), STEWARD_DATA="/proc/steward")
    check_one_line(run_command(values, "up", seconds=30), "STEWARD_DATA")


def test_a_data_folder_of_a_newer_version(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "version").write_text("99.0.0\n")
    check_one_line(run_command(settings(tmp_path, free_port()), "up", seconds=30), "99.0.0")


def test_commands_without_a_running_database(tmp_path: Path) -> None:
    check_one_line(run_command(settings(tmp_path, free_port()), "doctor", seconds=30), "steward up")
    nowhere = clean_environment(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    done = run_command(nowhere, "doctor", seconds=60)
    assert done.returncode == 1 and "failed" in done.stdout, done.stdout + done.stderr


def test_a_variable_that_cannot_be_used(tmp_path: Path) -> None:
    values = dict(settings(tmp_path, free_port()), STEWARD_PORT="eight")
    check_one_line(run_command(values, "up", seconds=30), "STEWARD_PORT")
