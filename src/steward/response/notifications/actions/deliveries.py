"""The two halves of a try: written down before it, and completed after it. The network is between them, outside
any transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import rules
from steward.response.notifications.actions.pages import hold
from steward.response.notifications.events import PageFailed, PageSent
from steward.response.notifications.journal import JOURNAL
from steward.response.notifications.models import Attempt, Delivery, DeliveryState, Page, PageState

CUT_OFF = "cut off"
_CLOSED = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Sending:
    """A try that has been written down and must now be made. ``taken`` is what the server said when it took the message
    in a try that was cut off afterwards: there is nothing to send any more, only to write down."""

    delivery_id: int
    attempt: int
    key: str
    channel: str
    target: str
    page_id: int
    subject: SubjectRef
    subject_label: str
    title: str
    body: str
    user_id: int
    user_name: str
    language: str
    time_zone: str
    reason: dict[str, Any] = field(default_factory=dict)
    taken: str = ""

    @property
    def attempt_key(self) -> str:
        """Of this try alone, while ``key`` is that of the delivery."""
        return f"{self.key}/{self.attempt}"


@transaction.atomic
def begin_attempt(*, now: datetime, delivery_id: int) -> Sending | None:
    """Write down that a try begins, and return it; None when there is nothing (any more) to send.

    Called by whoever holds the lease. A delivery still in state "sending" was cut off in a try whose end nobody
    knows: it is tried again under the same key, so that the receiver can tell that it is the same message.
    """
    # Parent before child: cancelling locks the page first, too.
    page = (
        Page.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
        .filter(deliveries__id=delivery_id).first()
    )  # fmt: skip
    if page is None:
        return None
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
    if delivery.state in _CLOSED or delivery.due_at is None or delivery.due_at > now:
        _release(delivery)
        return None
    key = delivery_key(page, delivery)
    if delivery.state == DeliveryState.SENDING:
        cut_off = _sending(page, delivery, key)
        taken = _taken(delivery, cut_off)
        if taken is not None:
            return replace(cut_off, taken=taken or "-")
        _note_cut_off(delivery, now)
    if page.state == PageState.CANCELLED:
        _close(delivery, DeliveryState.CANCELLED)
        return None
    delivery.state = DeliveryState.SENDING
    delivery.attempts_made += 1
    delivery.save(update_fields=["state", "attempts_made"])
    Attempt.objects.create(
        delivery=delivery, number=delivery.attempts_made, key=f"{key}/{delivery.attempts_made}", started_at=now
    )
    return _sending(page, delivery, key)


def _taken(delivery: Delivery, cut_off: Sending) -> str | None:
    """What the server said if it took the message of a try that was cut off, as far as anybody knows."""
    recorded = delivery.attempts.filter(outcome=DeliveryState.SENT).values_list("answer", flat=True).first()
    return JOURNAL.taken(cut_off.attempt_key) if recorded is None else recorded


def note_taken(*, now: datetime, sending: Sending, answer: rules.Answer) -> None:
    """Keep at once, in a single statement, that the server took the message. All that follows from it comes in
    :func:`end_attempt`, which takes longer; a crash in between does not send the message a second time."""
    _record(sending.delivery_id, sending.attempt, now, DeliveryState.SENT, answer.text)


@transaction.atomic
def end_attempt(*, now: datetime, sending: Sending, answer: rules.Answer) -> str:
    """Write down how the try ended and decide what follows; returns the delivery's new state."""
    subject, attempt = sending.subject, sending.attempt
    hold(subject)
    page = Page.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=sending.page_id)
    deliveries = list(page.deliveries.select_for_update(no_key=True).order_by("id"))
    delivery = next(each for each in deliveries if each.pk == sending.delivery_id)
    fresh = delivery.attempts_made == attempt and delivery.state == DeliveryState.SENDING
    if not fresh and (delivery.state in _CLOSED or not answer.ok):
        # The lease ended during this try and another one took over; what it finds out counts. Only good news is
        # worth telling late.
        if not answer.ok:
            _record(delivery.pk, attempt, now, "late", answer.text)
        return delivery.state
    wanted = page.state != PageState.CANCELLED
    outcome = rules.after(answer, attempt=attempt, wanted=wanted, now=now, seed=f"{delivery.pk}:{page.key}")
    told = answer.text if not answer.maybe else _("%(answer)s (it may have arrived)") % {"answer": answer.text}
    _record(delivery.pk, attempt, now, outcome.state, f"{told} · {_in_words(outcome.why, attempt)}")
    delivery.state = DeliveryState(outcome.state)
    delivery.due_at = outcome.due_at
    delivery.leased_until = None
    delivery.save(update_fields=["state", "due_at", "leased_until"])
    _settle(page, delivery, {each.state for each in deliveries}, subject, answer, now)
    return delivery.state


def delivery_key(page: Page, delivery: Delivery) -> str:
    """The idempotency key of a delivery, the same for each of its tries.

    The page's key and time are in it: a database that was set up anew counts from 1 again, and a mail program that
    remembers an old key would hide the page.
    """
    seed = f"{page.key}|{page.created_at.isoformat()}|{delivery.channel}|{delivery.target}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:20]
    return f"page-{page.pk}-{delivery.pk}-{digest}"


def _settle(
    page: Page, delivery: Delivery, states: set[str], subject: SubjectRef, answer: rules.Answer, now: datetime
) -> None:
    """Bring the page's state in line with its deliveries and say so."""
    state = rules.page_state(states, page.state)
    if state != page.state:
        page.state = PageState(state)
        if state == PageState.SENT:
            page.sent_at = now
        page.save(update_fields=["state", "sent_at"])
        if state == PageState.FAILED:
            publish(PageFailed(page.pk, subject, str(page.user), answer.text, now))
    if delivery.state == DeliveryState.SENT:
        seconds = max(0.0, (now - page.created_at).total_seconds())
        publish(PageSent(page.pk, subject, str(page.user), delivery.channel, seconds, now))


def _in_words(why: rules.Why, attempt: int) -> str:
    words = {
        "taken": _("the server took it"),
        "cancelled": _("cancelled while it was being sent"),
        "final": _("trying again would not help"),
        "gave-up": _("gave up after %(n)s tries"),
        "again": _("try %(next)s of %(most)s follows"),
    }
    return words[why] % {"n": attempt, "next": attempt + 1, "most": rules.MAX_ATTEMPTS}


def _note_cut_off(delivery: Delivery, now: datetime) -> None:
    text = _("Steward was stopped during this try; whether it arrived is not known. Tried again under the same key.")
    delivery.attempts.filter(outcome="").update(outcome=CUT_OFF, ended_at=now, answer=text)


def _record(delivery_id: int, attempt: int, now: datetime, outcome: str, text: str) -> None:
    Attempt.objects.filter(delivery_id=delivery_id, number=attempt).update(
        ended_at=now, outcome=outcome, answer=text.replace("\0", "")[:2000]
    )


def _close(delivery: Delivery, state: DeliveryState) -> None:
    delivery.state, delivery.due_at, delivery.leased_until = state, None, None
    delivery.save(update_fields=["state", "due_at", "leased_until"])


def _release(delivery: Delivery) -> None:
    delivery.leased_until = None
    if delivery.state in _CLOSED:
        delivery.due_at = None
    delivery.save(update_fields=["due_at", "leased_until"])


def _sending(page: Page, delivery: Delivery, key: str) -> Sending:
    user = page.user
    return Sending(
        delivery_id=delivery.pk, attempt=delivery.attempts_made, key=key, channel=delivery.channel,
        target=delivery.target, page_id=page.pk, subject=SubjectRef(page.subject_kind, page.subject_id),
        subject_label=page.subject_label, title=page.title, body=page.body, user_id=user.pk, user_name=str(user),
        language=user.language, time_zone=user.time_zone, reason=page.reason,
    )  # fmt: skip
