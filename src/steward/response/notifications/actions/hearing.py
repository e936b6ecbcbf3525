"""What comes back from where a message went: somebody pressed a button, or the provider says what became of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import system
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as sentence
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.notifications import links, rules
from steward.response.notifications.actions.confirming import confirmed
from steward.response.notifications.actions.deliveries import hasten
from steward.response.notifications.actions.pages import hold
from steward.response.notifications.errors import LinkInvalid, PageNotFound
from steward.response.notifications.events import PageAnswered, PageFailed
from steward.response.notifications.models import (
    Attempt,
    ContactMethod,
    Delivery,
    DeliveryState,
    Page,
    PageState,
    Receipt,
)  # fmt: skip
from steward.response.notifications.sealed import opened

VERBS = ("acknowledge", "resolve")


@transaction.atomic
def answer(
    *, now: datetime, channel: str, verb: str, token: str = "", page_id: int = 0, address: str = "", by: str = ""
) -> str:
    """Do what somebody asked for where they read the message, as the person of the page; returns what to tell them.

    Either by a signed token, or by a page and the address it went to: the channel vouches for who writes from there.
    """
    if verb not in VERBS:
        raise LinkInvalid(_("A message can acknowledge or resolve an incident and nothing else."))
    if token:
        link = links.read(token, now)
        user_id, subject, page_id = link.user_id, link.subject, link.page_id
    else:
        page = Page.objects.filter(pk=page_id, deliveries__channel=channel, deliveries__target=address).first()
        if page is None or not address:
            raise PageNotFound(_("There is no such page, or it did not go here."))
        if now >= page.created_at + links.LIFETIME:
            raise PageNotFound(_("This message is too old. Sign in to Steward and open the incident there."))
        user_id, subject = page.user_id, SubjectRef(page.subject_kind, page.subject_id)
    person = accounts.person(user_id)
    if person is None or not person.is_active:
        raise PageNotFound(_("The person this message was sent to no longer works with Steward."))
    event = PageAnswered(user_id, subject, page_id, verb, channel, by[:100], now)
    publish(event)
    return event.said[0] if event.said else _("This cannot be acknowledged from a message.")


@transaction.atomic
def note_receipt(*, now: datetime, reference: str, status: str, text: str = "", failed: bool = False) -> bool:
    """Write down what the provider reports on a message it had taken; whether we know that message.

    One that did not arrive after all is a failure like any other: the next step begins, and a page without any other
    way has failed.
    """
    attempt = Attempt.objects.filter(reference=reference).select_related("delivery__page").order_by("-pk").first()
    if attempt is None or not reference:
        return False
    _receipt, new = Receipt.objects.get_or_create(
        attempt=attempt, status=status[:40], defaults={"at": now, "text": text[:300]}
    )
    if new and failed:
        _undelivered(attempt, text or status, now)
    return True


def _undelivered(attempt: Attempt, text: str, now: datetime) -> None:
    keys = list(Delivery.objects.filter(carrier_id=attempt.delivery_id).values_list("page_id", flat=True))
    about = Page.objects.filter(pk__in=[attempt.delivery.page_id, *keys])
    for subject in sorted(
        {SubjectRef(each.subject_kind, each.subject_id) for each in about}, key=lambda each: (each.kind, each.id)
    ):
        hold(subject)
    pages = {
        each.pk: each
        for each in about.select_for_update(no_key=True, of=("self",)).select_related("user").order_by("id")
    }
    deliveries = list(Delivery.objects.select_for_update(no_key=True).filter(page_id__in=pages).order_by("id"))
    lost = [
        each for each in deliveries
        if attempt.delivery_id in (each.pk, each.carrier_id) and each.state == DeliveryState.SENT
    ]  # fmt: skip
    for each in lost:
        each.state = DeliveryState.FAILED
    Delivery.objects.filter(pk__in=[each.pk for each in lost]).update(state=DeliveryState.FAILED)
    for each in lost:
        page = pages[each.page_id]
        of_page = [one for one in deliveries if one.page_id == page.pk]
        hasten(of_page, now)
        state = rules.page_state({one.state for one in of_page}, page.state)
        if state == page.state:
            continue
        page.state, page.sent_at = PageState(state), None
        page.save(update_fields=["state", "sent_at"])
        if state == PageState.FAILED:
            subject = SubjectRef(page.subject_kind, page.subject_id)
            why = sentence("the provider reports: %(text)s") % {"text": text}
            publish(PageFailed(page.pk, subject, str(page.user), why, now))


@transaction.atomic
def link_address(*, now: datetime, channel: str, word: str, address: str) -> str:
    """Somebody wrote the word of a waiting contact method to the bot: the method gets their address, and is confirmed,
    for only the person themselves can read that word. Returns what to tell them."""
    for method in (
        ContactMethod.objects.select_for_update(of=("self",)).select_related("user")
        .filter(channel=channel, verified_at=None).order_by("-pk")[:500]
    ):  # fmt: skip
        if word and opened(method.options).get("word") == word:
            break
    else:
        return _("Steward does not know this word. Add the contact method anew and follow its link.")
    if ContactMethod.objects.filter(user_id=method.user_id, channel=channel, target=address).exists():
        return _("You are connected already.")
    method.target, method.options = address, {}
    method.save(update_fields=["target", "options"])
    confirmed(actor=system(channel), now=now, method=method)
    return _("Connected: Steward pages %(person)s here.") % {"person": method.user}
