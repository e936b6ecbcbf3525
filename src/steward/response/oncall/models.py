"""Schedules, escalation policies, and escalations under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from steward.foundation.due.models import DueModel

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, actor: Actor) -> ScheduleQuerySet:
        return self if actor.can("oncall.view") else self.none()


class PolicyQuerySet(models.QuerySet["EscalationPolicy"]):
    def visible_to(self, actor: Actor) -> PolicyQuerySet:
        return self if actor.can("oncall.view") else self.none()


@pghistory.track()
class Schedule(models.Model):
    """Who is on call: layers of people taking turns, plus overrides. ``time_zone`` holds for layers that name none."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, blank=True, related_name="schedules")
    time_zone = models.CharField(_("time zone"), max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TurnUnit(models.TextChoices):
    HOUR = "hour", _("hours")
    DAY = "day", _("days")
    WEEK = "week", _("weeks")
    MONTH = "month", _("months")


@pghistory.track()
class Layer(models.Model):
    """People taking turns of ``length`` units from the turn that ``start`` falls into.

    A layer of a higher ``priority`` covers those below it, equal ones are on call together. ``windows`` limits it to
    hours of the week, a list of ``{"days": [0..6, Monday is 0], "start": "HH:MM", "end": "HH:MM"}``, in the layer's
    zone or, with ``own_zones``, in each person's own. ``algorithms.rotation.Layer`` says the rest.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=80, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=0)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    unit = models.CharField(_("unit"), max_length=8, choices=TurnUnit, default=TurnUnit.WEEK)
    length = models.PositiveSmallIntegerField(_("length of a turn"), default=1)
    start = models.DateField(_("turns are counted from"))
    handover_weekday = models.PositiveSmallIntegerField(_("handover day"), default=0)
    handover_time = models.TimeField(_("handover time"), default="09:00")
    begins_at = models.DateTimeField(_("begins"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    windows = models.JSONField(_("hours"), default=list, blank=True)
    own_zones = models.BooleanField(_("hours in each person's own zone"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "position"], name="one_layer_position", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=models.Q(handover_weekday__range=(0, 6)), name="layer_weekday"),
            models.CheckConstraint(condition=models.Q(length__gte=1), name="layer_length"),
        ]


@pghistory.track()
class LayerMember(models.Model):
    """Somebody has the turn number ``turn`` of a layer; several people of one turn are on call together."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="members")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="layer_turns")
    turn = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["turn", "place"]
        constraints = [models.UniqueConstraint(fields=["layer", "turn", "place"], name="one_place_in_a_turn")]


class Override(models.Model):
    """``user`` takes over from ``start_at`` (included) to ``end_at`` (not included): alone, or in the place of
    ``replaces`` whenever that person would be on call. The latest made wins."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="overrides")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="overrides")
    replaces = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    start_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["schedule", "start_at", "end_at"], name="override_range")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_at__gt=models.F("start_at")), name="override_ends_after_start"
            )
        ]


class CalendarLink(models.Model):
    """The secret address at which a schedule, or a person's shifts, can be read as a calendar. The address is made of
    the key, ``number`` and the installation's secret; a new number makes a new one. ``revisions`` has for each event
    that was given out what it was, since when, and how often it changed."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, null=True, blank=True, related_name="link")
    user = models.OneToOneField("accounts.User", models.CASCADE, null=True, blank=True, related_name="calendar_link")
    number = models.PositiveIntegerField(default=1)
    revisions = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schedule=None, user__isnull=False) | models.Q(schedule__isnull=False, user=None),
                name="link_of_schedule_or_person",
            )
        ]


class Calendar(DueModel):
    """A calendar that a schedule takes shifts from: read at ``url`` (sealed) again and again, or uploaded. ``content``
    is the last that could be read; ``problems`` are the events of it that nobody is on call by, with the reason.
    ``due_at`` is the next reading, also of an uploaded one: the shifts are kept for a year ahead."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="calendars")
    name = models.CharField(_("name"), max_length=80)
    url = models.TextField(_("address"), blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=0)
    as_overrides = models.BooleanField(_("as overrides"), default=False)
    content = models.TextField(blank=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    # What the shifts were made of: while it is the same, they need not be made again.
    fingerprint = models.CharField(max_length=64, blank=True)
    problems = models.JSONField(default=list)
    events = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        indexes = [DueModel.index("calendar_due")]


class CalendarShift(models.Model):
    """A time on call that a calendar says, for one person; ``key`` names the event and the repetition of it."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="shifts")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="calendar_shifts")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    priority = models.PositiveSmallIntegerField(default=0)
    key = models.CharField(max_length=64)

    class Meta:
        ordering = ["start_at", "id"]
        indexes = [models.Index(fields=["calendar", "end_at"], name="calendar_shift_range")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_at__gt=models.F("start_at")), name="calendar_shift_ends_after_start"
            )
        ]


class SwapState(models.TextChoices):
    OPEN = "open", _("open")
    TAKEN = "taken", _("taken")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")
    PAST_DUE = "past_due", _("past due")


class Swap(DueModel):
    """``asker`` asks for cover from ``start_at`` to ``end_at``: of anybody, or of ``offered_to``. Taking it makes an
    override. ``due_at`` is the start while it is open: then nobody took it, and it is past due."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="swaps")
    asker = models.ForeignKey("accounts.User", models.PROTECT, related_name="swaps_asked")
    offered_to = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="swaps_offered")
    taken_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="swaps_taken")
    override = models.ForeignKey(Override, models.SET_NULL, null=True, blank=True, related_name="+")
    start_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=SwapState, default=SwapState.OPEN)
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["start_at", "id"]
        indexes = [DueModel.index("swap_due"), models.Index(fields=["schedule", "end_at"], name="swap_range")]
        constraints = [
            models.CheckConstraint(condition=models.Q(end_at__gt=models.F("start_at")), name="swap_ends_after_start"),
            models.CheckConstraint(
                condition=models.Q(taken_by=None) | ~models.Q(taken_by=models.F("asker")), name="swap_not_with_oneself"
            ),
            models.CheckConstraint(
                condition=models.Q(state="taken", taken_by__isnull=False) | ~models.Q(state="taken"),
                name="swap_taken_by_somebody",
            ),
        ]


@pghistory.track()
class EscalationPolicy(models.Model):
    """What to do, step by step, until someone acknowledges. The steps are repeated ``repeat`` more times."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, blank=True, related_name="policies")
    repeat = models.PositiveSmallIntegerField(_("repeat"), default=2)
    version = models.PositiveIntegerField(default=1)
    # Grows with each new signing secret of its webhooks.
    secret_number = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StepKind(models.TextChoices):
    NOTIFY_SCHEDULE = "notify_schedule", _("notify who is on call")
    NOTIFY_PREVIOUS = "notify_previous", _("notify who was on call before")
    NOTIFY_NEXT = "notify_next", _("notify who is on call next")
    NOTIFY_USER = "notify_user", _("notify a person")
    NOTIFY_TEAM = "notify_team", _("notify a team")
    TURN_TEAM = "turn_team", _("notify the members of a team in turn")
    TURN_PEOPLE = "turn_people", _("notify people in turn")
    WAIT = "wait", _("wait")
    WAIT_HOURS = "wait_hours", _("wait until hours begin")
    CONTINUE_IF = "continue_if", _("continue only if")
    WEBHOOK = "webhook", _("call a webhook")
    RUNBOOK = "runbook", _("start a runbook")
    RAISE_SEVERITY = "raise_severity", _("raise the severity")
    END = "end", _("end")


class PolicyStep(models.Model):
    """One step. ``options`` are what only some kinds have, ``rules.Step.extras`` says which."""

    policy = models.ForeignKey(EscalationPolicy, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("kind"), max_length=20, choices=StepKind)
    schedule = models.ForeignKey(Schedule, models.PROTECT, null=True, blank=True, related_name="steps")
    user = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="policy_steps")
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, blank=True, related_name="policy_steps")
    wait_minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)
    options = models.JSONField(default=dict, db_default={}, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["policy", "position"], name="one_step_position")]


class Turn(models.Model):
    """Who of the people that take turns had theirs when: the one with the lowest ``number`` is asked next. ``key`` names
    the policy and what the people are taken from, so that the turn goes on when the policy is edited."""

    key = models.CharField(max_length=80)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "user"], name="one_turn_of_a_person")]


class EscalationState(models.TextChoices):
    RUNNING = "running", _("running")
    STOPPED = "stopped", _("stopped")
    EXHAUSTED = "exhausted", _("exhausted")


class Escalation(DueModel):
    """A policy at work on a subject. ``snapshot`` is the policy as it was at the start, so that edits do not disturb
    it; ``position`` is the next step and ``round`` the repetition (0 is the first)."""

    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(max_length=300)
    policy = models.ForeignKey(EscalationPolicy, models.SET_NULL, null=True, related_name="escalations")
    snapshot = models.JSONField()
    state = models.CharField(_("state"), max_length=12, choices=EscalationState, default=EscalationState.RUNNING)
    position = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=0)
    people_reached = models.PositiveIntegerField(default=0)
    nobody_reached = models.BooleanField(default=False)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            DueModel.index("escalation_due"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="escalation_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id"],
                condition=models.Q(state="running"),
                name="one_running_escalation",
            )
        ]


class CallState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("sending")
    RETRYING = "retrying", _("retrying")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class WebhookCall(DueModel):
    """A webhook that a step of an escalation calls; ``due_at`` is the next try. ``signer`` names the secret that signs
    it, ``step`` the step in words."""

    escalation = models.ForeignKey(Escalation, models.CASCADE, related_name="calls")
    key = models.CharField(max_length=120, unique=True)
    step = models.TextField()
    url = models.TextField()
    body = models.JSONField()
    signer = models.CharField(max_length=40)
    state = models.CharField(_("state"), max_length=12, choices=CallState, default=CallState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [DueModel.index("webhook_call_due")]
