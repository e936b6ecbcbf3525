"""A real mail sink and a real web server on loopback, and an environment that points at them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from steward.config import environment
from steward.foundation.outbound import close_connections


class Mails:
    """Takes what comes. ``answers`` are given one after the other before mails are taken ("450 later", "cut")."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.taken: list[EmailMessage] = []
        self.offered: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = cast("EmailMessage", message_from_bytes(envelope.content, policy=default))
        self.offered.append(message)
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "cut":
            assert server.transport is not None
            server.transport.abort()
            return "250 never seen"
        if answer:
            return answer
        self.taken.append(message)
        return "250 taken"


class Hooks:
    """A web service that keeps what it was sent; ``answers`` are HTTP statuses given before 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.taken: list[bytes] = []
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status = hooks.answers.pop(0) if hooks.answers else 200
                if status == 200:
                    hooks.taken.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def target(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def settings_env(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Change fields of the environment for one test."""
    current = [environment.load()]

    def change(**fields: Any) -> None:
        current[0] = replace(current[0], **fields)

    for module in ("channels.base", "channels.email.adapter", "messages", "links"):
        monkeypatch.setattr(f"steward.response.notifications.{module}.load", lambda: current[0])
    change(smtp_host="", mail_from="Steward <steward@example.org>", url="https://ops.example.org")
    yield change
    close_connections()


@pytest.fixture
def mails(settings_env: Any, socket_enabled: None) -> Iterator[Mails]:
    sink = Mails()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings_env(smtp_host="127.0.0.1", smtp_port=controller.port)
    yield sink
    close_connections()
    controller.stop()


@pytest.fixture
def hooks(settings_env: Any, socket_enabled: None) -> Iterator[Hooks]:
    server = Hooks()
    settings_env(outbound_allow=("127.0.0.1/32",))
    yield server
    server.server.shutdown()
    server.server.server_close()
