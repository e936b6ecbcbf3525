"""Routes, groups of alerts, and the decisions taken on alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.foundation import sentences
from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class RouteQuerySet(models.QuerySet["Route"]):
    def visible_to(self, actor: Actor) -> RouteQuerySet:
        return self if actor.can("routes.view") else self.none()


@pghistory.track()
class Route(models.Model):
    """Where alerts go: a tree. Its root is the default route, which takes what no other route took; ``parent`` is the
    route above (None: the root), and routes with one parent are tried in order of ``position``.

    ``matchers`` is a list of ``{"name", "op", "value"}``. ``severity_map`` maps an alert's severity to SEV1–SEV4, with
    ``"*"`` for all others. Without a policy the route only records. ``version`` grows with every change.
    """

    position = models.PositiveIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=120, unique=True)
    is_default = models.BooleanField(default=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    matchers = models.JSONField(_("matchers"), default=list, blank=True)
    group_by = ArrayField(models.CharField(max_length=200), default=list, blank=True, verbose_name=_("group by"))
    group_wait = models.PositiveIntegerField(_("group wait (seconds)"), default=30)
    continues = models.BooleanField(_("continue with the next route"), default=False)
    service = models.ForeignKey(
        "configuration.Service", models.SET_NULL, null=True, blank=True, related_name="routes",
        verbose_name=_("service"),
    )  # fmt: skip
    severity_map = models.JSONField(_("severities"), default=dict, blank=True)
    policy = models.ForeignKey(
        "oncall.EscalationPolicy", models.PROTECT, null=True, blank=True, related_name="routes",
        verbose_name=_("escalation policy"),
    )  # fmt: skip
    opens_incident = models.BooleanField(_("open an incident"), default=True)
    auto_resolve = models.BooleanField(_("resolve with the last alert"), default=True)
    reopen_minutes = models.PositiveIntegerField(_("reopen within (minutes)"), default=30)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("below route")
    )
    group_interval = models.PositiveIntegerField(_("group interval (seconds)"), default=0, db_default=0)
    repeat_interval = models.PositiveIntegerField(_("repeat interval (seconds)"), default=0, db_default=0)
    mute_times = ArrayField(models.CharField(max_length=120), default=list, db_default=[], blank=True)
    active_times = ArrayField(models.CharField(max_length=120), default=list, db_default=[], blank=True)
    largest_group = models.PositiveIntegerField(_("largest group told by name"), default=1000, db_default=1000)
    storm_groups = models.PositiveIntegerField(_("storm from (incidents a minute)"), default=50, db_default=50)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["is_default", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_route"
            )
        ]

    def __str__(self) -> str:
        return self.name


class AlertGroup(DueModel):
    """Alerts of one route with the same values of its group-by labels. ``due_at`` is the end of group wait, and after
    that when it speaks next; ``incident`` is the incident the group opened last."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="groups")
    key = models.CharField(max_length=64)  # hex BLAKE2b of algorithms.matching.group_key
    labels = models.JSONField(default=dict)
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="alert_groups")
    created_at = models.DateTimeField()
    # The first flush of what is there now, the clock of group interval; when it last told people something; whether
    # alerts have joined since.
    began_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    news = models.BooleanField(default=False, db_default=False)
    # Of alerts whose source is in shadow mode: they are grouped apart from those that page people.
    shadow = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "key"], name="one_group")]
        indexes = [DueModel.index("group_due")]


class GroupMember(models.Model):
    group = models.ForeignKey(AlertGroup, models.CASCADE, related_name="members", db_index=False)
    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="group_memberships")
    firing = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    # Split off by hand: the alert belongs to this incident from now on, not to the group's.
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "alert"], name="one_group_member")]
        indexes = [models.Index(fields=["group"], condition=models.Q(incident__isnull=False), name="member_split_off")]


class Decision(models.Model):
    """What triage decided about one change of an alert, and why: the answer to "why was I (not) paged?"."""

    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="decisions", db_index=False)
    # No constraint in the database: changes are stored by month, and old months are dropped as a whole.
    change = models.ForeignKey(
        "alerts.AlertChange", models.CASCADE, related_name="decisions", db_index=False, db_constraint=False
    )
    # How often the alert was judged anew since this change, because what held it had ended.
    round = models.PositiveIntegerField(default=0, db_default=0)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=24)
    reason = models.TextField()
    route = models.ForeignKey(Route, models.SET_NULL, null=True, related_name="+", db_index=False)
    route_version = models.PositiveIntegerField(null=True)
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(default=dict)

    @property
    def told(self) -> str:
        """The reason in the reader's language."""
        return sentences.read(self.data.get(sentences.SAID), "reason", self.reason)

    class Meta:
        indexes = [
            models.Index(fields=["alert", "id"], name="decision_alert"),
            models.Index(fields=["at"], name="decision_maintenance", condition=models.Q(outcome="maintenance")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "route", "round"], nulls_distinct=False, name="one_decision_per_route"
            )
        ]


class InhibitionQuerySet(models.QuerySet["InhibitionRule"]):
    def visible_to(self, actor: Actor) -> InhibitionQuerySet:
        return self if actor.can("routes.view") else self.none()


@pghistory.track()
class InhibitionRule(models.Model):
    """While an alert of the source side fires, alerts of the target side with the same ``equal`` labels do not page."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    source_matchers = models.JSONField(_("source"), default=list)
    target_matchers = models.JSONField(_("target"), default=list)
    equal = ArrayField(models.CharField(max_length=200), default=list, blank=True, verbose_name=_("equal labels"))
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InhibitionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class InhibitionSource(models.Model):
    """A firing alert that mutes others: by which rule, for which values of its equal labels."""

    rule = models.ForeignKey(InhibitionRule, models.CASCADE, related_name="sources", db_index=False)
    key = models.CharField(max_length=32)
    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="+")
    both = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "key", "alert"], name="one_inhibition_source")]


class TimeIntervalQuerySet(models.QuerySet["TimeInterval"]):
    def visible_to(self, actor: Actor) -> TimeIntervalQuerySet:
        return self if actor.can("routes.view") else self.none()


@pghistory.track()
class TimeInterval(models.Model):
    """Named times, as Alertmanager writes them (``spec`` is its list of ``time_intervals``), for routes to be mute or
    active in."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    spec = models.JSONField(_("times"), default=list)
    version = models.PositiveIntegerField(default=1)

    objects = TimeIntervalQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Settings(models.Model):
    """The one row of what is set for the whole pipeline. ``revision`` grows with every change of the configuration, of
    routes and rules too: whoever has read revision 17 knows that nothing has changed since."""

    revision = models.PositiveBigIntegerField(default=1)
    # Changes with the revision and never comes back, not even when a transaction is rolled back: what is remembered
    # under it is true.
    token = models.UUIDField(default=uuid4, editable=False)
    flap_changes = models.PositiveIntegerField(_("changes that make an alert flap"), default=6)
    flap_window = models.PositiveIntegerField(_("within (seconds)"), default=600)
    flap_quiet = models.PositiveIntegerField(_("quiet after (seconds)"), default=600)
    topology = models.BooleanField(_("alerts of dependants join the incident of what they depend on"), default=True)
    topology_delay = models.PositiveIntegerField(_("dependants wait for it (seconds)"), default=0)


class Hold(DueModel):
    """An alert that must not page just now, and why. When what holds it ends it is judged anew: ``due_at`` is then.

    ``kind`` with ``ref_id``: flapping, maintenance (window), silence, inhibition (rule, and ``key`` of its equal labels),
    symptom (the incident of what it depends on), muted (route: by a time interval).
    """

    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="holds", db_index=False)
    route = models.ForeignKey(Route, models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=16)
    ref_id = models.PositiveBigIntegerField(default=0)
    key = models.CharField(max_length=32, blank=True)
    since = models.DateTimeField()
    # How often the alert was judged anew since the change that is its newest.
    round = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "route"], nulls_distinct=False, name="one_hold")]
        indexes = [DueModel.index("hold_due"), models.Index(fields=["kind", "ref_id", "key"], name="hold_reason")]


class Storm(models.Model):
    """How many incidents a route opened since ``since``, and the incident of its last storm."""

    route = models.OneToOneField(Route, models.CASCADE, related_name="storm")
    since = models.DateTimeField()
    opened = models.PositiveIntegerField(default=0)
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="+", db_index=False)


class Notice(models.Model):
    """Something a group told people (Alertmanager's notification log): opened, changed, repeat, resolved; how many of
    its alerts fired then; ``told`` is false where nobody is paged by it, with the reason."""

    group = models.ForeignKey(AlertGroup, models.CASCADE, related_name="notices", db_index=False)
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="notices")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    firing = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["group", "at"], name="notice_group"),
            models.Index(fields=["at"], name="notice_at"),
        ]


class Reconsideration(DueModel):
    """The one row that asks the engine to look at what fires after a silence or window began: what is in incidents
    already may have to be quiet now."""
