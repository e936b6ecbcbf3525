"""Background jobs: Procrastinate on the same PostgreSQL.

``app.task`` declares a job and ``.defer`` puts it into the current transaction: it runs only if that commits.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
from typing import Any

from django.db import connection
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app, procrastinate_app
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

log = logging.getLogger(__name__)
RESCUE_SECONDS = 20.0
__all__ = ["Worker", "app"]


def _connection() -> dict[str, Any]:
    """The default database's connection parameters, without what is Django's own."""
    wanted = ("dbname", "user", "password", "host", "port")
    return {name: value for name, value in connection.get_connection_params().items() if name in wanted}


def _beside(connector: PsycopgConnector) -> App:
    """The app with its tasks, on ``connector``.

    A copy, because the connector of the app itself is Django's, on which the other threads of the process defer: put in
    its place, the worker's would take their jobs out of their transactions. (``with_connector`` makes an app without
    the cleaning of Django's connections after each task, and makes the builtin tasks its own.)
    """
    running: App = copy.copy(procrastinate_app.current_app)
    running.connector = connector
    running.job_manager = JobManager(connector)
    return running


async def _rescue(running: Any) -> None:
    """Put back the jobs of workers that give no sign of life (30 s without a heartbeat): they were killed."""
    while True:
        try:
            for job in await running.job_manager.get_stalled_jobs():
                log.warning("job %s (%s) was cut off; it runs again", job.id, job.task_name)
                await running.job_manager.retry_job(job)
        except ConnectorException as error:
            log.warning("jobs that were cut off cannot be looked for: %s", error)
        await asyncio.sleep(RESCUE_SECONDS)


class Worker(threading.Thread):
    """Runs jobs on a thread of the engine until ``stop``, and puts back those of workers that were killed."""

    def __init__(self, concurrency: int = 4) -> None:
        super().__init__(name="jobs", daemon=True)
        self.concurrency = concurrency
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._work())
            except Exception:
                log.exception("the job worker stopped; starting it again")
                self._stopping.wait(2.0)

    async def _work(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        connector = PsycopgConnector(kwargs=_connection(), min_size=1, max_size=4)
        running = _beside(connector)
        async with running.open_async():
            rescue = asyncio.create_task(_rescue(running))
            try:
                await running.run_worker_async(
                    concurrency=self.concurrency, install_signal_handlers=False, delete_jobs="successful"
                )
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            finally:
                rescue.cancel()

    def stop(self, timeout: float = 10.0) -> None:
        self._stopping.set()
        if self._loop and self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.join(timeout)
