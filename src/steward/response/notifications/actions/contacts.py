"""Ways to reach a person: added, changed, removed and tried out by the person, or by who manages people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.foundation.language import listed
from steward.foundation.outbound.errors import Refused
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.notifications import channels, rules
from steward.response.notifications.actions.pages import start_deliveries
from steward.response.notifications.errors import (
    ContactMethodExists,
    ContactMethodInvalid,
    ContactMethodNotFound,
    TooManyContactMethods,
)
from steward.response.notifications.models import Confirmation, ContactMethod, Page
from steward.response.notifications.rules import plans
from steward.response.notifications.sealed import closed, opened
from steward.response.notifications.shown import shown_target

MOST_METHODS = 20
MAX_TARGET, MAX_OPTION = 2000, 8000
# Pressing the button again within this many seconds is the same test.
_TEST_WINDOW = 10


@transaction.atomic
def add_contact_method(
    *, actor: Actor, now: datetime, user_id: int, channel: str, target: str, enabled: bool = True,
    options: Mapping[str, str] | None = None, vouch: bool = False,
) -> ContactMethod:  # fmt: skip
    """Add a way to reach a person, after checking that it can be used at all. Pages go there once it is confirmed: by the
    code that :func:`send_code` sends through it, or by who manages people and vouches for it."""
    require_own(actor, user_id)
    target, kept = usable(channel, target, options or {})
    person = accounts.person(user_id)
    if person is None:
        raise ContactMethodNotFound(_("There is no such person. Choose one from the list of people."))
    if vouch:
        actor.require("people.manage")
    existing = ContactMethod.objects.filter(user_id=user_id)
    if existing.count() >= MOST_METHODS:
        raise TooManyContactMethods(
            _("A person has at most %(count)s contact methods. Remove one first.") % {"count": MOST_METHODS}
        )
    own = channel == rules.EMAIL and target.lower() == person.email.lower()
    # The browser that the person is signed in with gave it itself.
    own |= channels.CHANNELS[channel].by_device and actor.user_id == user_id
    try:
        with transaction.atomic():
            method = ContactMethod.objects.create(
                user_id=user_id, channel=channel, target=target, enabled=enabled, options=closed(channel, kept),
                verified_at=now if vouch or own else None, position=existing.count(),
            )  # fmt: skip
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
    """Change the address or switch a method on or off; what is left None stays. A new address is to be confirmed anew."""
    method = mine(actor, method_id)
    before = _audited(method)
    if target is not None:
        new, kept = usable(method.channel, target, opened(method.options))
        if new != method.target:
            method.target, method.options = new, closed(method.channel, kept)
            own = method.channel == rules.EMAIL and new.lower() == method.user.email.lower()
            method.verified_at = now if own else None
            Confirmation.objects.filter(method=method).delete()
    if enabled is not None:
        method.enabled = enabled
    try:
        with transaction.atomic():
            method.save(update_fields=["target", "options", "enabled", "verified_at"])
    except IntegrityError as error:
        raise _exists() from error
    audit.record(
        actor=actor, now=now, action="contact_method.update", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), before=before, after=_audited(method),
    )  # fmt: skip
    return method


@transaction.atomic
def order_contact_methods(*, actor: Actor, now: datetime, method_id: int, up: bool) -> None:
    """Move a method one place up or down in the person's order."""
    method = mine(actor, method_id)
    own = list(ContactMethod.objects.select_for_update().filter(user_id=method.user_id).order_by("position", "id"))
    place = next(number for number, each in enumerate(own) if each.pk == method.pk)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(own):
        return
    own[place], own[other] = own[other], own[place]
    for number, each in enumerate(own):
        each.position = number
    ContactMethod.objects.bulk_update(own, ["position"])
    audit.record(
        actor=actor, now=now, action="contact_method.order", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), after={"order": [shown_target(each.channel, each.target) for each in own]},
    )  # fmt: skip


@transaction.atomic
def remove_contact_method(*, actor: Actor, now: datetime, method_id: int) -> None:
    """Remove a method. Pages already on their way through it still go."""
    method = mine(actor, method_id)
    audit.record(
        actor=actor, now=now, action="contact_method.remove", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), before=_audited(method),
    )  # fmt: skip
    method.delete()


@transaction.atomic
def send_test(*, actor: Actor, now: datetime, method_id: int) -> int:
    """Send a test through one method, on the same way as a real page; returns the page's key."""
    method = mine(actor, method_id)
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
        start_deliveries(made, [_through(method)], now)
        audit.record(
            actor=actor, now=now, action="contact_method.test", subject=SubjectRef("user", method.user_id),
            subject_label=str(method.user), after=_audited(method),
        )  # fmt: skip
    return made.pk


def _through(method: ContactMethod) -> plans.Planned:
    return plans.Planned(rules.Target(method.pk, method.channel, method.target))


def require_own(actor: Actor, user_id: int) -> None:
    if actor.user_id == user_id and actor.kind != "link":
        return
    actor.require("people.manage")
    person = accounts.person(user_id)
    if person is not None:
        # Their pages bring links that act as them.
        accounts.require_no_less(actor, person.role)


def mine(actor: Actor, method_id: int) -> ContactMethod:
    method = (
        ContactMethod.objects.visible_to(actor).select_for_update(of=("self",)).select_related("user")
        .filter(pk=method_id).first()
    )  # fmt: skip
    if method is None:
        raise ContactMethodNotFound(_("There is no such contact method, or it is not yours."))
    require_own(actor, method.user_id)
    return method


def usable(channel: str, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The address and options of a method in their channel's form; ContactMethodInvalid says what to write instead."""
    found = channels.get(channel)
    if found is None:
        message = _("The channel is one of %(names)s.") % {"names": listed(sorted(channels.CHANNELS))}
        raise ContactMethodInvalid(message, fields={"channel": [message]})
    target = target.strip()
    field = {"target": [_("Write an address.")]}
    if not target or len(target) > MAX_TARGET or "\0" in target:
        raise ContactMethodInvalid(_("Write an address of at most %(n)s characters.") % {"n": MAX_TARGET}, fields=field)
    if any(len(value) > MAX_OPTION or "\0" in value for value in options.values()):
        raise ContactMethodInvalid(_("A value is longer than %(n)s characters.") % {"n": MAX_OPTION})
    for each in found.fields:
        if each.required and not options.get(each.name, "").strip():
            text = _("This is needed.")
            raise ContactMethodInvalid(f"{each.label}: {text}", fields={each.name: [text]})
    try:
        return found.clean(target, options)
    except Refused as error:
        name = getattr(error, "field", "target")
        raise ContactMethodInvalid(error.message, fields={name: [error.message]}) from error


def _exists() -> ContactMethodExists:
    message = _("This person already has this contact method.")
    return ContactMethodExists(message, fields={"target": [message]})


def _audited(method: ContactMethod) -> dict[str, Any]:
    return {
        "channel": method.channel,
        "target": shown_target(method.channel, method.target),
        "enabled": method.enabled,
        "confirmed": method.verified_at is not None,
    }
