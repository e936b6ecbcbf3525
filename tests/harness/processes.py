"""Real processes for tests: started on free loopback ports, always ended by pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

PASSWORD = "correct-horse-battery-staple"


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, ready: Callable[[], Any], seconds: float = 30.0, log: Path | None = None) -> Any:
    """Poll until ``ready`` returns something true, and return that; fail with ``what`` (and the log) otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.1)
    tail = log.read_text()[-3000:] if log else ""
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s\n{tail}")


def answers(url: str) -> bool:
    """Whether the address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status < 300)
    except OSError:
        return False


@contextmanager
def process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the block; it is asked to end, and killed if it does not."""
    with log.open("ab") as file:
        started = subprocess.Popen(list(command), env=dict(environment), stdout=file, stderr=file)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGTERM)
                try:
                    started.wait(40)
                except subprocess.TimeoutExpired:
                    started.kill()
                    started.wait(10)


def steward_command(*words: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "steward.cli.main", *words]


def clean_environment(**values: str) -> dict[str, str]:
    """This process's environment without any variable of Steward's, and ``values``."""
    ours = ("STEWARD_", "DATABASE_URL", "DJANGO_", "PYTEST_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, **values}


@dataclass
class Steward:
    """A Steward that runs: its address and how to reach it."""

    url: str
    environment: dict[str, str]
    log: Path
    key: str = ""

    def run(self, *words: str) -> str:
        """Run a ``steward`` command beside it and return its last line."""
        done = subprocess.run(
            steward_command(*words), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API with an administrator's key."""
        if not self.key:
            self.key = self.run("apikey", "create", "--name", "tests", "--role", "administrator")
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        status, answer = send(self.url + "/api/v1" + path, method, body, headers)
        assert status < 300, (method, path, status, answer)
        return orjson.loads(answer) if answer else None

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/incidents")["items"]
        return found


def send(url: str, method: str, body: object = None, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """One HTTP request; answers of any status are returned."""
    data = body if isinstance(body, bytes) else (orjson.dumps(body) if body is not None else None)
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@contextmanager
def steward_up(folder: Path, **values: str) -> Iterator[Steward]:
    """``steward up`` with an embedded database in ``folder``."""
    port = free_port()
    environment = clean_environment(
        **{
            "STEWARD_DATA": str(folder / "data"),
            "STEWARD_PORT": str(port),
            "STEWARD_ADMIN_PASSWORD": PASSWORD,
            "STEWARD_ADMIN_EMAIL": "admin@example.org",
            **values,
        }
    )
    url, log = f"http://127.0.0.1:{port}", folder / "steward.log"
    with process(steward_command("up"), environment, log):
        wait_until("steward up", lambda: answers(url + "/healthz"), 60, log)
        yield Steward(url, environment, log)
