"""Proofs that people can be reached, and warnings that somebody cannot."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel


class Watch(DueModel):
    """The clock of this room: one row."""

    class Meta:
        indexes = [DueModel.index("readiness_watch_due")]


class ProofState(models.TextChoices):
    ASKED = "asked", _("on its way")
    ARRIVED = "arrived", _("arrived")
    FAILED = "failed", _("failed")


class Proof(models.Model):
    """The last test of a contact method: a page of the kind that the person sends to themselves."""

    method = models.OneToOneField("notifications.ContactMethod", models.CASCADE, related_name="+", primary_key=True)
    page_id = models.BigIntegerField()
    state = models.CharField(_("state"), max_length=8, choices=ProofState, default=ProofState.ASKED)
    asked_at = models.DateTimeField(_("asked"))


class Warning(models.Model):
    """Somebody who has a shift ahead in a schedule and cannot be reached."""

    schedule = models.ForeignKey("oncall.Schedule", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    shift_at = models.DateTimeField(_("first shift"))
    told_at = models.DateTimeField(_("told"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        ordering = ["shift_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "user"], condition=models.Q(closed_at=None), name="one_open_warning"
            )
        ]
