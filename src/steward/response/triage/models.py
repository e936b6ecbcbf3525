"""Routes, groups of alerts, and the decisions taken on alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Where alerts go. Routes are tried in order of ``position``; the default route (last, no matchers) catches all.

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
    """Alerts of one route with the same values of its group-by labels. ``due_at`` is the end of group wait; after
    that ``incident`` is the incident the group opened last."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="groups")
    key = models.CharField(max_length=64)  # hex BLAKE2b of algorithms.matching.group_key
    labels = models.JSONField(default=dict)
    incident = models.ForeignKey("incidents.Incident", models.SET_NULL, null=True, related_name="alert_groups")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "key"], name="one_group")]
        indexes = [DueModel.index("group_due")]


class GroupMember(models.Model):
    group = models.ForeignKey(AlertGroup, models.CASCADE, related_name="members", db_index=False)
    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="group_memberships")
    firing = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "alert"], name="one_group_member")]


class Decision(models.Model):
    """What triage decided about one change of an alert, and why: the answer to "why was I (not) paged?"."""

    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="decisions", db_index=False)
    # No constraint in the database: changes are stored by month, and old months are dropped as a whole.
    change = models.ForeignKey(
        "alerts.AlertChange", models.CASCADE, related_name="decisions", db_index=False, db_constraint=False
    )
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
        indexes = [models.Index(fields=["alert", "id"], name="decision_alert")]
        constraints = [
            models.UniqueConstraint(fields=["change", "route"], nulls_distinct=False, name="one_decision_per_route")
        ]
