"""Jobs that ended long ago are removed by Procrastinate's own job, through the nightly run."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from steward.foundation import clock
from steward.foundation.history import registry
from steward.foundation.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def ended(status: str, days: int) -> int:
    """A job with this end, so many days ago; its key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('old', 'tests.gone', %s) RETURNING id",
            [status],
        )
        key: int = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'deferred', now() - %s::interval)",
            [key, f"{days} days"],
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - %s::interval WHERE job_id = %s", [f"{days} days", key]
        )
    return key


def test_ended_jobs_go_after_a_month_and_waiting_ones_never() -> None:
    old = [ended(status, 31) for status in ("succeeded", "failed", "cancelled", "aborted")]
    stay = {ended("failed", 29), ended("doing", 31)}
    cleaner, lifetime = next(found for found in registry.cleaners() if found[0].name == "jobs")
    with transaction.atomic():
        assert cleaner.clean(clock.now() - lifetime, 0).after is None
    assert lifetime == timedelta(days=30)
    worker = Worker()
    worker.start()
    try:
        end = time.monotonic() + 15
        while ProcrastinateJob.objects.filter(pk__in=old).exists() and time.monotonic() < end:
            time.sleep(0.1)
        assert set(ProcrastinateJob.objects.filter(queue_name="old").values_list("pk", flat=True)) == stay
    finally:
        worker.stop()
        connection.close()
