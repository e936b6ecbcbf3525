"""Services, configuration items and their relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_to(self, actor: Actor) -> ServiceQuerySet:
        if actor.is_external:
            return self.filter(supplier_id=actor.organisation_id) if actor.can("estate.view") else self.none()
        return self if actor.can("estate.view") else self.none()


@pghistory.track()
class Service(models.Model):
    """What a team runs for someone. An alert belongs to it when the alert's labels contain all of ``match_labels``."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    description = models.TextField(_("description"), blank=True)
    tier = models.PositiveSmallIntegerField(_("tier"), default=3, choices=[(n, str(n)) for n in range(1, 5)])
    owner_team = models.ForeignKey(
        "accounts.Team", models.PROTECT, null=True, blank=True, related_name="services", verbose_name=_("owner team")
    )
    supplier = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="supplied_services",
        verbose_name=_("supplier"),
    )  # fmt: skip
    links = models.JSONField(_("links"), default=list, blank=True)  # [{"title": …, "url": …}]
    match_labels = models.JSONField(_("labels to match"), default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["tier", "name"]
        constraints = [models.CheckConstraint(condition=models.Q(tier__range=(1, 4)), name="service_tier_1_to_4")]

    def __str__(self) -> str:
        return self.name


class ItemQuerySet(models.QuerySet["ConfigurationItem"]):
    def visible_to(self, actor: Actor) -> ItemQuerySet:
        if actor.is_external:
            return self.filter(service__supplier_id=actor.organisation_id) if actor.can("estate.view") else self.none()
        return self if actor.can("estate.view") else self.none()


@pghistory.track()
class ConfigurationItem(models.Model):
    """A host, database, application… An alert belongs to it when the alert's labels contain all of ``labels``."""

    type = models.CharField(_("type"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    environment = models.CharField(_("environment"), max_length=40, blank=True)
    labels = models.JSONField(_("labels"), default=dict, blank=True)
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="items", verbose_name=_("service")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["type", "name", "environment"], name="one_item")]
        indexes = [GinIndex(fields=["labels"], name="item_labels", opclasses=["jsonb_path_ops"])]

    def __str__(self) -> str:
        return self.name


class RelationKind(models.TextChoices):
    DEPENDS_ON = "depends_on", _("depends on")
    RUNS_ON = "runs_on", _("runs on")


class RelationQuerySet(models.QuerySet["Relation"]):
    def visible_to(self, actor: Actor) -> RelationQuerySet:
        """A relation is seen by who sees both of its ends."""
        if not actor.can("estate.view"):
            return self.none()
        if not actor.is_external:
            return self
        mine = actor.organisation_id
        source = models.Q(source_service__supplier_id=mine) | models.Q(source_item__service__supplier_id=mine)
        target = models.Q(target_service__supplier_id=mine) | models.Q(target_item__service__supplier_id=mine)
        return self.filter(source & target)


@pghistory.track()
class Relation(models.Model):
    """``source`` depends on or runs on ``target``; each end is a service or an item."""

    kind = models.CharField(_("kind"), max_length=16, choices=RelationKind)
    source_service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="relations_out")
    source_item = models.ForeignKey(
        ConfigurationItem, models.CASCADE, null=True, blank=True, related_name="relations_out"
    )
    target_service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="relations_in")
    target_item = models.ForeignKey(
        ConfigurationItem, models.CASCADE, null=True, blank=True, related_name="relations_in"
    )

    objects = RelationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source_service__isnull=True) ^ models.Q(source_item__isnull=True),
                name="relation_one_source",
            ),
            models.CheckConstraint(
                condition=models.Q(target_service__isnull=True) ^ models.Q(target_item__isnull=True),
                name="relation_one_target",
            ),
            models.UniqueConstraint(
                fields=["kind", "source_service", "source_item", "target_service", "target_item"],
                name="one_relation", nulls_distinct=False,
            ),
        ]  # fmt: skip
