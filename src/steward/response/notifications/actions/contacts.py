"""Ways to reach a person: added, changed, removed and tried out by the person, or by who manages people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from steward.foundation import outbound, sentences
from steward.foundation.actors import Actor
from steward.foundation.outbound.errors import Refused
from steward.foundation.outbound.message import mailbox
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.notifications import rules
from steward.response.notifications.actions.pages import start_deliveries
from steward.response.notifications.errors import (
    ContactMethodExists,
    ContactMethodInvalid,
    ContactMethodNotFound,
    TooManyContactMethods,
)
from steward.response.notifications.models import Channel, ContactMethod, Page
from steward.response.notifications.shown import shown_target

MOST_METHODS = 20
MAX_TARGET = 2000
# Pressing the button again within this many seconds is the same test.
_TEST_WINDOW = 10


@transaction.atomic
def add_contact_method(
    *, actor: Actor, now: datetime, user_id: int, channel: str, target: str, enabled: bool = True
) -> ContactMethod:
    """Add an e-mail address or an Apprise address for a person, after checking that it can be used at all."""
    _require_own(actor, user_id)
    target = _usable(channel, target)
    if accounts.person(user_id) is None:
        raise ContactMethodNotFound(_("There is no such person. Choose one from the list of people."))
    existing = ContactMethod.objects.filter(user_id=user_id)
    if existing.count() >= MOST_METHODS:
        raise TooManyContactMethods(
            _("A person has at most %(count)s contact methods. Remove one first.") % {"count": MOST_METHODS}
        )
    try:
        with transaction.atomic():
            method = ContactMethod.objects.create(
                user_id=user_id, channel=channel, target=target, enabled=enabled, position=existing.count()
            )
    except IntegrityError as error:
        raise _exists() from error
    audit.record(
        actor=actor, now=now, action="contact_method.add", subject=SubjectRef("user", user_id),
        subject_label=str(method.user), after=_audited(method),
    )  # fmt: skip
    return method


@transaction.atomic
def update_contact_method(
    *, actor: Actor, now: datetime, method_id: int, target: str | None = None, enabled: bool | None = None
) -> ContactMethod:
    """Change the address or switch a method on or off; what is left None stays."""
    method = _mine(actor, method_id)
    before = _audited(method)
    if target is not None:
        method.target = _usable(method.channel, target)
    if enabled is not None:
        method.enabled = enabled
    try:
        with transaction.atomic():
            method.save(update_fields=["target", "enabled"])
    except IntegrityError as error:
        raise _exists() from error
    audit.record(
        actor=actor, now=now, action="contact_method.update", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), before=before, after=_audited(method),
    )  # fmt: skip
    return method


@transaction.atomic
def remove_contact_method(*, actor: Actor, now: datetime, method_id: int) -> None:
    """Remove a method. Pages already on their way through it still go."""
    method = _mine(actor, method_id)
    audit.record(
        actor=actor, now=now, action="contact_method.remove", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), before=_audited(method),
    )  # fmt: skip
    method.delete()


@transaction.atomic
def send_test(*, actor: Actor, now: datetime, method_id: int) -> int:
    """Send a test through one method, on the same way as a real page; returns the page's key."""
    method = _mine(actor, method_id)
    window = int(now.timestamp()) // _TEST_WINDOW
    made, created = Page.objects.get_or_create(
        key=f"test:{method.pk}:{window}",
        defaults={
            "user_id": method.user_id, "subject_kind": "contact_method", "subject_id": method.pk,
            "subject_label": _("test message"), "title": _("Test message from Steward"),
            "body": _("This is how you are paged. There is nothing to do."), "created_at": now,
            "reason": sentences.keep({"why": sentences.gettext("%(person)s asked for a test.") % {"person": actor.label}}),
        },
    )  # fmt: skip
    if created:
        start_deliveries(made, [rules.Target(method.pk, method.channel, method.target)], now)
        audit.record(
            actor=actor, now=now, action="contact_method.test", subject=SubjectRef("user", method.user_id),
            subject_label=str(method.user), after=_audited(method),
        )  # fmt: skip
    return made.pk


def _require_own(actor: Actor, user_id: int) -> None:
    if actor.user_id == user_id and actor.kind != "link":
        return
    actor.require("people.manage")
    person = accounts.person(user_id)
    if person is not None:
        # Their pages bring links that act as them.
        accounts.require_no_less(actor, person.role)


def _mine(actor: Actor, method_id: int) -> ContactMethod:
    method = (
        ContactMethod.objects.visible_to(actor).select_for_update(of=("self",)).select_related("user")
        .filter(pk=method_id).first()
    )  # fmt: skip
    if method is None:
        raise ContactMethodNotFound(_("There is no such contact method, or it is not yours."))
    _require_own(actor, method.user_id)
    return method


def _usable(channel: str, target: str) -> str:
    target = target.strip()
    field = {"target": [_("Write an address.")]}
    if not target or len(target) > MAX_TARGET or "\0" in target:
        raise ContactMethodInvalid(_("Write an address of at most %(n)s characters.") % {"n": MAX_TARGET}, fields=field)
    try:
        if channel == Channel.EMAIL:
            return mailbox(target, "target").spec
        if channel == Channel.APPRISE:
            outbound.check_push_url(target)
            return target
    except Refused as error:
        raise ContactMethodInvalid(error.message, fields={"target": [error.message]}) from error
    message = _("The channel is “email” or “apprise”.")
    raise ContactMethodInvalid(message, fields={"channel": [message]})


def _exists() -> ContactMethodExists:
    message = _("This person already has this contact method.")
    return ContactMethodExists(message, fields={"target": [message]})


def _audited(method: ContactMethod) -> dict[str, Any]:
    return {
        "channel": method.channel,
        "target": shown_target(method.channel, method.target),
        "enabled": method.enabled,
    }
