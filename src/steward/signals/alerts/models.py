"""Sources, alerts, their changes, and what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from steward.foundation.due.models import DueModel
from steward.signals.alerts import payloads
from steward.signals.alerts.ingest.sources import KINDS

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class SourceQuerySet(models.QuerySet["Source"]):
    def visible_to(self, actor: Actor) -> SourceQuerySet:
        return self if actor.can("sources.view") else self.none()


class SourceMode(models.TextChoices):
    """``live``: its alerts page people. ``shadow``: what they would do is decided and recorded, and nobody is paged.
    ``off``: as live, and nothing is compared with another alert manager."""

    LIVE = "live", _("live")
    SHADOW = "shadow", _("shadow")
    OFF = "off", _("off")


class Source(models.Model):
    """Something that sends alerts, with its own key. The key itself is not kept, only its SHA-256."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=40, default="alertmanager")  # a key of ingest.sources.KINDS
    key_digest = models.CharField(max_length=64, unique=True)
    key_prefix = models.CharField(max_length=16)
    enabled = models.BooleanField(_("enabled"), default=True)
    secret = models.TextField(_("secret"), blank=True, default="", db_default="")  # sealed; see foundation/sealing.py
    resolve_timeout = models.PositiveIntegerField(_("resolve timeout (seconds)"), default=300)
    # How long what it sent is kept: nothing is as long as the installation says, 0 is for ever.
    history_days = models.PositiveIntegerField(_("history (days)"), null=True, blank=True)
    # How JSON of its own form is read (see MappingVersion), and by which labels its alerts are known: ``identity.py``.
    mapping = models.JSONField(null=True, blank=True)
    identity = models.JSONField(default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_received_at = models.DateTimeField(_("last received"), null=True, blank=True)
    # Whether its alerts page people (see SourceMode); the room of shadow mode sets it.
    mode = models.CharField(_("mode"), max_length=8, choices=SourceMode, default="live", db_default="live")

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    @property
    def label(self) -> str:
        """What sends, by the product's own name."""
        kind = KINDS.get(self.kind)
        return kind.label if kind else self.kind

    def __str__(self) -> str:
        return self.name


class AlertStatus(models.TextChoices):
    FIRING = "firing", _("firing")
    RESOLVED = "resolved", pgettext_lazy("alert", "resolved")


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, actor: Actor) -> AlertQuerySet:
        if not actor.can("alerts.view"):
            return self.none()
        if actor.is_external:
            return self.filter(service__supplier_id=actor.organisation_id)
        return self

    def firing(self) -> AlertQuerySet:
        return self.filter(status=AlertStatus.FIRING)


class Alert(DueModel):
    """One deduplicated alert: a label set of one source. ``due_at`` is when it expires unless heard of again.

    ``fingerprint`` is 16 bytes over the full label set (``algorithms.matching.fingerprint``). ``starts_at`` and
    ``ends_at`` are those of the present or last firing. ``severity`` is the ``severity`` label, lower case.
    """

    # No constraint in the database: it would look every new alert's source up again, at a third of the whole cost of
    # storing it. Ingest has just read the source, and PROTECT keeps it.
    source = models.ForeignKey(Source, models.PROTECT, related_name="alerts", db_index=False, db_constraint=False)
    fingerprint = models.BinaryField(max_length=16)
    # Collated by bytes: only so can the index find names by their beginning.
    name = models.CharField(_("name"), max_length=300, db_collation="C")
    labels = models.JSONField(_("labels"))
    annotations = models.JSONField(_("annotations"), default=dict)
    severity = models.CharField(_("severity"), max_length=40, blank=True)
    generator_url = models.TextField(blank=True)
    status = models.CharField(_("status"), max_length=10, choices=AlertStatus, default=AlertStatus.FIRING)
    starts_at = models.DateTimeField(_("started"))
    ends_at = models.DateTimeField(_("ended"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    changed_at = models.DateTimeField(_("changed"))
    fire_count = models.PositiveIntegerField(_("times fired"), default=1)
    # The request that brought it first. Later ones are with its changes; it is here so that storing a new alert and its
    # change needs no join.
    payload_id = models.BigIntegerField(null=True, editable=False)
    # Why it pages nobody just now: {"kind", "id", "text", "until", "since"}, written by the room that holds it.
    standing = models.JSONField(null=True, editable=False)
    service = models.ForeignKey(
        "configuration.Service", models.SET_NULL, null=True, blank=True, related_name="alerts",
        verbose_name=_("service"), db_index=False,
    )  # fmt: skip
    item = models.ForeignKey(
        "configuration.ConfigurationItem", models.SET_NULL, null=True, blank=True, related_name="alerts",
        verbose_name=_("item"), db_index=False,
    )  # fmt: skip

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="one_alert")]
        indexes = [
            DueModel.index("alert_due"),
            models.Index(fields=["-changed_at", "-id"], name="alert_recent"),
            models.Index(fields=["status", "-changed_at", "-id"], name="alert_status_recent"),
            # Partial: a new alert has no service or item yet, and storing it must not pay for these.
            models.Index(
                fields=["service", "status", "-changed_at", "-id"],
                condition=models.Q(service__isnull=False),
                name="alert_service",
            ),
            # What is held is little of much, and asked for as a list.
            models.Index(fields=["-changed_at", "-id"], condition=models.Q(standing__isnull=False), name="alert_held"),
            models.Index(fields=["item"], condition=models.Q(item__isnull=False), name="alert_item"),
            models.Index(fields=["severity", "-changed_at", "-id"], name="alert_severity"),
            models.Index(fields=["name", "-changed_at", "-id"], name="alert_name"),
            GinIndex(fields=["labels"], name="alert_labels", opclasses=["jsonb_path_ops"]),
        ]

    @property
    def summary(self) -> str:
        """One line about it: its summary, where it is, or who says so."""
        for text in (self.annotations.get("summary"), self.labels.get("instance")):
            if text:
                return str(text)
        return self.source.name

    def __str__(self) -> str:
        return self.name


class AlertChange(DueModel):
    """One transition of an alert, in order of ``id``. ``due_at`` is set (to ``at``) until triage has decided on it. The
    table is divided by month of ``at``: see ``partitions.py``.

    ``reason`` says why the transition happened (``new``, ``fired again``, ``sender resolved``, ``expired`` …) with the
    data behind it.
    """

    # No constraint in the database, for the same reason: a change is only ever written in the statement or transaction
    # that writes or locks its alert.
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="changes", db_index=False, db_constraint=False)
    at = models.DateTimeField(_("time"))
    status = models.CharField(_("status"), max_length=10, choices=AlertStatus)
    starts_at = models.DateTimeField(_("started"))
    ends_at = models.DateTimeField(_("ended"), null=True)
    reason = models.JSONField(default=dict)
    payload_id = models.BigIntegerField(null=True)  # the Payload of the same time; no foreign key: both are divided

    class Meta:
        indexes = [
            DueModel.index("change_due"),
            models.Index(fields=["alert", "id"], name="change_alert"),
            # Rows arrive in order of time, and only counts and retention ask by time.
            BrinIndex(fields=["at"], name="change_time", autosummarize=True, pages_per_range=32),
        ]


class PayloadQuerySet(models.QuerySet["Payload"]):
    def visible_to(self, actor: Actor) -> PayloadQuerySet:
        """Nobody from outside, whatever they may see of the alert: one request may be about other people's too."""
        return self.none() if actor.is_external or not actor.can("alerts.view") else self


class _Request(models.Model):
    """A request as it came. The body of one that was too long is not kept; ``size`` says how long it was."""

    endpoint = models.CharField(max_length=300)
    context = models.JSONField(default=dict)  # the query and the headers that parsers read
    size = models.PositiveIntegerField(_("size"))
    packed = models.BooleanField(default=False)
    body = models.BinaryField()

    class Meta:
        abstract = True

    @property
    def is_kept(self) -> bool:
        return self.size <= payloads.MAX_BODY

    @property
    def raw(self) -> bytes:
        """The body, as it was received."""
        return payloads.unpacked(is_packed=self.packed, stored=bytes(self.body))


class Payload(_Request):
    """A request that changed at least one alert. Divided by month of ``at`` like the changes, and found by both ``id`` and
    ``at``; see ``payloads.py``."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("received"))
    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False, db_constraint=False)

    objects = PayloadQuerySet.as_manager()


class LastPayloadQuerySet(models.QuerySet["LastPayload"]):
    def visible_to(self, actor: Actor) -> LastPayloadQuerySet:
        return self if actor.can("sources.view") and not actor.is_external else self.none()


class LastPayload(_Request):
    """One of the last requests of a source, for who tries out how they are read."""

    at = models.DateTimeField(_("received"))
    source = models.ForeignKey(Source, models.CASCADE, related_name="last_payloads", db_index=False)

    objects = LastPayloadQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "-id"], name="last_payload")]


class ParkedQuerySet(models.QuerySet["ParkedPayload"]):
    def visible_to(self, actor: Actor) -> ParkedQuerySet:
        return self if actor.can("sources.view") else self.none()

    def waiting(self) -> ParkedQuerySet:
        """Neither replayed nor discarded."""
        return self.filter(replayed_at__isnull=True, discarded_at__isnull=True)


class ParkedPayload(models.Model):
    """What came in and could not be read: raw, with the error, until someone replays or discards it."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="parked")
    received_at = models.DateTimeField(_("received"))
    endpoint = models.CharField(max_length=300)
    raw = models.BinaryField()
    context = models.JSONField(default=dict, db_default={})  # the query and the headers that parsers read
    error = models.TextField(_("error"))
    replayed_at = models.DateTimeField(_("replayed"), null=True, blank=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True, blank=True)

    objects = ParkedQuerySet.as_manager()

    @property
    def status(self) -> str:
        if self.replayed_at is not None:
            return "replayed"
        return "discarded" if self.discarded_at is not None else "parked"

    @property
    def text(self) -> str:
        """The payload as far as it is text, at most 4,000 characters, for people to look at."""
        return bytes(self.raw[:4000]).decode(errors="replace").replace("\0", "␀")

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["source", "-received_at", "-id"], name="parked_recent")]


class AckOutcome(models.TextChoices):
    WAITING = "waiting", _("waiting for its incident")
    ACKNOWLEDGED = "acknowledged", _("incident acknowledged")
    UNKNOWN = "unknown", _("no such alert")
    NOT_FIRING = "not-firing", _("the alert does not fire")
    CHANGED = "changed", _("the alert began again since")
    NO_INCIDENT = "no-incident", _("no open incident holds it")


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    def visible_to(self, actor: Actor) -> AcknowledgementQuerySet:
        return self if actor.can("sources.view") else self.none()


class Acknowledgement(DueModel):
    """A sender says that somebody works on its alert. ``due_at`` is set until that has been told to the rooms above, or
    until there is no use in waiting for an incident any more. ``fingerprint`` says which alert, known or not."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="acknowledgements", db_index=False)
    fingerprint = models.BinaryField(max_length=16)
    key = models.CharField(max_length=300)  # the sender's own, for people to read
    received_at = models.DateTimeField(_("received"))
    sender = models.CharField(max_length=60)  # the label of the kind that read it
    who = models.CharField(_("who"), max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="acknowledgements")
    outcome = models.CharField(_("outcome"), max_length=16, choices=AckOutcome, default=AckOutcome.WAITING)

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            # One that waits: the sender's repetitions are the same.
            models.UniqueConstraint(
                fields=["source", "fingerprint"], condition=models.Q(due_at__isnull=False), name="one_ack_waits"
            )
        ]
        indexes = [
            DueModel.index("ack_due"),
            models.Index(fields=["source", "-received_at", "-id"], name="ack_recent"),
        ]


class Version(models.Model):
    """A document as it was from ``at`` until the next one. Written once, never changed."""

    number = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("time"))
    author = models.CharField(_("author"), max_length=200)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        abstract = True


class MappingVersion(Version):
    """How a source's JSON was read."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="mappings", db_index=False)
    document = models.JSONField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_mapping_version")]


class EnrichmentVersion(Version):
    """The rules of enrichment, all of them in order: ``enriching.py``."""

    document = models.JSONField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["number"], name="one_enrichment_version")]


class LookupTable(models.Model):
    """A table that rules look things up in; its rows are those of its newest version."""

    name = models.SlugField(_("name"), max_length=60, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]


class LookupVersion(Version):
    """The rows of a table, as compressed JSON: they are only ever read as a whole."""

    table = models.ForeignKey(LookupTable, models.CASCADE, related_name="versions", db_index=False)
    key = models.JSONField()  # names of the columns that find a row
    columns = models.JSONField()  # of all columns, in order
    rows = models.PositiveIntegerField(_("rows"))
    difference = models.JSONField(default=dict)  # numbers of rows added, removed and changed
    data = models.BinaryField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["table", "number"], name="one_lookup_version")]
