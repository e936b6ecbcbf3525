"""Reports of shifts, handoff notes, the guard of people's sleep, and what on-call pays."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel


class Round(DueModel):
    """The clock of this room: one row. Shifts that ended until ``seen_until`` have been asked about."""

    seen_until = models.DateTimeField()

    class Meta:
        indexes = [DueModel.index("burden_round_due")]


class ShiftReport(models.Model):
    """A shift that ended, and what its person says about it: hours worked, and how bad it was (1 quiet to 5 awful)."""

    schedule = models.ForeignKey("oncall.Schedule", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    start_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("to"))
    hours_worked = models.DecimalField(_("hours worked"), max_digits=5, decimal_places=1, null=True, blank=True)
    rating = models.PositiveSmallIntegerField(_("how bad"), null=True, blank=True)
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    asked_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        ordering = ["-end_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "user", "end_at"], name="one_report_of_a_shift"),
            models.CheckConstraint(condition=models.Q(end_at__gt=models.F("start_at")), name="report_ends_after_start"),
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__range=(1, 5)), name="report_rating"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-end_at"], name="report_of_user"),
            models.Index(fields=["end_at"], name="report_ended"),
        ]


class HandoffNote(models.Model):
    """What whoever comes next in a schedule should know."""

    schedule = models.ForeignKey("oncall.Schedule", models.CASCADE, related_name="+")
    author = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    text = models.TextField(_("note"))
    created_at = models.DateTimeField(_("written"))

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["schedule", "-created_at"], name="note_of_schedule")]


@pghistory.track()
class Guard(models.Model):
    """After more than ``pages`` pages in a night, a person's next shift in the schedule is offered for cover; 0: never."""

    schedule = models.OneToOneField("oncall.Schedule", models.CASCADE, related_name="+", primary_key=True)
    pages = models.PositiveSmallIntegerField(_("pages a night"))


class ShortNight(models.Model):
    """A night in which a person was woken more often than the guard of a schedule lets pass."""

    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    schedule = models.ForeignKey("oncall.Schedule", models.CASCADE, related_name="+")
    night = models.DateField(_("night of"))
    pages = models.PositiveIntegerField(_("pages"))
    swap = models.ForeignKey("oncall.Swap", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("seen"))

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "schedule", "night"], name="one_short_night")]


@pghistory.track()
class PayRule(models.Model):
    """What an organisation pays its people for on-call, and the time off it gives. Amounts add up: a night hour on a
    holiday earns all three."""

    organisation = models.OneToOneField("accounts.Organisation", models.CASCADE, related_name="+", primary_key=True)
    currency = models.CharField(_("currency"), max_length=3)
    hour = models.DecimalField(_("an hour on call"), max_digits=8, decimal_places=2, default=0)
    night_hour = models.DecimalField(_("more for a night hour"), max_digits=8, decimal_places=2, default=0)
    weekend_hour = models.DecimalField(_("more for a weekend hour"), max_digits=8, decimal_places=2, default=0)
    holiday_hour = models.DecimalField(_("more for a holiday hour"), max_digits=8, decimal_places=2, default=0)
    page = models.DecimalField(_("a page"), max_digits=8, decimal_places=2, default=0)
    wake_up = models.DecimalField(_("more for a wake-up"), max_digits=8, decimal_places=2, default=0)
    worked_hour = models.DecimalField(_("an hour worked"), max_digits=8, decimal_places=2, default=0)
    off_per_worked = models.DecimalField(_("hours off for an hour worked"), max_digits=5, decimal_places=2, default=0)
    off_per_wake_up = models.DecimalField(_("hours off for a wake-up"), max_digits=5, decimal_places=2, default=0)
