"""Silences, maintenance windows, and the token that says whether any of them changed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.algorithms.matching import Matcher, from_json
from steward.foundation.due.models import DueModel
from steward.response.suppression.recurring import Recurrence, Run, Span

if TYPE_CHECKING:
    from steward.foundation.actors import Actor

# What the clock writes; histories are about what people write.
CLOCK = ["due_at", "leased_until", "holds_from", "holds_until", "running", "noticed_at"]


class Planned(DueModel):
    """What silences and windows share: when they hold.

    ``starts_at`` to ``ends_at`` is the whole; with an ``rrule`` it holds only in its occurrences, which last
    ``duration`` on the clocks of ``time_zone``. ``holds_from``/``holds_until`` are the run that is under way or the
    next one (null: over), kept by the clock for lists; evaluation reckons from the rule itself and does not wait for
    the clock. ``running`` says that the run's beginning was told.
    """

    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    rrule = models.CharField(_("recurrence"), max_length=300, blank=True, default="")
    duration = models.DurationField(_("duration"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    author = models.CharField(_("author"), max_length=200)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("made"))
    updated_at = models.DateTimeField(_("updated"))
    holds_from = models.DateTimeField(null=True, editable=False)
    holds_until = models.DateTimeField(null=True, editable=False)
    running = models.BooleanField(default=False, editable=False)
    noticed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def span(self) -> Span:
        """When it holds, for the rules."""
        recurs = Recurrence(self.rrule, self.duration or timedelta(), self.time_zone) if self.rrule else None
        return Span(self.starts_at, self.ends_at, recurs)

    @property
    def run(self) -> Run | None:
        """The run under way or the next one, as the clock last reckoned."""
        if self.holds_from is None or self.holds_until is None:
            return None
        return Run(self.holds_from, self.holds_until)

    def state_at(self, now: datetime) -> str:
        """pending, active or expired. What recurs is pending between two runs."""
        run = self.run
        if run is None or (run.ends <= now and not self.rrule):
            return "expired"
        return "active" if run.holds(now) else "pending"


class PlannedQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Filters by state, on the columns that the clock keeps."""

    def active(self, now: datetime) -> PlannedQuerySet:
        return self.filter(holds_from__lte=now, holds_until__gt=now)

    def pending(self, now: datetime) -> PlannedQuerySet:
        return self.filter(holds_from__gt=now)

    def expired(self, now: datetime) -> PlannedQuerySet:
        return self.filter(models.Q(holds_until__isnull=True) | models.Q(holds_until__lte=now))

    def current(self, now: datetime) -> PlannedQuerySet:
        """Not over yet: what evaluation has to look at. Not by the clock's columns, which may be late."""
        return self.filter(models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=now))


class SilenceQuerySet(PlannedQuerySet):
    def visible_to(self, actor: Actor) -> SilenceQuerySet:
        return self if actor.can("silences.view") and not actor.is_external else self.none()


class WindowQuerySet(PlannedQuerySet):
    def visible_to(self, actor: Actor) -> WindowQuerySet:
        if not actor.can("maintenance.view"):
            return self.none()
        if actor.is_external:
            theirs = models.Q(services__supplier_id=actor.organisation_id)
            theirs |= models.Q(items__service__supplier_id=actor.organisation_id)
            return self.filter(pk__in=self.model.objects.filter(theirs).values("pk"))  # type: ignore[attr-defined]
        return self


@pghistory.track(exclude=CLOCK)
class Silence(Planned):
    """Alerts whose labels satisfy all ``matchers`` page nobody while it holds. With a ``source``, alerts of that source
    only: it was made with the source's key."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    matchers = models.JSONField(_("matchers"))
    comment = models.TextField(_("comment"))
    source = models.ForeignKey(
        "alerts.Source", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    notice_minutes = models.PositiveIntegerField(_("notice before the end (minutes)"), null=True, blank=True)
    replaced_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="replaces")

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            DueModel.index("silence_due"),
            models.Index(fields=["holds_until"], name="silence_until"),
            models.Index(fields=["created_by"], name="silence_mine"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
                name="silence_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(rrule="") | models.Q(duration__isnull=False), name="silence_recurrence_lasts"
            ),
            models.CheckConstraint(
                condition=~models.Q(rrule="") | models.Q(ends_at__isnull=False), name="silence_has_an_end"
            ),
        ]

    @property
    def parsed(self) -> tuple[Matcher, ...]:
        """Its matchers."""
        return from_json(self.matchers)

    def __str__(self) -> str:
        return self.comment[:80]


@pghistory.track(exclude=CLOCK)
class MaintenanceWindow(Planned):
    """Work that is planned on services and items: their alerts page nobody while it is under way.

    ``matchers``, if any, must hold besides. ``scope_names`` is what was chosen, as it was called then, for histories.
    """

    title = models.CharField(_("title"), max_length=200)
    reason = models.TextField(_("reason"), blank=True)
    link = models.CharField(_("link"), max_length=500, blank=True)
    services = models.ManyToManyField("configuration.Service", related_name="+", verbose_name=_("services"))
    items = models.ManyToManyField("configuration.ConfigurationItem", related_name="+", verbose_name=_("items"))
    dependants = models.BooleanField(_("with what depends on them"), default=False)
    matchers = models.JSONField(_("matchers"), default=list, blank=True)
    scope_names = models.JSONField(default=list, editable=False)

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            DueModel.index("window_due"),
            models.Index(fields=["holds_until"], name="window_until"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
                name="window_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(rrule="") | models.Q(duration__isnull=False), name="window_recurrence_lasts"
            ),
            models.CheckConstraint(
                condition=~models.Q(rrule="") | models.Q(ends_at__isnull=False), name="window_has_an_end"
            ),
        ]

    @property
    def parsed(self) -> tuple[Matcher, ...]:
        """Its matchers."""
        return from_json(self.matchers)

    def __str__(self) -> str:
        return self.title


class Stamp(models.Model):
    """One row whose ``token`` is another after every write of this room. A random one, not a number: a transaction that
    is rolled back must not leave behind a number that another one then takes too."""

    token = models.UUIDField(default=uuid.uuid4)


class SourceGrant(models.Model):
    """This source's key may manage silences of its own alerts. Off unless somebody says so: a key lies in the
    configuration of everything that sends."""

    source = models.OneToOneField("alerts.Source", models.CASCADE, related_name="+")
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=200)
