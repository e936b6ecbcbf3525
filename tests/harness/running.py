"""Starting, waiting for and ending processes; loopback ports; plain HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
import psutil

T = TypeVar("T")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, ready: Callable[[], T], seconds: float = 30.0, log: Path | None = None) -> T:
    """Poll until ``ready`` returns something true, and return that; fail with ``what`` (and the log) otherwise."""
    end = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > end:
            tail = log.read_text(errors="replace")[-3000:] if log and log.exists() else ""
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s\n{tail}")
        time.sleep(0.1)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may enter (pytest keeps its folders to the user who runs it)."""
    with tempfile.TemporaryDirectory(prefix="steward-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def answers(url: str) -> bool:
    """Whether the address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status < 300)
    except OSError:
        return False


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


def clean_environment(**values: str) -> dict[str, str]:
    """This process's environment without any variable of Steward's, and ``values``."""
    ours = ("STEWARD_", "DATABASE_URL", "DJANGO_", "PYTEST_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, **values}


def tree(pid: int) -> list[psutil.Process]:
    """The process and everything below it."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run (a zombie has ended)."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def end(started: subprocess.Popen[bytes], seconds: float = 40.0) -> None:
    """Ask a process to end; kill it and everything below it if it does not."""
    if started.poll() is not None:
        return
    below = tree(started.pid)
    started.send_signal(signal.SIGTERM)
    try:
        started.wait(seconds)
    except subprocess.TimeoutExpired:
        for each in alive(below):
            each.kill()
        started.wait(10)


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, as a terminal would; what it prints is added to ``log``."""
    with log.open("ab") as file:
        return subprocess.Popen(
            list(command), env=dict(environment), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip


@contextmanager
def process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the block."""
    started = start(command, environment, log)
    try:
        yield started
    finally:
        end(started)


def stop_postgres(data: Path, seconds: float = 20.0) -> None:
    """Stop the embedded server of a data folder whose supervisor was killed."""
    pid = postmaster(data)
    if pid is None:
        return
    running = psutil.Process(pid)
    running.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    running.wait(seconds)


def postmaster(data: Path) -> int | None:
    """The pid of the embedded server that runs in a data folder."""
    try:
        pid = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError):
        return None
    return pid if psutil.pid_exists(pid) else None


def json_of(answer: tuple[int, bytes]) -> Any:
    """The body of a successful answer."""
    status, body = answer
    assert status < 300, (status, body)
    return orjson.loads(body) if body else None
