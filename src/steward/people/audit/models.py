"""The audit trail: who did what to which record, from where. Rows are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, actor: Actor) -> AuditQuerySet:
        return self if actor.can("audit.view") else self.none()


class AuditEntry(models.Model):
    """One act. ``before`` and ``after`` hold the changed fields only. Actor and subject are kept by key and label, so
    the trail still reads after they are gone."""

    at = models.DateTimeField(_("time"))
    actor_kind = models.CharField(_("actor kind"), max_length=16)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(_("actor"), max_length=200)
    action = models.CharField(_("action"), max_length=80)
    subject_kind = models.CharField(_("subject kind"), max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True)
    subject_label = models.CharField(_("subject"), max_length=300, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    address = models.CharField(_("address"), max_length=64, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_recent"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["actor_kind", "actor_id", "-id"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action} {self.subject_label}"
