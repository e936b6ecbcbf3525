"""``steward up`` (supervise everything here) and ``steward web``."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steward.cli.datafolder import DataFolder
from steward.cli.trouble import Trouble
from steward.config.environment import Environment, load
from steward.config.secret import keep_secret

if TYPE_CHECKING:
    from steward.foundation.database.embedded import EmbeddedServer

# What is being answered gets so long to end; shorter than the ten seconds that containers are given to stop.
GRACE_SECONDS = 8


def web(_options: argparse.Namespace) -> int:
    """Serve until told to stop. Granian's workers are separate processes and import Django themselves."""
    from granian import Granian  # after the command is known: the supervisor has no use for it

    env = load()
    _check_port(env)
    # A worker inherits the handler of the process it is forked from, which only sets a flag there: a stop that comes
    # while the worker still loads would be lost, and both would wait for each other for ever.
    os.register_at_fork(after_in_child=_end_at_once)
    Granian(
        "steward.config.asgi:application",
        address=env.host,
        port=env.port,
        interface="asgi",  # type: ignore[arg-type]
        workers=env.web_workers,
        loop="uvloop",  # type: ignore[arg-type]
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
        backlog=1024,
    ).serve()
    return 0


def _end_at_once() -> None:
    """The first thing in a worker, until the server sets its own handlers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _check_port(env: Environment) -> None:
    family = socket.AF_INET6 if ":" in env.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((env.host, env.port))
        except OSError as error:
            raise Trouble(
                f"cannot listen on {env.host}:{env.port} ({error.strerror}); set STEWARD_PORT to a free port"
            ) from error


@dataclass
class Child:
    """A process under supervision. A child that dies is started again, more slowly each time it dies young."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = 0.5
    due: float = 0.0
    restarts: int = field(default=0)

    def start(self) -> None:
        self.started = time.monotonic()
        # A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops children in order.
        # Its standard input ends with us, even when we are killed; the child watches that (config/lifeline.py).
        self.process = subprocess.Popen(
            self.command, env=dict(self.environment), start_new_session=True, stdin=subprocess.PIPE
        )

    def tend(self) -> None:
        """Start the process again if it ended."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            self.wait = 0.5 if now - self.started > 30 else min(self.wait * 2, 15)
            self.due = now + self.wait
            self.restarts += 1
            print(f"steward: {self.name} ended with {code}; starting it again", file=sys.stderr, flush=True)
        if self.process is None and now >= self.due:
            self.start()

    def stop(self, seconds: float = 15.0) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)


def up(_options: argparse.Namespace) -> int:
    """Start what is needed, in order, and keep it running until SIGINT or SIGTERM."""
    return supervise(load(), extra=())


def supervise(env: Environment, *, extra: tuple[tuple[str, list[str]], ...]) -> int:
    """Run PostgreSQL (if embedded), migrate, then web, engine and ``extra`` commands until told to stop."""
    folder = DataFolder(env.data)
    folder.take()
    _check_port(env)
    stopping = _Stopping()
    environment = dict(os.environ, STEWARD_DATA=str(folder.path))
    environment.setdefault("STEWARD_SECRET_KEY", keep_secret(folder.path))
    server = None
    children: list[Child] = []
    try:
        if env.embedded:
            server = _embedded(folder)
            environment["DATABASE_URL"] = _start(server)
        # A stop during these does not have to wait for what would follow.
        if not stopping.asked:
            prepare(environment, env)
        commands = [("web", ["web"]), ("engine", ["engine"]), *extra]
        children += [
            Child(name, [sys.executable, "-W", "ignore", "-m", "steward.cli.main", "--supervised", *words], environment)
            for name, words in commands
        ]
        for child in children if not stopping.asked else ():
            child.start()
        _say_when_ready(env, stopping)
        while not stopping.asked:
            if server is not None and not server.running():
                print("steward: PostgreSQL ended; starting it again", file=sys.stderr, flush=True)
                _start(server)
            for child in children:
                child.tend()
            stopping.wait(0.5)
    finally:
        for child in reversed(children):
            child.stop()
        if server is not None:
            server.stop()
    return 0


def _embedded(folder: DataFolder) -> EmbeddedServer:
    from steward.foundation.database.embedded import EmbeddedServer  # a heavy import

    return EmbeddedServer(folder.path)


def _start(server: EmbeddedServer) -> str:
    from steward.foundation.database.embedded import ServerTrouble  # its heavy import is done by now

    try:
        return server.start()
    except ServerTrouble as error:
        raise Trouble(str(error)) from error


class _Stopping:
    """Whether SIGINT or SIGTERM came."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.asked and time.monotonic() < end:
            time.sleep(0.05)


def prepare(environment: dict[str, str], env: Environment) -> None:
    """Migrate and make the first administrator, in a process of its own so that Django's memory goes with it."""
    password = env.admin_password or secrets.token_urlsafe(12)
    values = dict(environment, STEWARD_ADMIN_PASSWORD=password)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "steward.cli.main", "migrate"],
        env=values, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Trouble("the database could not be prepared; the lines above say why")
    if "first administrator" in done.stdout:
        shown = password if not env.admin_password else "(the one in STEWARD_ADMIN_PASSWORD)"
        print(f"steward: sign in as {env.admin_user} with password {shown}", flush=True)


def _say_when_ready(env: Environment, stopping: _Stopping) -> None:
    end = time.monotonic() + 60
    host = "127.0.0.1" if env.host in {"0.0.0.0", ""} else env.host  # noqa: S104 - a comparison, nothing is bound
    while time.monotonic() < end and not stopping.asked:
        try:
            with socket.create_connection((host, env.port), timeout=1):
                print(f"steward: ready at {env.public_url}", flush=True)
                return
        except OSError:
            stopping.wait(0.1)
