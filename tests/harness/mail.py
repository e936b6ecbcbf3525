"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import email
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

from tests.harness.processes import free_port

LINK = re.compile(r"https?://\S+/act/[^\s\"<>]+")


@dataclass
class Sink:
    """What arrived, in order."""

    port: int
    messages: list[Message] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # seconds since the epoch, a message each
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        with self._lock:
            self.times.append(time.time())
            self.messages.append(email.message_from_bytes(envelope.content))
        return "250 OK"

    def counts(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(str(message["Message-ID"]) for message in self.messages)


def text_of(message: Message) -> str:
    """The plain text part."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            return bytes(part.get_payload(decode=True) or b"").decode()
    return ""


def link_in(message: Message) -> str:
    """The signed acknowledge link."""
    found = LINK.search(text_of(message))
    assert found, text_of(message)
    return found[0]


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink on a free port for the block."""
    kept = Sink(free_port())
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
