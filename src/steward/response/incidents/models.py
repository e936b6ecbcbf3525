"""Incidents, the alerts in them, and their timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from steward.foundation import sentences
from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class IncidentStatus(models.TextChoices):
    OPEN = "open", _("open")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", _("closed")


class Severity(models.TextChoices):
    SEV1 = "SEV1", "SEV1"
    SEV2 = "SEV2", "SEV2"
    SEV3 = "SEV3", "SEV3"
    SEV4 = "SEV4", "SEV4"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, actor: Actor) -> IncidentQuerySet:
        if not actor.can("incidents.view"):
            return self.none()
        if actor.is_external:
            return self.filter(supplier_id=actor.organisation_id)
        return self

    def active(self) -> IncidentQuerySet:
        """Open or acknowledged: what someone still works on."""
        return self.filter(status__in=[IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED])


class Incident(DueModel):
    """What people work on. ``due_at`` is when a resolved incident closes.

    ``origin`` says what opened it and by which rule and version (``{"kind": "route", "id": …, "name": …, "version":
    …}`` or ``{"kind": "user", …}``). ``unreached`` is set when nobody could be paged.
    """

    number = models.PositiveBigIntegerField(unique=True)
    title = models.CharField(_("title"), max_length=300)
    # For searching: the wall of row-level security lets no index of words be used, and folding 200,000 titles at each
    # search takes three times as long as reading them.
    title_folded = models.GeneratedField(expression=Lower("title"), output_field=models.TextField(), db_persist=True)
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=12, choices=IncidentStatus, default=IncidentStatus.OPEN)
    severity = models.CharField(_("severity"), max_length=4, choices=Severity, default=Severity.SEV3)
    # A person has judged it: alerts that join do not raise it any more.
    severity_by_hand = models.BooleanField(default=False, db_default=False)
    service = models.ForeignKey(
        "configuration.Service", models.SET_NULL, null=True, blank=True, related_name="incidents",
        verbose_name=_("service"), db_index=False,
    )  # fmt: skip
    assignee = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="assigned_incidents",
        verbose_name=_("assignee"), db_index=False,
    )  # fmt: skip
    supplier = models.ForeignKey(
        "accounts.Organisation", models.SET_NULL, null=True, blank=True, related_name="assigned_incidents"
    )
    policy = models.ForeignKey(
        "oncall.EscalationPolicy", models.SET_NULL, null=True, blank=True, related_name="incidents"
    )
    origin = models.JSONField(default=dict)
    unreached = models.BooleanField(_("nobody reached"), default=False)
    opened_at = models.DateTimeField(_("opened"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    # Everything that fires in it is silenced or in maintenance since then: nobody is paged.
    quiet_since = models.DateTimeField(null=True)
    # Somebody lets it rest until then: nobody is paged.
    snoozed_until = models.DateTimeField(null=True)
    # A merged incident is closed; what it was lives on in the other. Of one that was split off: what it came from.
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged", db_index=False
    )
    split_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="split_off", db_index=False
    )
    # Everything in it came from sources in shadow mode: nobody is paged.
    shadow = models.BooleanField(default=False, db_default=False)
    reopened = models.PositiveSmallIntegerField(default=0)
    alert_count = models.PositiveIntegerField(default=0)
    firing_count = models.PositiveIntegerField(default=0)
    # Of an incident with many alerts: how many there are of each name, service and severity (rules.Breakdown).
    breakdown = models.JSONField(default=dict, db_default={})
    updated_at = models.DateTimeField(_("updated"))
    # Grows with every write: an open page asks "still 17?" and is answered without being drawn again.
    revision = models.PositiveIntegerField(default=0, db_default=0)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [
            DueModel.index("incident_due"),
            models.Index(fields=["status", "-opened_at", "-id"], name="incident_status"),
            models.Index(fields=["-opened_at", "-id"], name="incident_recent"),
            models.Index(fields=["service", "-opened_at", "-id"], name="incident_service"),
            models.Index(fields=["assignee", "-opened_at", "-id"], name="incident_assignee"),
            models.Index(fields=["severity", "-opened_at", "-id"], name="incident_severity"),
            models.Index(
                fields=["severity", "-opened_at", "-id"], name="incident_active",
                condition=models.Q(status__in=["open", "acknowledged"]),
            ),
            models.Index(
                fields=["-resolved_at"], name="incident_resolved", condition=models.Q(resolved_at__isnull=False)
            ),
            # Few are merged or split: an index of all would only slow down the opening of the others.
            models.Index(
                fields=["merged_into"], name="incident_merged", condition=models.Q(merged_into__isnull=False)
            ),
            models.Index(fields=["split_from"], name="incident_split", condition=models.Q(split_from__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @property
    def ref(self) -> str:
        return f"INC-{self.number}"

    @property
    def state(self) -> str:
        """The status in the word that people see: what was merged is not over, it goes on elsewhere."""
        return "merged" if self.merged_into_id and self.status == IncidentStatus.CLOSED else self.status

    @property
    def is_active(self) -> bool:
        """Whether someone still has to work on it."""
        return self.status in {IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED}


class IncidentAlert(models.Model):
    """An alert's membership in an incident, with why it joined."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="memberships", db_index=False)
    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField()
    firing = models.BooleanField(default=True)
    reason = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "alert"], name="one_membership_of_alert")]


class EntryKind(models.TextChoices):
    OPENED = "opened", _("opened")
    ALERT = "alert", _("alert")
    PAGE = "page", _("page")
    ESCALATION = "escalation", _("escalation")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", _("closed")
    REOPENED = "reopened", _("reopened")
    SEVERITY = "severity", _("severity")
    ASSIGNED = "assigned", _("assigned")
    NOTE = "note", _("note")
    UNREACHED = "unreached", _("nobody reached")
    VERDICT = "verdict", _("verdict")
    MERGED = "merged", _("merged")
    SPLIT = "split", _("split")
    SNOOZED = "snoozed", _("snoozed")
    HANDOVER = "handover", _("handover")
    HELP = "help", _("more hands")


class TimelineEntry(models.Model):
    """One thing that happened: when, by whom, what, and why."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline", db_index=False)
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=16, choices=EntryKind)
    actor_label = models.CharField(_("who"), max_length=200)
    text = models.TextField(_("what"))
    why = models.TextField(_("why"), blank=True)
    data = models.JSONField(default=dict)

    @property
    def told(self) -> str:
        """What happened, in the reader's language."""
        return sentences.read(self.data.get(sentences.SAID), "text", self.text)

    @property
    def told_why(self) -> str:
        return sentences.read(self.data.get(sentences.SAID), "why", self.why)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["incident", "at", "id"], name="timeline_order")]


class MoveKind(models.TextChoices):
    MERGE = "merge", _("merge")
    SPLIT = "split", _("split")


class Move(models.Model):
    """Alerts that a person took from one incident (``left``) into another (``joined``): all of them by a merge, some by
    a split; and what is needed to take them back.

    ``alerts`` are their keys. ``data`` of a merge: ``shared``, the alerts that both had before; ``before``, the states
    to restore; ``carried``, what rooms above moved with them.
    """

    kind = models.CharField(max_length=8, choices=MoveKind)
    left = models.ForeignKey(Incident, models.CASCADE, related_name="moves_out")
    joined = models.ForeignKey(Incident, models.CASCADE, related_name="moves_in")
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)
    why = models.TextField(blank=True)
    alerts = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)


class Watch(DueModel):
    """The clocks of who is on an incident; ``due_at`` is when the next of them rings.

    Since ``since`` it is acknowledged on the terms that it opens again after ``ack_minutes`` in which nothing is noted,
    and that its owner is reminded every ``remind_minutes``. It rings, too, when the incident has been snoozed long enough.
    """

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="watch")
    since = models.DateTimeField()
    ack_minutes = models.PositiveIntegerField(null=True)
    remind_minutes = models.PositiveIntegerField(null=True)
    reminded_at = models.DateTimeField(null=True)
    reminders = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [DueModel.index("watch_due")]


class HandoverState(models.TextChoices):
    ASKED = "asked", _("asked")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Handover(DueModel):
    """Somebody is asked to take an incident over. Until they accept it stays with who has it (``giver``, if anybody)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="handovers")
    giver = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    taker = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    note = models.TextField(_("note"), blank=True)
    state = models.CharField(_("state"), max_length=12, choices=HandoverState, default=HandoverState.ASKED)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [DueModel.index("handover_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=models.Q(state="asked"), name="one_handover_at_a_time"
            )
        ]


class HelpCall(models.Model):
    """Somebody asks for more hands: people, or whoever a policy finds. The incident's own escalation is another matter."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="help_calls")
    asker = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    policy = models.ForeignKey("oncall.EscalationPolicy", models.SET_NULL, null=True, related_name="+")
    policy_name = models.CharField(max_length=120, blank=True)
    why = models.TextField(_("why"), blank=True)
    asked_at = models.DateTimeField()
    # Somebody comes, or the incident is over: nobody more is paged.
    ended_at = models.DateTimeField(null=True)
    # Its policy has no more steps: everybody whom it finds was asked.
    exhausted_at = models.DateTimeField(null=True)


class HelpAnswer(models.Model):
    """What somebody who was asked for help says; ``coming`` is null until they do."""

    call = models.ForeignKey(HelpCall, models.CASCADE, related_name="answers")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    coming = models.BooleanField(null=True)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "user"], name="one_answer_to_a_call")]
