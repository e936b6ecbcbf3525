"""Steward itself as real processes: ``steward up``, or web and engine processes on one PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from steward.foundation.testing import prepared
from tests.harness.running import (
    answers,
    clean_environment,
    end,
    free_port,
    json_of,
    process,
    send,
    start,
    wait_until,
)

PASSWORD = "correct-horse-battery-staple"
SECRET = "only-for-tests-" + "0123456789abcdef" * 3


def steward_command(*words: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "steward.cli.main", *words]


def run_command(environment: dict[str, str], *words: str, seconds: float = 90) -> subprocess.CompletedProcess[str]:
    """Run a ``steward`` command to its end."""
    return subprocess.run(
        steward_command(*words), env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )


@dataclass
class Steward:
    """A Steward that runs: its address and how to reach it."""

    url: str
    environment: dict[str, str]
    log: Path
    pid: int = 0
    key: str = ""

    def run(self, *words: str) -> str:
        """Run a ``steward`` command beside it and return its last line."""
        done = run_command(self.environment, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API with an administrator's key."""
        if not self.key:
            self.key = self.run("apikey", "create", "--name", "tests", "--role", "administrator")
        answer = send(f"{self.url}/api/v1{path}", method, body, {"Authorization": f"Bearer {self.key}"})
        assert answer[0] < 300, (method, path, *answer)
        return json_of(answer)

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/incidents?limit=200")["items"]
        return found

    def timeline(self, ref: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/incidents/{ref}/timeline?limit=200")["items"]
        return found

    def page_somebody(self, matchers: str, *, name: str = "Claims", wait: int = 0, **route: Any) -> None:
        """A policy that pages the administrator, and a route to it."""
        admin = self.call("GET", "/people")["items"][0]["id"]
        steps = [{"kind": "notify_user", "id": admin}, {"kind": "wait", "minutes": 30}]
        policy = self.call("POST", "/policies", {"name": name, "repeat": 0, "steps": steps})["id"]
        values = {"name": name, "matchers": matchers, "group_wait": wait, "policy_id": policy, **route}
        self.call("POST", "/routes", values)


def settings(folder: Path, port: int, **values: str) -> dict[str, str]:
    """The environment of one Steward."""
    return clean_environment(
        **{
            "STEWARD_DATA": str(folder / "data"),
            "STEWARD_PORT": str(port),
            "STEWARD_ADMIN_PASSWORD": PASSWORD,
            "STEWARD_ADMIN_EMAIL": "admin@example.org",
            # What counts messages by incident wants one for each.
            "STEWARD_BUNDLE_SECONDS": "0",
            **values,
        }
    )


def _prepared() -> Path:
    return prepared.data_folder(prepared.root())


@contextmanager
def steward_up(folder: Path, **values: str) -> Iterator[Steward]:
    """``steward up`` with an embedded database in ``folder``, which is migrated already."""
    prepared.copy(_prepared(), folder / "data")
    port = free_port()
    environment = settings(folder, port, **values)
    url, log = f"http://127.0.0.1:{port}", folder / "steward.log"
    with process(steward_command("up"), environment, log) as running:
        wait_until("steward up", lambda: answers(url + "/healthz"), 90, log)
        yield Steward(url, environment, log, running.pid)


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """An embedded PostgreSQL by itself, as the server that DATABASE_URL names, with a migrated database."""
    prepared.copy(_prepared(), folder / "server")
    server = prepared.EmbeddedServer(folder / "server")
    url = server.start()
    try:
        yield url
    finally:
        server.stop()


def database_of(data: Path) -> str:
    """The address of the embedded server that ``steward up`` runs in a data folder."""
    lines = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://steward@/steward?host={quote(lines[4], safe='')}"


@dataclass
class Production:
    """Web and engine processes on one PostgreSQL. ``webs`` are at ``urls`` in the same order."""

    environment: dict[str, str]
    log: Path
    ports: list[int]
    webs: list[subprocess.Popen[bytes]] = field(default_factory=list)
    engines: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def steward(self) -> Steward:
        """To call the API of the first web process."""
        return Steward(self.urls[0], self.environment, self.log)

    def start_web(self, number: int) -> None:
        values = dict(self.environment, STEWARD_PORT=str(self.ports[number]))
        self.webs[number : number + 1] = [start(steward_command("web"), values, self.log)]

    def start_engine(self, number: int) -> None:
        self.engines[number : number + 1] = [start(steward_command("engine"), self.environment, self.log)]

    def ready(self) -> bool:
        return all(answers(url + "/healthz") for url in self.urls)


@contextmanager
def production(folder: Path, *, webs: int = 2, engines: int = 2, **values: str) -> Iterator[Production]:
    """Processes as an operator would run them, on a PostgreSQL of their own."""
    with ExitStack() as stack:
        url = stack.enter_context(database(folder))
        ports = [free_port() for _ in range(webs)]
        environment = settings(
            folder, ports[0],
            **{"DATABASE_URL": url, "STEWARD_SECRET_KEY": SECRET, "STEWARD_URL": f"http://127.0.0.1:{ports[0]}",
               **values},
        )  # fmt: skip
        done = run_command(environment, "migrate")
        assert done.returncode == 0, done.stderr
        running = Production(environment, folder / "steward.log", ports)
        stack.callback(lambda: [end(each, 15) for each in [*running.webs, *running.engines]])
        for number in range(webs):
            running.start_web(number)
        for number in range(engines):
            running.start_engine(number)
        wait_until("the web processes", running.ready, 60, running.log)
        yield running
