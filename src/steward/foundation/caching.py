"""A value that is computed again only after some seconds, per process: for small tables read at every alert."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Calls ``compute`` at most once in ``seconds``; ``forget`` makes the next call compute again."""

    def __init__(self, compute: Callable[[], T], seconds: float) -> None:
        self._compute, self._seconds = compute, seconds
        self._kept: tuple[float, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        kept = self._kept
        if kept is not None and time.monotonic() - kept[0] < self._seconds:
            return kept[1]
        with self._lock:
            value = self._compute()
            self._kept = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        self._kept = None
