"""What Alertmanager told, and which policy stands for which of its receivers."""

from __future__ import annotations

from django.db import models


class Notification(models.Model):
    """One notification of Alertmanager, as its webhook receiver got it. ``alerts`` has for each of them its fingerprint
    (hex), labels, state and begin; ``digest`` names the content, so that one sent twice is kept once."""

    source = models.ForeignKey("alerts.Source", models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    receiver = models.CharField(max_length=200)
    labels = models.JSONField(default=dict)
    alerts = models.JSONField(default=list)
    digest = models.CharField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["source", "at"], name="shadow_told_at")]


class ReceiverPolicy(models.Model):
    """The escalation policy that stands for a receiver of Alertmanager, where the import or their names do not say."""

    source = models.ForeignKey("alerts.Source", models.CASCADE, related_name="+", db_index=False)
    receiver = models.CharField(max_length=200)
    policy = models.ForeignKey("oncall.EscalationPolicy", models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "receiver"], name="one_policy_of_receiver")]
