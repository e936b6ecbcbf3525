"""The columns of a row that is due at some time."""

from __future__ import annotations

from django.db import models


class DueModel(models.Model):
    """Mixin: ``due_at`` says when the engine must look at this row (null: never); ``leased_until`` keeps other
    engines away while one works on it. A holder that dies loses the row when the lease ends."""

    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @staticmethod
    def index(name: str) -> models.Index:
        """The partial index that claiming needs; put it in ``Meta.indexes`` of the concrete model."""
        return models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name=name)


class AuditorReport(models.Model):
    """What the auditor found when it looked last (one row). ``content``: nothing that is due is lost or waits. ``found``
    has the kinds that are not, ``since`` is from when on. ``pinged_at`` is the claim of the last dead-man signal,
    ``answered_at`` when the other side took one last, ``answer`` what became of the last."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    checked_at = models.DateTimeField()
    content = models.BooleanField()
    found = models.JSONField(default=dict)
    since = models.DateTimeField(null=True)
    pinged_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_auditor_report")]
