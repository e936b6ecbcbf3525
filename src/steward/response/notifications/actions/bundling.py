"""At most one message about incidents a minute to one address of a person: whose turn it is, and what goes with it.

Deliveries stay due rows (docs/decisions/0016). When one is claimed it asks for its address's turn, in the transaction
that writes its try down. Who gets the turn carries everything else that waits for the same address; who does not is due
again when the turn is over, and can be called off until then like any delivery that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.notifications import channels, rules
from steward.response.notifications.errors import BundlingInvalid, ContactMethodNotFound
from steward.response.notifications.models import Bundling, ChannelSettings, Delivery, DeliveryState, PageState, Window

DUE_KIND = "notifications.delivery"
# More than this at once would keep too many incidents waiting while their timelines are written.
MOST_CARRIED = 500
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a delivery may be tried now; if not, when. ``carries``: the others of its address go with it."""

    mine: bool
    until: datetime | None = None
    carries: bool = False


FREE = Turn(True)
_CLAIM = (
    "INSERT INTO notifications_window AS w (user_id, channel, target, until, delivery_id) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (user_id, channel, target) DO UPDATE SET"
    " delivery_id = CASE WHEN w.until <= %s THEN EXCLUDED.delivery_id ELSE w.delivery_id END,"
    " until = CASE WHEN w.until <= %s THEN EXCLUDED.until ELSE w.until END RETURNING delivery_id, until"
)
_RATE = (
    "INSERT INTO notifications_rate AS r (user_id, channel, since, sent) VALUES (%(user)s, %(channel)s, %(now)s, 1)"
    " ON CONFLICT (user_id, channel) DO UPDATE SET"
    " sent = CASE WHEN r.since <= %(ended)s THEN 1 ELSE r.sent + 1 END,"
    " since = CASE WHEN r.since <= %(ended)s THEN EXCLUDED.since ELSE r.since END RETURNING since, sent"
)
_FREE = "UPDATE notifications_window SET until = %s WHERE delivery_id = %s AND until > %s"


def take_turn(delivery_id: int, now: datetime) -> Turn:
    """Ask for the turn of the delivery's address; its window's row stays locked until the transaction ends, before any
    page is. One that has to wait is due again at the end of the window."""
    limit = ChannelSettings.objects.filter(channel=OuterRef("channel")).values("hourly")[:1]
    known = (
        Delivery.objects.filter(pk=delivery_id).annotate(limit=Subquery(limit))
        .values_list("state", "channel", "target", "page__user_id", "page__subject_kind", "due_at", "after",
                     "page__created_at", "page__held_until", "page__user__bundling__seconds", "limit").first()
    )  # fmt: skip
    if known is None:
        return FREE
    state, channel, target, user_id, kind, due_at, after, created_at, held, own, hourly = known
    seconds = load().bundle_seconds if own is None else own
    if kind not in rules.BUNDLED_KINDS or state not in rules.UNTRIED or due_at is None or due_at > now:
        return FREE
    # What has been kept back already comes with its likes, also to who wants every page by itself.
    waited = held is not None or due_at > created_at + after
    seconds = seconds or (rules.SHORTEST_BUNDLE if waited else 0)
    if rules.bundles(kind=kind, state=state, seconds=seconds):
        until = now + timedelta(seconds=seconds)
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [user_id, channel, target, until, delivery_id, now, now])
            holder, until = cursor.fetchone()
        if holder != delivery_id:
            return _postponed(delivery_id, until)
    free_at = _count(user_id, channel, hourly_of(channel, hourly), now)
    if free_at is None:
        return Turn(True, carries=True) if seconds else FREE
    if seconds:
        Window.objects.filter(delivery_id=delivery_id, user_id=user_id, until__lt=free_at).update(until=free_at)
    return _postponed(delivery_id, free_at)


def hourly_of(channel: str, chosen: int | None) -> int:
    """How many messages a person gets through a channel in an hour; 0: as many as there are."""
    if chosen is not None:
        return chosen
    found = channels.get(channel)
    return found.hourly if found is not None else 0


def _count(user_id: int, channel: str, most: int, now: datetime) -> datetime | None:
    """Count a message to the person through the channel; if that is one too many, when the next may go."""
    if not most:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_RATE, {"user": user_id, "channel": channel, "now": now, "ended": now - HOUR})
        since, sent = cursor.fetchone()
    return since + HOUR if sent > most else None


def _postponed(delivery_id: int, until: datetime) -> Turn:
    Delivery.objects.filter(pk=delivery_id, state__in=rules.UNTRIED, due_at__isnull=False).update(
        state=DeliveryState.WAITING, due_at=until, leased_until=None
    )
    return Turn(False, until)


def give_back(delivery_id: int, now: datetime) -> None:
    """The delivery had the turn and has nothing to say any more: the next one need not wait."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [now, delivery_id, now])


def waiting_with(delivery_id: int, now: datetime) -> list[int]:
    """The other deliveries that wait for the same address of the same person, oldest first."""
    mine = Delivery.objects.filter(pk=delivery_id).values_list("channel", "target", "page__user_id").first()
    if mine is None:
        return []
    channel, target, user_id = mine
    ready = Q(state=DeliveryState.WAITING, due_at__isnull=False) | Q(state=DeliveryState.PLANNED, due_at__lte=now)
    found = Delivery.objects.filter(
        ready, channel=channel, target=target, page__user_id=user_id,
        page__subject_kind__in=rules.BUNDLED_KINDS, page__state=PageState.PENDING,
    ).exclude(pk=delivery_id)  # fmt: skip
    return list(found.order_by("pk").values_list("pk", flat=True)[:MOST_CARRIED])


def carry(carrier: Delivery, others: Sequence[Delivery]) -> None:
    """Let locked deliveries be told in the message of another one."""
    for each in others:
        each.state, each.carrier, each.due_at, each.leased_until = DeliveryState.BUNDLED, carrier, None, None
    Delivery.objects.filter(pk__in=[each.pk for each in others]).update(
        state=DeliveryState.BUNDLED, carrier=carrier, due_at=None, leased_until=None
    )


def let_go(carrier_ids: Iterable[int], due_at: datetime) -> None:
    """What was to be told in messages that will not be sent waits for a turn of its own again."""
    wanted = Delivery.objects.filter(carrier_id__in=list(carrier_ids), state=DeliveryState.BUNDLED)
    if wanted.update(state=DeliveryState.WAITING, carrier=None, due_at=due_at, leased_until=None):
        registry.wake(DUE_KIND)


@transaction.atomic
def set_bundling(*, actor: Actor, now: datetime, user_id: int, seconds: int | None) -> int | None:
    """Say in how many seconds a person gets at most one message about incidents: 0 for every page by itself, None for
    as long as the installation says."""
    if user_id != actor.user_id:
        actor.require("people.manage")
    person = accounts.person(user_id)
    if person is None:
        raise ContactMethodNotFound(_("There is no such person. Choose one from the list of people."))
    if seconds is not None and not 0 <= seconds <= rules.LONGEST_BUNDLE:
        text = _("Between 0 (every page by itself) and %(most)s seconds.") % {"most": rules.LONGEST_BUNDLE}
        raise BundlingInvalid(text, fields={"seconds": [text]})
    before = Bundling.objects.select_for_update().filter(user_id=user_id).values_list("seconds", flat=True).first()
    if before == seconds:
        return seconds
    if seconds is None:
        Bundling.objects.filter(user_id=user_id).delete()
    else:
        Bundling.objects.update_or_create(user_id=user_id, defaults={"seconds": seconds})
    audit.record(
        actor=actor, now=now, action="bundling.set", subject=SubjectRef("user", user_id), subject_label=str(person),
        before=_audited(before), after=_audited(seconds),
    )  # fmt: skip
    return seconds


def _audited(seconds: int | None) -> dict[str, Any]:
    return {} if seconds is None else {"seconds": seconds}
