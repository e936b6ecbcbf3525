"""What a new installation lacks before an alert pages somebody, in the order in which one sets it up."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.response.notifications import queries as notifications
from steward.response.oncall import queries as oncall
from steward.response.triage import queries as triage
from steward.signals.alerts import queries as alerts

NEEDED = ("sources.manage", "oncall.manage", "routes.manage")


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to set up; `next` is set on the first that is not done."""

    title: str
    text: str
    url: str
    label: str
    done: bool
    next: bool = False


def first_steps(actor: Actor) -> list[FirstStep]:
    """Empty as soon as a route pages somebody, and for those who may not set anything up."""
    if not all(actor.can(permission) for permission in NEEDED):
        return []
    if triage.routes(actor).filter(enabled=True, opens_incident=True, policy__isnull=False).exists():
        return []
    steps = _steps(actor)
    following = next((step for step in steps if not step.done), None)
    return [FirstStep(each.title, each.text, each.url, each.label, each.done, next=each is following) for each in steps]


def _steps(actor: Actor) -> list[FirstStep]:
    me = actor.user_id or 0
    return [
        FirstStep(
            _("Connect a source"), _("Your Prometheus, your Alertmanager, or a script: what sends alerts."),
            reverse("alerts:source-new"), _("Create a source"), alerts.sources(actor).exists(),
        ),
        FirstStep(
            _("Say how you are reached"), _("An e-mail address or a push service, with a test that proves it."),
            reverse("notifications:contacts"), _("Add a contact method"),
            bool(notifications.reach_of([me]).get(me, 0)),
        ),
        FirstStep(
            _("Create a schedule"), _("Who is on call, in turns, and when they hand over."),
            reverse("oncall:schedule-new"), _("New schedule"), oncall.schedules(actor).exists(),
        ),
        FirstStep(
            _("Create an escalation policy"), _("Whom to page first, how long to wait, and whom to page then."),
            reverse("oncall:policy-new"), _("New policy"), oncall.policies(actor).exists(),
        ),
        FirstStep(
            _("Add a route"), _("Which alerts open an incident, and which policy pages for it."),
            reverse("triage:create"), _("New route"), False,
        ),
    ]  # fmt: skip
