"""Secret addresses of calendars: made, renewed, taken away, and what was given out at them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override as language

from steward.config.environment import load
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.oncall.actions.records import locked, record
from steward.response.oncall.errors import LinkNotFound
from steward.response.oncall.models import CalendarLink
from steward.response.oncall.queries.feeds import Feed, FeedEvent, feed_of

_SALT = "steward.oncall.calendar"


@dataclass(frozen=True, slots=True)
class Revision:
    """Since when an event is as it is, and how often it changed before."""

    changed_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Given:
    """A calendar as it is given out; ``digest`` changes with anything in it."""

    feed: Feed
    revisions: Mapping[str, Revision]
    changed_at: datetime
    digest: str


def token_of(link: CalendarLink) -> str:
    """The secret part of the address. Nothing of it is stored; a new number makes another one."""
    return f"{link.pk}-{_signature(link)}"


def address_of(link: CalendarLink) -> str:
    """The whole address."""
    return f"{load().public_url}/calendars/{token_of(link)}.ics"


@transaction.atomic
def renew_schedule_link(*, actor: Actor, now: datetime, schedule_id: int) -> CalendarLink:
    """Make the address of a schedule's calendar; a former one stops."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    link = CalendarLink.objects.select_for_update().filter(schedule=schedule).first()
    made = _renewed(link or CalendarLink(schedule=schedule, created_at=now), now)
    record(actor, now, "schedule.link", schedule, after={"link": made.number})
    return made


@transaction.atomic
def remove_schedule_link(*, actor: Actor, now: datetime, schedule_id: int) -> None:
    """Take the address of a schedule's calendar away."""
    actor.require("oncall.manage")
    schedule = locked(actor, schedule_id)
    gone, _what = CalendarLink.objects.filter(schedule=schedule).delete()
    if gone:
        record(actor, now, "schedule.link.remove", schedule)


@transaction.atomic
def renew_own_link(*, actor: Actor, now: datetime, user_id: int) -> CalendarLink:
    """Make the address of a person's calendar; a former one stops. Only themselves, and who manages on-call."""
    _require_own(actor, user_id)
    user = accounts.visible_person(actor, user_id)
    CalendarLink.objects.get_or_create(user_id=user_id, defaults={"created_at": now, "changed_at": now, "number": 0})
    made = _renewed(CalendarLink.objects.select_for_update().get(user_id=user_id), now)
    audit.record(
        actor=actor, now=now, action="person.link", subject=SubjectRef("user", user_id), subject_label=str(user),
        after={"link": made.number},
    )  # fmt: skip
    return made


@transaction.atomic
def remove_own_link(*, actor: Actor, now: datetime, user_id: int) -> None:
    """Take the address of a person's calendar away."""
    _require_own(actor, user_id)
    user = accounts.visible_person(actor, user_id)
    gone, _what = CalendarLink.objects.filter(user_id=user_id).delete()
    if gone:
        audit.record(
            actor=actor, now=now, action="person.link.remove", subject=SubjectRef("user", user_id),
            subject_label=str(user),
        )  # fmt: skip


def give_calendar(*, token: str, now: datetime) -> Given:
    """What stands at the address now, and since when; LinkNotFound when it is none of ours, or an old one."""
    link = _linked(token)
    with language((link.user.language if link.user else "") or settings.LANGUAGE_CODE):
        feed = feed_of(link, now)
    prints = {each.uid: _print_of(each) for each in feed.events}
    if _known(link, prints):
        return _given(link, feed)
    # Only when something changed: when it did must be the same at the next reading.
    with transaction.atomic():
        fresh = CalendarLink.objects.select_for_update().filter(pk=link.pk, number=link.number).first()
        if fresh is None:
            raise _missing()
        if not _known(fresh, prints):
            _note(fresh, prints, now)
    return _given(fresh, feed)


def _note(link: CalendarLink, prints: Mapping[str, str], now: datetime) -> None:
    stamp, before = int(now.timestamp()), link.revisions
    link.revisions = {
        uid: before[uid] if uid in before and before[uid][0] == made
        else [made, stamp, before[uid][2] + 1 if uid in before else 0]
        for uid, made in prints.items()
    }  # fmt: skip
    link.changed_at = now
    link.save(update_fields=["revisions", "changed_at"])


def _given(link: CalendarLink, feed: Feed) -> Given:
    zone = link.changed_at.tzinfo
    revisions = {
        uid: Revision(datetime.fromtimestamp(stamp, zone), sequence)
        for uid, (_made, stamp, sequence) in link.revisions.items()
    }
    digest = hashlib.sha256(repr((feed.name, sorted(link.revisions.items()))).encode()).hexdigest()[:32]
    return Given(feed, revisions, link.changed_at, digest)


def _known(link: CalendarLink, prints: Mapping[str, str]) -> bool:
    return {uid: revision[0] for uid, revision in link.revisions.items()} == prints


def _print_of(event: FeedEvent) -> str:
    said: Iterable[object] = (
        event.kind, event.start, event.end, event.summary, event.description, event.name, event.email,
    )  # fmt: skip
    return hashlib.sha256(repr(tuple(said)).encode()).hexdigest()[:12]


def _linked(token: str) -> CalendarLink:
    key, _dash, _rest = token.partition("-")
    if not (key.isascii() and key.isdigit() and len(key) < 18 and len(token) < 100):
        raise _missing()
    link = CalendarLink.objects.select_related("user").filter(pk=int(key)).first()
    if link is None or not constant_time_compare(token, token_of(link)):
        raise _missing()
    if link.user is not None and not link.user.is_active:
        raise _missing()
    return link


def _renewed(link: CalendarLink, now: datetime) -> CalendarLink:
    link.number = link.number + 1 if link.pk else 1
    link.changed_at = now
    link.revisions = {}
    link.save()
    return link


def _require_own(actor: Actor, user_id: int) -> None:
    actor.require("oncall.view" if actor.user_id == user_id else "oncall.manage")


def _signature(link: CalendarLink) -> str:
    owner = f"schedule:{link.schedule_id}" if link.schedule_id else f"user:{link.user_id}"
    return salted_hmac(_SALT, f"{link.pk}:{owner}:{link.number}", algorithm="sha256").hexdigest()[:40]


def _missing() -> LinkNotFound:
    return LinkNotFound(
        _("There is no calendar at this address; its link was renewed or taken away. Ask for a new one.")
    )
