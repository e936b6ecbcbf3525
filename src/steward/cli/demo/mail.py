"""The demo's mail server: takes everything and keeps the last messages as files, for looking at."""

from __future__ import annotations

import threading
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from steward.config.environment import Environment
from steward.foundation import clock

KEPT = 200


class _Folder:
    """aiosmtpd's handler: one file a message, the oldest deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        content = envelope.original_content or b""
        subject = str(message_from_bytes(content).get("Subject", ""))[:60]
        words = "".join(letter if letter.isalnum() else "-" for letter in subject)
        name = f"{clock.now():%Y%m%d-%H%M%S-%f}-{envelope.rcpt_tos[0].split('@')[0]}-{words}.eml"
        (self.folder / name).write_bytes(content)
        for old in sorted(self.folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return "250 kept"


def keep(env: Environment, stop: threading.Event) -> int:
    """Serve on the configured mail address until told to stop."""
    controller = Controller(_Folder(env.data / "mail"), hostname=env.smtp_host, port=env.smtp_port)
    controller.start()
    stop.wait()
    controller.stop()
    return 0
