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
from steward.response.notifications.actions.routes import way_to
from steward.response.notifications.events import SubjectLocking
from steward.response.notifications.models import ContactMethod, Delivery, DeliveryState, Page, PageState
from steward.response.notifications.rules import plans

# What has not been told yet, and may be on its way.
_OPEN = (
    DeliveryState.PLANNED,
    DeliveryState.WAITING,
    DeliveryState.BUNDLED,
    DeliveryState.RETRYING,
    DeliveryState.SENDING,
)


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page and how many deliveries it has. Without any, ``problem`` says why the person cannot be reached (or must
    not be: they are on leave). ``held_until``: their quiet hours keep it until then."""

    page_id: int
    deliveries: int
    problem: str = ""
    held_until: datetime | None = None


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
    importance: str = plans.IMPORTANT,
    even_on_leave: bool = False,
) -> PageResult:
    """Ask for one person to be reached about ``subject``. The same ``key`` again returns the first page.

    ``reason`` holds ``why`` (a sentence for the person) and whatever else explains it; ``facts`` in it (such as
    service and severity) are shown in the message. The deliveries start when the transaction commits, as the person's
    rules for this ``importance`` say; a normal page waits for the end of their quiet hours.
    ``even_on_leave``: for the last who can be asked; else a person on leave is not paged, and the result says so.
    """
    actor.require("incidents.assign")
    known = Page.objects.filter(key=key).first()
    if known is not None:
        return _result(known)
    user = accounts.person(user_id)
    if user is None:
        return PageResult(0, 0, _("This person does not exist any more."))
    way = way_to(user, importance, now, even_on_leave=even_on_leave)
    more = {"problem": way.problem} if way.problem else {"held": way.held} if way.held else {}
    made = Page(
        key=key, user_id=user_id, subject_kind=subject.kind, subject_id=subject.id,
        subject_label=subject_label[:300], title=title[:300], body=body,
        reason=keep({**reason, **more, "rules_version": rules.VERSION}), importance=importance,
        state=PageState.FAILED if way.problem else PageState.PENDING, created_at=now, held_until=way.held_until,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        # Another run asked with the same key and was first; its page is the page.
        return _result(Page.objects.get(key=key))
    start_deliveries(made, way.planned, way.held_until or now)
    return PageResult(made.pk, len(way.planned), way.problem, way.held_until)


def start_deliveries(made: Page, planned: Sequence[plans.Planned], start: datetime) -> None:
    """Create the page's deliveries: due at ``start``, or as long after it as the plan says."""
    if not planned:
        return
    options = dict(
        ContactMethod.objects.filter(pk__in=[each.target.method_id for each in planned]).values_list("pk", "options")
    )
    Delivery.objects.bulk_create(
        Delivery(
            page=made, method_id=each.target.method_id, channel=each.target.channel, target=each.target.target,
            options=options.get(each.target.method_id or 0, {}), step=each.step, after=each.after,
            due_at=start + each.after, state=_first_state(made, start + each.after),
        )
        for each in planned
    )  # fmt: skip
    registry.wake(DUE_KIND)


def _first_state(made: Page, due_at: datetime) -> DeliveryState:
    return DeliveryState.PLANNED if due_at > made.created_at else DeliveryState.WAITING


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
        state__in=[DeliveryState.PLANNED, DeliveryState.WAITING, DeliveryState.BUNDLED, DeliveryState.RETRYING]
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


def _result(made: Page) -> PageResult:
    return PageResult(made.pk, made.deliveries.count(), str(made.reason.get("problem", "")), made.held_until)
