"""What became of what was taken over."""

from __future__ import annotations

from django.db import models


class Taken(models.Model):
    """A record of another system (``source``, ``kind``, ``ref``) and ours. ``wanted`` is the digest of what was asked for,
    ``made`` of what ours was after that: if ours is another now, somebody changed it here."""

    source = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    ref = models.CharField(max_length=200)
    record_id = models.BigIntegerField()
    wanted = models.CharField(max_length=64)
    made = models.CharField(max_length=64)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "ref"], name="taken_once")]
