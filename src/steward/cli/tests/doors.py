"""A real ingest door on the test database behind a plain HTTP server, and receivers as real processes before it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.tests.factories import call


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        if value := found():
            return value
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Door:
    """The server; ``away`` makes it answer 503 to everything."""

    def __init__(self, port: int = 0) -> None:
        self.away = False
        self.requests = 0
        self.loop = asyncio.new_event_loop()
        self.app = Application()
        self.http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._loop, self.http.serve_forever)]
        for thread in self._threads:
            thread.start()

    def _loop(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                door.requests += 1
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, answer = door.answer(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_words: Any) -> None:
                pass

        return Handler

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if self.away:
            return 503, b""
        parts = urlsplit(path)
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        asked = call(self.app, unquote(parts.path), body, method=method, headers=pairs, query=parts.query.encode())
        given = asyncio.run_coroutine_threadsafe(asked, self.loop).result(20)
        return given.status, given.body

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        asyncio.run_coroutine_threadsafe(self.app.aclose(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._threads[0].join(5)
        self.loop.close()


@contextmanager
def door() -> Iterator[Door]:
    """A door for the block."""
    opened = Door()
    try:
        yield opened
    finally:
        opened.close()


class Receiver:
    """``steward syslog`` or ``steward mail-in`` as a process."""

    def __init__(self, folder: Path, command: str, url: str, *words: str, key: str = "") -> None:
        self.port = free_port()
        self.log = folder / f"{command}-{self.port}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STEWARD_", "DJANGO_"))}
        kept |= {"STEWARD_SOURCE_KEY": key, "STEWARD_DATA": str(folder / "data")}
        line = [sys.executable, "-m", "steward.cli.main", command, "--listen", f"127.0.0.1:{self.port}", "--url", url]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen([*line, *words], env=kept, stdout=file, stderr=file)
        until(lambda: f":{self.port}" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def receiver(folder: Path, command: str, url: str, *words: str, key: str = "") -> Iterator[Receiver]:
    """A receiver for the block."""
    started = Receiver(folder, command, url, *words, key=key)
    try:
        yield started
    finally:
        started.stop()
