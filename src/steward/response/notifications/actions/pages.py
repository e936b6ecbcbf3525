"""Asking for a page and calling it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import keep
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.notifications import rules
from steward.response.notifications.actions.bundling import DUE_KIND, let_go
from steward.response.notifications.events import SubjectLocking
from steward.response.notifications.models import ContactMethod, Delivery, DeliveryState, Page, PageState

# What has not been told yet, and may be on its way.
_OPEN = (DeliveryState.WAITING, DeliveryState.BUNDLED, DeliveryState.RETRYING, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page and how many deliveries it has. Without any, ``problem`` says why the person cannot be reached."""

    page_id: int
    deliveries: int
    problem: str = ""


def hold(subject: SubjectRef) -> None:
    """Lock ``subject`` for this transaction, its owner's row first, then whatever this floor does for it.

    Everything that locks escalations, pages or deliveries of a subject and then tells upper rooms calls this before;
    so does stopping. That makes one order of locks: owner's row, this lock, escalation, page, delivery.
    """
    publish(SubjectLocking(subject))
    lock_in_transaction(f"response:{subject}")


@transaction.atomic
def page(
    *,
    actor: Actor,
    now: datetime,
    user_id: int,
    key: str,
    subject: SubjectRef,
    subject_label: str,
    title: str,
    body: str,
    reason: Mapping[str, Any],
) -> PageResult:
    """Ask for one person to be reached about ``subject``. The same ``key`` again returns the first page.

    ``reason`` holds ``why`` (a sentence for the person) and whatever else explains it; ``facts`` in it (such as
    service and severity) are shown in the message. The deliveries start when the transaction commits.
    """
    actor.require("incidents.assign")
    known = Page.objects.filter(key=key).first()
    if known is not None:
        return _result(known)
    user = accounts.person(user_id)
    if user is None:
        return PageResult(0, 0, _("This person does not exist any more."))
    problem, targets = "", []
    if not user.is_active:
        problem = _("%(person)s is not active.") % {"person": user}
    else:
        targets = _targets(user_id, user.email)
        if not targets:
            problem = _("%(person)s has no contact method and no e-mail address.") % {"person": user}
    made = Page(
        key=key, user_id=user_id, subject_kind=subject.kind, subject_id=subject.id,
        subject_label=subject_label[:300], title=title[:300], body=body,
        reason=keep({**reason, **({"problem": problem} if problem else {}), "rules_version": rules.VERSION}),
        state=PageState.FAILED if problem else PageState.PENDING, created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        # Another run asked with the same key and was first; its page is the page.
        return _result(Page.objects.get(key=key))
    start_deliveries(made, targets, now)
    return PageResult(made.pk, len(targets), problem)


def start_deliveries(made: Page, targets: Sequence[rules.Target], now: datetime) -> None:
    """Create the page's deliveries, due now."""
    if not targets:
        return
    Delivery.objects.bulk_create(
        Delivery(page=made, method_id=each.method_id, channel=each.channel, target=each.target, due_at=now)
        for each in targets
    )
    registry.wake(DUE_KIND)


@transaction.atomic
def cancel_pages(*, now: datetime, subject: SubjectRef, reason: str) -> int:
    """Call off what has not been sent yet; returns how many deliveries. What is just being sent is not sent again."""
    hold(subject)
    pages = list(
        Page.objects.select_for_update(no_key=True)
        .filter(subject_kind=subject.kind, subject_id=subject.id)
        .filter(deliveries__state__in=_OPEN)
        .order_by("id")
        .values_list("id", flat=True)
    )
    if not pages:
        return 0
    called_off = Delivery.objects.filter(page_id__in=pages).filter(
        state__in=[DeliveryState.WAITING, DeliveryState.BUNDLED, DeliveryState.RETRYING]
    )
    carriers = list(called_off.filter(state=DeliveryState.RETRYING).values_list("pk", flat=True))
    cancelled = called_off.update(state=DeliveryState.CANCELLED, due_at=None, leased_until=None)
    # What was to be told in their messages is still to be told.
    let_go(carriers, now)
    for each in Page.objects.filter(pk__in=pages, state=PageState.PENDING):
        each.state = PageState.CANCELLED
        each.reason = keep({**each.reason, "cancelled": reason, "cancelled_at": now.isoformat()})
        each.save(update_fields=["state", "reason"])
    return cancelled


def _targets(user_id: int, email: str) -> list[rules.Target]:
    methods = ContactMethod.objects.filter(user_id=user_id)
    known = [rules.Method(each.pk, each.channel, each.target, each.enabled) for each in methods]
    return rules.targets(known, email)


def _result(made: Page) -> PageResult:
    return PageResult(made.pk, made.deliveries.count(), str(made.reason.get("problem", "")))
