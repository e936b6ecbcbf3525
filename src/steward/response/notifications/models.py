"""Contact methods, pages and deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    def visible_to(self, actor: Actor) -> ContactMethodQuerySet:
        """One's own, and everyone's for those who manage people: a target can hold a token."""
        return self if actor.can("people.manage") else self.filter(user_id=actor.user_id or 0)


class ContactMethod(models.Model):
    """A way to reach a person, in the order in which they prefer them. ``target`` is the address in the channel's own form
    (an Apprise URL may hold a token), ``options`` what the channel wants beside it, its secrets sealed. Nothing is sent
    to it but a code and tests until ``verified_at``: until then it may be somebody else's address."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="contact_methods")
    channel = models.CharField(_("channel"), max_length=16)
    target = models.TextField(_("target"))
    options = models.JSONField(default=dict)
    verified_at = models.DateTimeField(_("confirmed"), null=True)
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        ordering = ["user_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "channel", "target"], name="one_contact_method")]


class Confirmation(models.Model):
    """A code that is on its way through a contact method, to show that it is the person's own. Only its digest is kept;
    the code itself goes with the message."""

    method = models.OneToOneField(ContactMethod, models.CASCADE, related_name="confirmation")
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)


class Importance(models.TextChoices):
    """For which pages a rule is; ``default`` is for those of which the person has said nothing."""

    IMPORTANT = "important", _("important")
    NORMAL = "normal", _("normal")
    DEFAULT = "default", _("any other")


class Rule(models.Model):
    """One step of how a person wants to be paged: through this method, so many minutes after the page was asked for."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notification_rules")
    importance = models.CharField(max_length=12, choices=Importance)
    position = models.PositiveSmallIntegerField()
    method = models.ForeignKey(ContactMethod, models.CASCADE, related_name="rules")
    after_minutes = models.PositiveSmallIntegerField(_("after (minutes)"), default=0)

    class Meta:
        ordering = ["user_id", "importance", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "importance", "position"], name="one_notification_step")]


class QuietHours(models.Model):
    """When normal pages wait, in the person's own zone. ``days`` are ISO weekdays (1: Monday) on which they begin."""

    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="quiet_hours")
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    days = models.JSONField(default=list)


class ChannelSettings(models.Model):
    """What one channel needs for the whole installation; ``secrets`` is sealed JSON and never shown again."""

    channel = models.CharField(max_length=16, unique=True)
    values = models.JSONField(default=dict)
    secrets = models.TextField(blank=True)
    hourly = models.PositiveIntegerField(null=True)
    # What the provider said when it was told of this Steward; empty while all is well.
    problem = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField()


class PageState(models.TextChoices):
    PENDING = "pending", _("pending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class PageQuerySet(models.QuerySet["Page"]):
    def visible_to(self, actor: Actor) -> PageQuerySet:
        return self if actor.can("incidents.view") and not actor.is_external else self.none()


class Page(models.Model):
    """One attempt to reach one person about a subject. ``key`` makes asking twice the same as asking once."""

    key = models.CharField(max_length=120, unique=True)
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="pages", verbose_name=_("person"))
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    reason = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=12, choices=PageState, default=PageState.PENDING)
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    importance = models.CharField(_("importance"), max_length=12, default="important")
    # Until when quiet hours keep it; the message then tells of everything that waited.
    held_until = models.DateTimeField(null=True)
    # The page in whose message this one was told, when several were told in one.
    told_in = models.ForeignKey("self", models.SET_NULL, null=True, related_name="told", db_index=False)

    objects = PageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="page_subject"),
            models.Index(fields=["-created_at", "-id"], name="page_recent"),
            models.Index(fields=["told_in"], condition=models.Q(told_in__isnull=False), name="page_told_in"),
        ]


class DeliveryState(models.TextChoices):
    PLANNED = "planned", _("planned")
    WAITING = "waiting", _("waiting")
    BUNDLED = "bundled", _("bundled")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    RETRYING = "retrying", _("retrying")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Delivery(DueModel):
    """The work of getting one page through one contact method; ``due_at`` is the next try."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="deliveries")
    method = models.ForeignKey(ContactMethod, models.SET_NULL, null=True, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=16)
    target = models.TextField(_("target"))
    options = models.JSONField(default=dict)
    # The step of the person's rule, and how long after the page was asked for it is due.
    step = models.PositiveSmallIntegerField(default=0)
    after = models.DurationField(default=timedelta)
    state = models.CharField(_("state"), max_length=12, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    # The delivery whose message tells this one too (state "bundled" until that message's end).
    carrier = models.ForeignKey("self", models.SET_NULL, null=True, related_name="carried", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "channel", "target", "step"], name="one_delivery_step")]
        indexes = [
            DueModel.index("delivery_due"),
            models.Index(fields=["carrier"], condition=models.Q(carrier__isnull=False), name="delivery_carrier"),
        ]


class Window(models.Model):
    """When the next message about incidents may go to this address of a person; ``delivery_id`` took the last turn. Its
    row lock is what makes two engines agree on whose turn it is."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=16)
    target = models.TextField()
    until = models.DateTimeField()
    delivery_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "channel", "target"], name="one_window")]


class Rate(models.Model):
    """How many messages went to a person through a channel in the hour that began ``since``. Locked after the window."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=16)
    since = models.DateTimeField()
    sent = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "channel"], name="one_rate")]


class Bundling(models.Model):
    """How long a person's pages are bundled, where it is not as long as the installation says. 0: not at all."""

    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="bundling")
    seconds = models.PositiveIntegerField(_("at most one message in (seconds)"))


class Attempt(models.Model):
    """One try of a delivery and what the provider answered. Written before the try (``outcome`` empty), completed
    after it: a try that has no outcome was cut off, and nobody can know whether it arrived."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    # What the provider calls the message, by which it reports on it later.
    reference = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt")]
        indexes = [models.Index(fields=["reference"], condition=~models.Q(reference=""), name="attempt_reference")]


class Receipt(models.Model):
    """What a provider reported on a message after it had taken it: delivered, read, rung, failed."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="receipts")
    at = models.DateTimeField()
    status = models.CharField(max_length=40)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["attempt", "status"], name="one_receipt")]
