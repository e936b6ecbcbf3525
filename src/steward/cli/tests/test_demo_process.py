"""`steward demo` as one starts it: alerts come in, people are paged and answer, Ctrl-C ends it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

STEWARD = [sys.executable, "-W", "ignore", "-m", "steward.cli.main"]


def until(found: Callable[[], Any], seconds: float = 150.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.5)
    raise AssertionError("it did not happen")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEWARD_")}
    kept.pop("DATABASE_URL", None)
    return {**kept, "STEWARD_DATA": str(tmp_path / "data"), "STEWARD_PORT": str(port)}


@pytest.fixture
def demo(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*STEWARD, "demo", "--speed", "20"], env=environment)
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(60)


def key(environment: dict[str, str]) -> str:
    """A new API key, or nothing while the database is not ready."""
    done = subprocess.run(
        [*STEWARD, "apikey", "create", "--name", "reader", "--role", "viewer"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.e2e
@pytest.mark.timeout(400)
def test_the_demo_lives(demo: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
    folder = Path(environment["STEWARD_DATA"])
    until((folder / "demo.json").exists)
    headers = {"Authorization": f"Bearer {until(lambda: key(environment))}"}

    def incidents() -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{environment['STEWARD_PORT']}/api/v1/incidents?limit=200"
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            items: list[dict[str, Any]] = json.load(answer)["items"]
        return [item for item in items if item["origin"]["kind"] == "route"]

    until(lambda: any(item["status"] == "acknowledged" for item in incidents()))
    until(lambda: any(item["status"] == "resolved" for item in incidents()))
    assert list((folder / "mail").glob("*.eml"))
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    assert not (folder / "postgres" / "postmaster.pid").exists()
