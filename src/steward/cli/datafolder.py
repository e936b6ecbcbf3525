"""The data folder: one Steward at a time, writable, and not of a newer version."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from steward import __version__
from steward.cli.trouble import Trouble


class DataFolder:
    """Held by ``steward up`` while it runs. The lock is the kernel's: it ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock_file: int | None = None

    def take(self) -> None:
        """Lock the folder for this process; raise :class:`Trouble` with one clear line otherwise."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Close-on-exec (Python's default) keeps children from holding the lock after us.
            self._lock_file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise Trouble(
                f"cannot write to the data folder {self.path} ({error.strerror}); set STEWARD_DATA to another folder"
            ) from error
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.read(self._lock_file, 20).decode(errors="replace").strip() or "?"
            raise Trouble(f"another steward (process {pid}) already runs on the data folder {self.path}") from error
        os.ftruncate(self._lock_file, 0)
        os.write(self._lock_file, f"{os.getpid()}\n".encode())
        self._check_version()

    def _check_version(self) -> None:
        marker = self.path / "version"
        if marker.exists():
            found = marker.read_text().strip()
            if _numbers(found) > _numbers(__version__):
                raise Trouble(
                    f"the data folder {self.path} was written by steward {found}, newer than this {__version__}; "
                    f"upgrade steward or choose another STEWARD_DATA"
                )
        marker.write_text(__version__ + "\n")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
