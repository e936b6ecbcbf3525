"""Leave, and where people work."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class Leave(models.Model):
    """From ``first_day`` to ``last_day``, both included, a person does not work; days of the person's own zone."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="leaves")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        ordering = ["first_day"]
        indexes = [models.Index(fields=["last_day"], name="leave_last_day")]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="leave_ends_after_start"),
        ]


class Workplace(models.Model):
    """The public holidays a person has: an ISO 3166-1 country and, where it matters, its ISO 3166-2 part."""

    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="workplace", primary_key=True)
    country = models.CharField(_("country"), max_length=2)
    part = models.CharField(_("part of the country"), max_length=8, blank=True)
