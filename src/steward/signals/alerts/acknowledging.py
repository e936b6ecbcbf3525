"""Senders' acknowledgements on their way up: told to whoever holds the alert, or noted with why they were not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from steward.foundation.events import publish
from steward.foundation.history.registry import Step, locked, old
from steward.signals.alerts.events import AlertAcknowledged
from steward.signals.alerts.models import Acknowledgement, AckOutcome, Alert, AlertStatus

log = logging.getLogger(__name__)
# An incident opens when its group's time is over. After this the sender meant something that Steward does not know.
PATIENCE = timedelta(minutes=15)
SHORTEST, LONGEST = timedelta(seconds=2), timedelta(seconds=30)


def tell(*, now: datetime, ids: Sequence[int]) -> None:
    """Tell the rooms above, each acknowledgement in a transaction of its own: one that fails holds up no other."""
    for ack_id in ids:
        try:
            _tell_one(ack_id, now)
        except Exception:
            log.exception("acknowledgement %s failed; it comes again when its lease ends", ack_id)


@transaction.atomic
def _tell_one(ack_id: int, now: datetime) -> None:
    found = Acknowledgement.objects.filter(pk=ack_id).values("source_id", "fingerprint").first()
    if found is None:
        return
    # The alert first, as everywhere.
    alert = Alert.objects.select_for_update(of=("self",), no_key=True).select_related("source").filter(**found).first()
    ack = Acknowledgement.objects.select_for_update().filter(pk=ack_id, due_at__lte=now).first()
    if ack is None:
        return
    ack.alert, ack.outcome = alert, _outcome(ack, alert, now)
    ack.due_at, ack.leased_until = None, None
    if ack.outcome == AckOutcome.WAITING:
        age = now - ack.received_at
        ack.due_at = now + min(max(age / 2, SHORTEST), LONGEST)
    ack.save(update_fields=["alert", "outcome", "due_at", "leased_until"])


def _outcome(ack: Acknowledgement, alert: Alert | None, now: datetime) -> AckOutcome:
    if alert is None:
        return AckOutcome.UNKNOWN
    if alert.status != AlertStatus.FIRING:
        return AckOutcome.NOT_FIRING
    if alert.changed_at > ack.received_at:
        # It was about an earlier firing; whoever works on that one may be gone.
        return AckOutcome.CHANGED
    event = AlertAcknowledged(alert.pk, alert.source.name, ack.sender, ack.who, ack.note, now, [])
    publish(event)
    if event.taken:
        return AckOutcome.ACKNOWLEDGED
    return AckOutcome.WAITING if now - ack.received_at < PATIENCE else AckOutcome.NO_INCIDENT


def remove_old(before: datetime, after: int) -> Step:
    """Remove acknowledgements from before then that wait for nothing."""
    found, further = old(Acknowledgement.objects.all(), "received_at", before=before, after=after)
    keys = locked(Acknowledgement.objects.filter(pk__in=found, due_at__isnull=True))
    Acknowledgement.objects.filter(pk__in=keys).delete()
    return Step(len(keys), further)
