"""Days that are added up, the figures of each day, the lines that pages read, and what people answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class Day(DueModel):
    """One day (UTC) of the figures. ``due_at`` is when it is to be added up (again); the row is also the lock under
    which that happens."""

    day = models.DateField(unique=True)
    computed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [DueModel.index("debt_day_due")]


class DebtFigures(models.Model):
    """What both a day and a period hold of one alert name of one service.

    ``minutes`` and ``wakeup_share`` are this name's share where an incident had alerts of several; ``incidents``,
    ``pages`` and ``wakeups`` count every incident it was part of in full.
    """

    name = models.CharField(_("alert"), max_length=300, db_collation="C")
    service = models.ForeignKey(
        "configuration.Service", models.CASCADE, null=True, related_name="+", verbose_name=_("service"), db_index=False
    )
    severity = models.CharField(_("severity"), max_length=40, blank=True)
    fired = models.PositiveIntegerField(_("times fired"), default=0)
    starts = models.PositiveIntegerField(default=0)
    firing_seconds = models.FloatField(default=0)
    flaps = models.PositiveIntegerField(default=0)
    with_runbook = models.PositiveIntegerField(default=0)
    incidents = models.PositiveIntegerField(_("incidents"), default=0)
    acted = models.PositiveIntegerField(_("acted on"), default=0)
    ignored = models.PositiveIntegerField(_("ignored"), default=0)
    noisy = models.PositiveIntegerField(_("for nothing"), default=0)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    wakeups = models.PositiveIntegerField(_("wake-ups"), default=0)
    minutes = models.FloatField(_("minutes"), default=0)
    wakeup_share = models.FloatField(default=0)
    durations: Any = models.JSONField(default=dict)  # class of the duration (rules.BOUNDS) → firings that ended
    follows: Any = models.JSONField(default=dict)  # another name → starts right after one of it
    people: Any = models.JSONField(default=dict)  # person's key → pages
    answers: Any = models.JSONField(default=dict)
    latest: Any = models.JSONField(default=list)  # keys of its newest incidents

    class Meta:
        abstract = True


class DailyFigures(DebtFigures):
    """The figures of one day: firings that began then, incidents that were opened then."""

    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "name", "service"], nulls_distinct=False, name="one_debt_of_day")
        ]
        indexes = [
            models.Index(fields=["name", "day"], name="debt_day_name"),
            models.Index(fields=["service"], name="debt_day_service"),
        ]


class LineQuerySet(models.QuerySet["Line"]):
    def visible_to(self, actor: Actor) -> LineQuerySet:
        """Who sees alerts sees what they cost; suppliers those of their services, customers nothing."""
        if not actor.can("alerts.view"):
            return self.none()
        if actor.is_external:
            return self.filter(service__supplier_id=actor.organisation_id)
        return self


class Line(DebtFigures):
    """The same over the last ``days`` days with what follows from it: what lists read."""

    days = models.PositiveSmallIntegerField()
    median_seconds = models.FloatField(null=True)
    cost = models.FloatField(_("cost"), default=0)
    actionability = models.CharField(_("actionability"), max_length=10)
    advice = models.CharField(_("suggestion"), max_length=12, blank=True)
    suggestions: Any = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    objects = LineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["days", "name", "service"], nulls_distinct=False, name="one_debt_line")
        ]
        indexes = [
            models.Index(fields=["days", "-cost", "-id"], name="debt_line_cost"),
            models.Index(fields=["days", "-pages", "-id"], name="debt_line_pages"),
            models.Index(fields=["days", "-wakeups", "-id"], name="debt_line_wakeups"),
            models.Index(fields=["days", "-noisy", "-id"], name="debt_line_noise"),
            models.Index(fields=["service"], name="debt_line_service"),
        ]


class Worth(models.TextChoices):
    ACT = "act", _("I had to act")
    INFO = "info", _("informative only")
    NOISE = "noise", _("noise")


class Verdict(models.Model):
    """What one person says an incident's alert was worth. ``person`` is ``user:3`` or ``apikey:5``: a link in a message
    answers as its person."""

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="+", db_index=False)
    person = models.CharField(max_length=40)
    label = models.CharField(_("who"), max_length=200)
    answer = models.CharField(_("answer"), max_length=8, choices=Worth)
    note = models.CharField(_("note"), max_length=500, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "person"], name="one_verdict")]
        # Adding up looks for answers that are newer than the figures.
        indexes = [models.Index(fields=["at"], name="verdict_at")]
