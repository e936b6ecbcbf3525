"""The nightly run that removes what is too old."""

from __future__ import annotations

from django.db import models

from steward.foundation.due.models import DueModel


class Cleanup(DueModel):
    """The run: one row. ``due_at`` is the next step, or the next night when nothing is under way.

    ``cleaner`` and ``after`` are where the run is, so that it goes on there whoever takes the next step. ``removed``
    and ``failed`` (number of rows, error) are by cleaner, of the run under way or of the last one.
    """

    cleaner = models.CharField(max_length=80, blank=True)
    after = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    removed = models.JSONField(default=dict)
    failed = models.JSONField(default=dict)

    class Meta:
        indexes = [DueModel.index("cleanup_due")]
