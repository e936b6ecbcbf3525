"""``steward engine``: due clocks and jobs until told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import threading

import django

log = logging.getLogger(__name__)


def run(_options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; what is under way is finished, the rest stays due."""
    django.setup()
    from steward.foundation.due.runner import Runner  # needs Django's apps
    from steward.foundation.jobs.worker import Worker

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    runner, worker = Runner(), Worker()
    runner.start()
    worker.start()
    log.info("engine started with %d clocks", len(runner.loops))
    stop.wait()
    worker.stop()
    runner.stop()
    return 0
