"""A real SMTP server that keeps what it is given, on a thread of its own."""

from __future__ import annotations

import email
import email.policy
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.harness.running import free_port

LINK = re.compile(r"https?://\S+/act/[^\s\"<>]+")
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass
class Sink:
    """What arrived, in order. ``refuse`` makes the next so many messages fail for now (SMTP 451)."""

    port: int
    refuse: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # seconds since the epoch, a message each
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        arrived = time.time()
        message = cast(EmailMessage, email.message_from_bytes(envelope.content, policy=email.policy.default))
        with self._lock:
            if self.refuse > 0:
                self.refuse -= 1
                return "451 try later"
            self.times.append(arrived)
            self.messages.append(message)
        return "250 OK"

    def all(self) -> list[tuple[EmailMessage, float]]:
        """A copy of what arrived so far, with when."""
        with self._lock:
            return list(zip(self.messages, self.times, strict=True))

    def counts(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(str(message["Message-ID"]) for message, _arrived in self.all())

    def about(self, words: str) -> list[EmailMessage]:
        """The messages with ``words`` in their subject."""
        return [message for message, _arrived in self.all() if words in str(message["Subject"])]


def text_of(message: EmailMessage) -> str:
    """The plain text part."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def link_in(message: EmailMessage) -> str:
    """The signed acknowledge link."""
    found = LINK.search(text_of(message))
    assert found, text_of(message)
    return found[0]


class _Server(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=1 << 22)


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink on a free port for the block."""
    kept = Sink(free_port())
    controller = _Server(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
