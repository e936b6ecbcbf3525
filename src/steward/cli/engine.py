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
    from steward.foundation.due.auditor import Auditor  # needs Django's apps
    from steward.foundation.due.runner import Runner
    from steward.foundation.jobs.worker import Worker

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    _schedule(stop)
    runner, worker, auditor = Runner(), Worker(), Auditor()
    runner.start()
    worker.start()
    auditor.start()
    log.info("engine started with %d clocks", len(runner.loops))
    stop.wait()
    auditor.stop()
    worker.stop()
    runner.stop()
    return 0


def _schedule(stop: threading.Event) -> None:
    """Make sure of the nightly run and of today's figures. Without a database there is nothing else to do either, so
    wait for it."""
    from django.db import OperationalError, connection  # these need Django's settings and apps

    from steward.foundation import clock
    from steward.foundation.history.cleanup import schedule
    from steward.response.debt.actions import begin

    while not stop.is_set():
        try:
            schedule(clock.now())
            begin(now=clock.now())
            return
        except OperationalError as error:
            log.warning("the database does not answer (%s); trying again", str(error).splitlines()[0])
            stop.wait(2.0)
        finally:
            connection.close()
