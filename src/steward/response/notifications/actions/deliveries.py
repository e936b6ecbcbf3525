"""The two halves of a try: written down before it, and completed after it. The network is between them, outside
any transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as sentence
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import channels, rules
from steward.response.notifications.actions import bundling
from steward.response.notifications.actions.pages import hold
from steward.response.notifications.events import PageFailed, PageSent
from steward.response.notifications.journal import JOURNAL
from steward.response.notifications.models import Attempt, Delivery, DeliveryState, Page, PageState
from steward.response.notifications.sealed import opened, settings_of
from steward.response.notifications.sendings import Sending, Told

CUT_OFF = "cut off"
_CLOSED = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CANCELLED}


@transaction.atomic
def begin_attempt(*, now: datetime, delivery_id: int) -> Sending | None:
    """Write down that a try begins, and return it; None when there is nothing (any more, or not yet) to send.

    Called by whoever holds the lease. A delivery still in state "sending" was cut off in a try whose end nobody
    knows: it is tried again under the same key, so that the receiver can tell that it is the same message.
    """
    turn = bundling.take_turn(delivery_id, now)
    if not turn.mine:
        return None
    try_ = _locked(delivery_id, bundling.waiting_with(delivery_id, now) if turn.carries else ())
    sending = _begin(try_, now) if try_ is not None else None
    if sending is None and turn.carries:
        bundling.give_back(delivery_id, now)
    return sending


@dataclass(slots=True)
class _Try:
    """The locked rows of a message: its own delivery, and the others that it tells or may tell."""

    page: Page
    delivery: Delivery
    others: list[Delivery]

    @property
    def key(self) -> str:
        return delivery_key(self.page, self.delivery)


def _locked(delivery_id: int, joining: Sequence[int]) -> _Try | None:
    """Parents before children, each in the order of their keys: cancelling locks the page first, too."""
    wanted = Q(pk=delivery_id) | Q(carrier_id=delivery_id) | Q(pk__in=joining)
    ids = list(Delivery.objects.filter(wanted).values_list("pk", flat=True))
    pages = {
        page.pk: page
        for page in Page.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
        .filter(pk__in=Delivery.objects.filter(pk__in=ids).values("page_id")).order_by("id")
    }  # fmt: skip
    found = {
        each.pk: each
        for each in Delivery.objects.select_for_update(no_key=True).filter(pk__in=ids, page_id__in=pages).order_by("id")
    }
    own = found.pop(delivery_id, None)
    if own is None:
        return None
    for each in found.values():
        each.page = pages[each.page_id]
    return _Try(pages[own.page_id], own, list(found.values()))


def _begin(try_: _Try, now: datetime) -> Sending | None:
    page, delivery = try_.page, try_.delivery
    if delivery.state in _CLOSED or delivery.due_at is None or delivery.due_at > now:
        _release(delivery)
        return None
    carried = [each for each in try_.others if each.carrier_id == delivery.pk]
    if delivery.state == DeliveryState.SENDING:
        cut_off = _sending(page, delivery, try_.key, carried)
        taken = _taken(delivery, cut_off)
        if taken is not None:
            return replace(cut_off, taken=taken or "-")
        _note_cut_off(delivery, now)
    if page.state == PageState.CANCELLED:
        _close(delivery, DeliveryState.CANCELLED)
        bundling.let_go([delivery.pk], now)
        return None
    # Acknowledged since the last try: what leaves the bundle is not in the message any more.
    Delivery.objects.filter(carrier=delivery, state=DeliveryState.CANCELLED).update(carrier=None)
    staying = [each for each in carried if each.state == DeliveryState.BUNDLED]
    joining = [
        each for each in try_.others
        if each.due_at is not None and each.page.state == PageState.PENDING
        and (each.state == DeliveryState.WAITING or (each.state == DeliveryState.PLANNED and each.due_at <= now))
    ]  # fmt: skip
    if joining:
        bundling.carry(delivery, joining)
    delivery.state = DeliveryState.SENDING
    delivery.attempts_made += 1
    delivery.save(update_fields=["state", "attempts_made"])
    Attempt.objects.create(
        delivery=delivery, number=delivery.attempts_made, key=f"{try_.key}/{delivery.attempts_made}", started_at=now
    )
    return _sending(page, delivery, try_.key, [*staying, *joining])


def _taken(delivery: Delivery, cut_off: Sending) -> str | None:
    """What the server said if it took the message of a try that was cut off, as far as anybody knows."""
    recorded = delivery.attempts.filter(outcome=DeliveryState.SENT).values_list("answer", flat=True).first()
    return JOURNAL.taken(cut_off.attempt_key) if recorded is None else recorded


def note_taken(*, now: datetime, sending: Sending, answer: rules.Answer) -> None:
    """Keep at once, in a single statement, that the server took the message. All that follows from it comes in
    :func:`end_attempt`, which takes longer; a crash in between does not send the message a second time."""
    _record(sending.delivery_id, sending.attempt, now, DeliveryState.SENT, answer.text, answer.reference)


@transaction.atomic
def end_attempt(*, now: datetime, sending: Sending, answer: rules.Answer) -> str:
    """Write down how the try ended and decide what follows; returns the delivery's new state."""
    attempt = sending.attempt
    for subject in sorted({each.subject for each in sending.bundle}, key=lambda each: (each.kind, each.id)):
        hold(subject)
    pages, deliveries = _told_by(sending)
    delivery = deliveries[sending.delivery_id]
    fresh = delivery.attempts_made == attempt and delivery.state == DeliveryState.SENDING
    if not fresh and (delivery.state in _CLOSED or not answer.ok):
        # The lease ended during this try and another one took over; what it finds out counts. Only good news is
        # worth telling late.
        if not answer.ok:
            _record(delivery.pk, attempt, now, "late", answer.text)
        return delivery.state
    page = pages[delivery.page_id]
    carried = [each for each in deliveries.values() if each.carrier_id == delivery.pk]
    wanted = any(pages[each.page_id].state != PageState.CANCELLED for each in (delivery, *carried))
    outcome = rules.after(answer, attempt=attempt, wanted=wanted, now=now, seed=f"{delivery.pk}:{page.key}")
    told = answer.text if not answer.maybe else _("%(answer)s (it may have arrived)") % {"answer": answer.text}
    told = f"{told} · {_in_words(outcome.why, attempt)}"
    _record(delivery.pk, attempt, now, outcome.state, told, answer.reference)
    delivery.state = DeliveryState(outcome.state)
    delivery.due_at = outcome.due_at
    if outcome.due_at is not None and page.state == PageState.CANCELLED:
        # Its own page is called off, others that it carries are not: each of them waits for a turn again.
        delivery.state, delivery.due_at = DeliveryState.CANCELLED, None
        bundling.let_go([delivery.pk], outcome.due_at)
        carried = []
    delivery.leased_until = None
    delivery.save(update_fields=["state", "due_at", "leased_until"])
    _end_carried(carried, delivery.state)
    for each in (delivery, *carried):
        of_page = [one for one in deliveries.values() if one.page_id == each.page_id]
        if not answer.ok:
            hasten(of_page, now)
        _settle(pages[each.page_id], each, {one.state for one in of_page}, answer, _Together(page, len(carried)), now)
    return delivery.state


def hasten(deliveries: Sequence[Delivery], now: datetime) -> None:
    """A way to the person is in trouble: unless another one has arrived or is being tried, the next step begins now."""
    busy = {DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.BUNDLED, DeliveryState.SENDING}
    planned = [each for each in deliveries if each.state == DeliveryState.PLANNED and each.due_at is not None]
    if not planned or any(each.state in busy for each in deliveries):
        return
    first = min(each.due_at for each in planned if each.due_at is not None)
    following = [each.pk for each in planned if each.due_at == first]
    if first > now:
        Delivery.objects.filter(pk__in=following).update(due_at=now, leased_until=None)
        registry.wake(bundling.DUE_KIND)


def _told_by(sending: Sending) -> tuple[dict[int, Page], dict[int, Delivery]]:
    """The locked pages of a message by key, and all of their deliveries."""
    keys = [each.page_id for each in sending.bundle]
    pages = Page.objects.select_for_update(no_key=True, of=("self",)).select_related("user").filter(pk__in=keys)
    found = {page.pk: page for page in pages.order_by("id")}
    rows = Delivery.objects.select_for_update(no_key=True).filter(page_id__in=found).order_by("id")
    return found, {each.pk: each for each in rows}


def _end_carried(carried: Sequence[Delivery], state: str) -> None:
    """What a message carried ends as it does. One that was called off while the message left was told after all."""
    if state not in {DeliveryState.SENT, DeliveryState.FAILED}:
        return
    ending = [each for each in carried if state == DeliveryState.SENT or each.state == DeliveryState.BUNDLED]
    for each in ending:
        each.state = DeliveryState(state)
    Delivery.objects.filter(pk__in=[each.pk for each in ending]).update(state=state, due_at=None, leased_until=None)


def delivery_key(page: Page, delivery: Delivery) -> str:
    """The idempotency key of a delivery, the same for each of its tries.

    The page's key and time are in it: a database that was set up anew counts from 1 again, and a mail program that
    remembers an old key would hide the page.
    """
    seed = f"{page.key}|{page.created_at.isoformat()}|{delivery.channel}|{delivery.target}"
    if delivery.step:
        seed += f"|{delivery.step}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:20]
    return f"page-{page.pk}-{delivery.pk}-{digest}"


@dataclass(frozen=True, slots=True)
class _Together:
    """The page whose delivery was sent, and how many others its message told."""

    page: Page
    others: int


def _settle(
    page: Page, delivery: Delivery, states: set[str], answer: rules.Answer, together: _Together, now: datetime
) -> None:
    """Bring the page's state in line with its deliveries and say so."""
    state, subject = rules.page_state(states, page.state), SubjectRef(page.subject_kind, page.subject_id)
    if state != page.state:
        page.state = PageState(state)
        if state == PageState.SENT:
            page.sent_at = now
            page.told_in = together.page if page.pk != together.page.pk else None
        page.save(update_fields=["state", "sent_at", "told_in"])
        if state == PageState.FAILED:
            publish(PageFailed(page.pk, subject, str(page.user), answer.text, now))
    if delivery.state == DeliveryState.SENT:
        seconds = max(0.0, (now - page.created_at).total_seconds())
        found = channels.get(delivery.channel)
        spoken = sentence(found.spoken) if found is not None else ""
        publish(PageSent(page.pk, subject, str(page.user), delivery.channel, seconds, now, together.others, spoken))


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


def _record(delivery_id: int, attempt: int, now: datetime, outcome: str, text: str, reference: str = "") -> None:
    known = {"reference": reference[:120]} if reference else {}
    Attempt.objects.filter(delivery_id=delivery_id, number=attempt).update(
        ended_at=now, outcome=outcome, answer=text.replace("\0", "")[:2000], **known
    )


def _close(delivery: Delivery, state: DeliveryState) -> None:
    delivery.state, delivery.due_at, delivery.leased_until = state, None, None
    delivery.save(update_fields=["state", "due_at", "leased_until"])


def _release(delivery: Delivery) -> None:
    delivery.leased_until = None
    if delivery.state in _CLOSED:
        delivery.due_at = None
    delivery.save(update_fields=["due_at", "leased_until"])


def _sending(page: Page, delivery: Delivery, key: str, carried: Sequence[Delivery] = ()) -> Sending:
    user = page.user
    return Sending(
        delivery_id=delivery.pk, attempt=delivery.attempts_made, key=key, channel=delivery.channel,
        target=delivery.target, page_id=page.pk, subject=SubjectRef(page.subject_kind, page.subject_id),
        subject_label=page.subject_label, title=page.title, body=page.body, user_id=user.pk, user_name=str(user),
        language=user.language, time_zone=user.time_zone, reason=page.reason, importance=page.importance,
        others=tuple(_told(each.page) for each in carried),
        more=page.held_until is None and (delivery.due_at or page.created_at) > page.created_at + delivery.after,
        options=opened(delivery.options), settings=settings_of(delivery.channel),
    )  # fmt: skip


def _told(page: Page) -> Told:
    subject = SubjectRef(page.subject_kind, page.subject_id)
    return Told(page.pk, subject, page.subject_label, page.title, page.reason)
