"""Who cannot be reached, and what tests said."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.readiness.models import Proof, Warning

__all__ = ["proofs_of", "warnings"]


def warnings(actor: Actor) -> QuerySet[Warning]:
    """Open warnings of the schedules that this actor sees, the next shift first."""
    found = Warning.objects.filter(closed_at=None, schedule__in=oncall.schedules(actor))
    return found.select_related("schedule", "user")


def proofs_of(user_ids: Iterable[int]) -> list[Proof]:
    """The last tests of these people's contact methods."""
    found = Proof.objects.filter(method__user__in=list(user_ids)).select_related("method__user")
    return list(found.order_by("method__user__name", "method__position", "method_id"))
