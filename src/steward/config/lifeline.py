"""Ends this process when the one that started it is gone, however that ended.

An orphan would keep the port, so that Steward could not be started again, and go on working unseen.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

GRACE_SECONDS = 10.0


def end_with_parent() -> None:
    """For a worker process of the web server."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def end_with_supervisor() -> None:
    """For a child of ``steward up``, which holds the other end of our standard input and never writes to it."""
    # os.read, because a buffered reader would hold a lock that a forked worker needs.
    _end_after(lambda: os.read(0, 1))


def _end_after(wait: Callable[[], object]) -> None:
    def watch() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
