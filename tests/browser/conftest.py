"""A whole Steward on a free port, and Chromium looking at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "correct-horse-battery-staple"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Running:
    """A Steward that runs for the tests."""

    url: str
    environment: dict[str, str]

    def steward(self, *words: str) -> str:
        """Run a ``steward`` command beside it and return the last line."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "steward.cli.main", *words],
            env=self.environment, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.strip().splitlines()[-1]

    def post(self, path: str, body: bytes) -> int:
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("steward")
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STEWARD_", "DATABASE_URL", "DJANGO_"))}
    environment = {
        **kept,
        "STEWARD_DATA": str(folder / "data"),
        "STEWARD_PORT": str(port),
        "STEWARD_ADMIN_PASSWORD": PASSWORD,
        "STEWARD_ADMIN_EMAIL": "admin@example.org",
    }
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "steward.cli.main", "up"], env=environment, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url + "/healthz", process, folder / "log")
        yield Running(url, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"not ready in a minute:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian package chromium)")
    from playwright.sync_api import sync_playwright  # needs the browser to be of use

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, running: Running) -> Iterator[Any]:
    """A page signed in as the administrator; anything the page logs as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=running.url)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/sign-in")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(running.url + "/")
    yield page
    context.close()
    assert not troubles, troubles
