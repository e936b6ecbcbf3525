"""The chained record of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> EntryQuerySet:
        return self if actor.can("audit.view") else self.none()


class EntryKind(models.TextChoices):
    PAGE = "page", _("page")
    DELIVERY = "delivery", _("delivery")
    ATTEMPT = "attempt", _("attempt")
    CUT = "cut", _("old entries removed")


class Entry(models.Model):
    """Something that became of a page. ``change`` holds the values that were set; ``sequence`` and ``hash`` are given when
    it is sealed."""

    at = models.DateTimeField(_("time"), db_default=Now())
    kind = models.CharField(_("kind"), max_length=12, choices=EntryKind)
    record_id = models.BigIntegerField()
    page_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    change = models.JSONField()
    sequence = models.BigIntegerField(null=True, unique=True)
    hash = models.BinaryField(null=True, max_length=32)

    objects = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(sequence__isnull=True), name="ledger_unsealed"),
            models.Index(fields=["page_id", "id"], name="ledger_of_page"),
            models.Index(fields=["user_id", "-id"], name="ledger_of_user"),
            models.Index(fields=["-at", "-id"], name="ledger_recent"),
        ]


class Clock(DueModel):
    """One row: the engine that holds it seals. ``checked_*`` is what the last daily check found."""

    checked_at = models.DateTimeField(null=True)
    checked_through = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [DueModel.index("ledger_clock_due")]
