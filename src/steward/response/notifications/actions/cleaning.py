"""What became of a page stays with it; how exactly it was sent goes after a while."""

from __future__ import annotations

from datetime import datetime

from steward.foundation.history.registry import BATCH, Step, locked, old
from steward.response.notifications.models import Delivery, Page


def remove_old_deliveries(before: datetime, after: int) -> Step:
    """Remove deliveries and attempts of pages from before then, addresses and tokens in them included. The page stays:
    who was paged, why, and with what result belongs to the incident."""
    ended = Delivery.objects.filter(due_at__isnull=True)
    found, further = old(ended, "page__created_at", before=before, after=after)
    keys = locked(ended.filter(pk__in=found))
    Delivery.objects.filter(pk__in=keys).delete()
    return Step(len(keys), further)


def remove_old_tests(before: datetime, _after: int) -> Step:
    """Remove test messages from before then: they belong to no incident."""
    found = Page.objects.filter(subject_kind="contact_method", created_at__lt=before)
    keys = locked(Page.objects.filter(pk__in=found.order_by("pk").values_list("pk", flat=True)[:BATCH]))
    Page.objects.filter(pk__in=keys).delete()
    return Step(len(keys), 0 if len(keys) == BATCH else None)
