"""Jobs join the transaction that defers them, and the worker runs them."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from steward.foundation.jobs.worker import Worker, app

pytestmark = pytest.mark.django_db(transaction=True)
ran = threading.Event()


@app.task(name="tests.mark")
def mark() -> None:
    ran.set()


def test_a_rolled_back_defer_leaves_no_job() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        mark.defer()
        raise RuntimeError("undo")
    assert not ProcrastinateJob.objects.filter(task_name="tests.mark").exists()


def test_the_worker_runs_what_was_deferred() -> None:
    ran.clear()
    worker = Worker()
    worker.start()
    try:
        mark.defer()
        assert ran.wait(15)
    finally:
        worker.stop()
        connection.close()


def test_beside_a_worker_jobs_join_the_transaction_that_defers_them() -> None:
    worker = Worker()
    worker.start()
    try:
        while not ProcrastinateWorker.objects.exists():
            assert worker.is_alive()
            time.sleep(0.05)
        with pytest.raises(RuntimeError), transaction.atomic():
            mark.defer()
            assert ProcrastinateJob.objects.filter(task_name="tests.mark").exists()
            raise RuntimeError("undo")
        assert not ProcrastinateJob.objects.filter(task_name="tests.mark").exists()
    finally:
        worker.stop()
        connection.close()


def test_a_job_of_a_killed_worker_runs_again() -> None:
    ran.clear()
    mark.defer()
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')"
            " RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
            " WHERE task_name = 'tests.mark' AND status = 'todo'"
        )
        assert cursor.rowcount == 1
    worker = Worker()
    worker.start()
    try:
        assert ran.wait(15)
    finally:
        worker.stop()
        connection.close()
