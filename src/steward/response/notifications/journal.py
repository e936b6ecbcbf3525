"""What was taken, kept before the database knows it.

A commit takes milliseconds, in which a process may be killed although a mail server has the message. A line appended to
a file takes microseconds and outlives its process (not the machine). Whoever takes over a try that was cut off looks
here first; see docs/decisions/0007.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from steward.config.environment import load

log = logging.getLogger(__name__)
SUFFIX = ".taken"
FULL_BYTES = 256 * 1024
# A try that was cut off is taken over within a minute; a day is for machines that were off.
OLD_SECONDS = 24 * 3600


class Journal:
    """One file a process, in a folder that the engines of one machine share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._open_keys: set[str] = set()

    def note(self, key: str, answer: str) -> None:
        """Keep that the message of this try was taken. A folder that cannot be written costs only this shortcut."""
        line = f"{key} {' '.join(answer.split())}\n".encode()
        with self._lock:
            try:
                if self._file is None:
                    self._file = self._start()
                os.write(self._file, line)
            except OSError as error:
                log.warning("the journal of what was taken cannot be written: %s", error)
            else:
                self._open_keys.add(key)

    def recorded(self, key: str) -> None:
        """The database knows it now."""
        with self._lock:
            self._open_keys.discard(key)
            if self._file is not None and not self._open_keys and os.fstat(self._file).st_size > FULL_BYTES:
                os.ftruncate(self._file, 0)

    def taken(self, key: str) -> str | None:
        """What the server said when it took the message of this try, if a process of this machine noted it."""
        start = key.encode() + b" "
        for path in self._files():
            try:
                lines = path.read_bytes().splitlines()
            except OSError:
                continue  # its process has just ended and another one has cleared it away
            for line in lines:
                if line.startswith(start):
                    return line[len(start) :].decode(errors="replace")
        return None

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _start(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self._files():
            if path.stat().st_mtime < time.time() - OLD_SECONDS:
                path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self.folder / f"{os.getpid()}{SUFFIX}", flags, 0o600)


JOURNAL = Journal(load().data / "journal")
