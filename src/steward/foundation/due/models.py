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
