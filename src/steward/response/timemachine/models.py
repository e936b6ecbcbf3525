"""Versions of the configuration, drafts of the next one, and replays of history through a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class VersionQuerySet(models.QuerySet["ConfigurationVersion"]):
    """Whoever sees routes sees their versions."""

    def visible_to(self, actor: Actor) -> VersionQuerySet:
        return self if actor.can("routes.view") else self.none()


class DraftQuerySet(models.QuerySet["Draft"]):
    """…and their drafts."""

    def visible_to(self, actor: Actor) -> DraftQuerySet:
        return self if actor.can("routes.view") else self.none()


class ConfigurationVersion(models.Model):
    """The live configuration as it was from ``at`` until the next version. Written once, never changed."""

    class Kind(models.TextChoices):
        AUTOMATIC = "automatic", _("edited")
        PUBLISHED = "published", _("published")
        ROLLED_BACK = "rolled_back", _("rolled back")

    number = models.PositiveIntegerField(_("version"), unique=True)
    document: Any = models.JSONField()
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("how"), max_length=12, choices=Kind)
    author = models.CharField(_("author"), max_length=200)
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    # The version whose document this one has again.
    restored = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return _("version %(number)s") % {"number": self.number}


class Draft(models.Model):
    """A configuration that is being written: its text as YAML, the version that it began from, and what an import told.

    ``revision`` grows with every save: who saves over what they have not seen is told. With a ``version`` the draft was
    published as that version and stays as it was.
    """

    class Origin(models.TextChoices):
        LIVE = "live", _("from the live configuration")
        VERSION = "version", _("from an older version")
        ALERTMANAGER = "alertmanager", _("from alertmanager.yml")

    name = models.CharField(_("name"), max_length=120)
    base = models.ForeignKey(ConfigurationVersion, models.PROTECT, related_name="drafts", verbose_name=_("based on"))
    text = models.TextField(_("configuration"))
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.LIVE)
    report: Any = models.JSONField(default=list)
    receivers: Any = models.JSONField(default=list)
    owner = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("owner"))
    author = models.CharField(_("author"), max_length=200)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("made"))
    updated_at = models.DateTimeField(_("updated"))
    version = models.OneToOneField(
        ConfigurationVersion, models.PROTECT, null=True, related_name="draft", verbose_name=_("published as")
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [models.Index(fields=["-updated_at", "-id"], name="draft_updated")]

    def __str__(self) -> str:
        return self.name


class ReplayQuerySet(models.QuerySet["Replay"]):
    def visible_to(self, actor: Actor) -> ReplayQuerySet:
        return self if actor.can("routes.view") else self.none()


class Replay(models.Model):
    """Stored events through a draft and through what was live when it was asked for, and what is different. ``revision``
    is the draft's: after another save the result is about an older text."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="replays")
    revision = models.PositiveIntegerField()
    document: Any = models.JSONField()
    live: Any = models.JSONField()
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    sources: Any = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    cut = models.BooleanField(default=False)
    result: Any = models.JSONField(default=dict)
    author = models.CharField(_("author"), max_length=200)
    created_at = models.DateTimeField(_("made"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = ReplayQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "cancelled", "failed")

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // (2 * self.total)) if self.total else 0

    def __str__(self) -> str:
        return _("replay %(id)s") % {"id": self.pk}
