"""Every write of the room: taking down what Alertmanager told, the mode of a source, which policy stands for a receiver."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.matching import fingerprint
from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.history.registry import BATCH, Step
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall import queries as oncall
from steward.response.shadow.errors import NotificationUnreadable, UnknownPolicy
from steward.response.shadow.models import Notification, ReceiverPolicy
from steward.response.triage import actions as triage
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import queries as alert_queries

# A retry of Alertmanager comes at once; two notifications with the same content are a group interval apart at least.
REPEATED = timedelta(seconds=3)
MOST_ALERTS = 10_000


@transaction.atomic
def take_down(*, now: datetime, source_id: int, receiver: str, body: bytes) -> bool:
    """Keep a notification of Alertmanager (its webhook's payload, version 4); False if it came before, or if the source's
    mode says that nothing is compared. The key in the address is what the sender knows, as for alerts."""
    labels, told = _read(body)
    digest = hashlib.blake2b(orjson.dumps([receiver, labels, told], option=orjson.OPT_SORT_KEYS), digest_size=16)
    if alert_queries.mode_of(source_id) == "off":
        return False
    lock_in_transaction(f"shadow.{source_id}")
    same = Notification.objects.filter(source_id=source_id, at__gt=now - REPEATED, digest=digest.hexdigest())
    if same.exists():
        return False
    Notification.objects.create(
        source_id=source_id, at=now, receiver=receiver[:200], labels=labels, alerts=told, digest=digest.hexdigest()
    )
    return True


def _read(body: bytes) -> tuple[dict[str, str], list[dict[str, Any]]]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotificationUnreadable(_("The body is not JSON.")) from error
    given = payload.get("alerts") if isinstance(payload, dict) else None
    if not isinstance(given, list) or len(given) > MOST_ALERTS:
        raise NotificationUnreadable(_('The body must be what Alertmanager\'s webhook sends: an object with "alerts".'))
    labels = payload.get("groupLabels")
    return _texts(labels) if isinstance(labels, dict) else {}, [_alert(each) for each in given]


def _alert(given: Any) -> dict[str, Any]:
    labels = given.get("labels") if isinstance(given, dict) else None
    if not isinstance(labels, dict) or given.get("status") not in ("firing", "resolved"):
        raise NotificationUnreadable(_("Each alert needs labels and a status: firing or resolved."))
    known = _texts(labels)
    return {
        "fingerprint": fingerprint(known).hex(), "labels": known, "firing": given["status"] == "firing",
        "began": str(given.get("startsAt") or "")[:40],
    }  # fmt: skip


def _texts(labels: dict[Any, Any]) -> dict[str, str]:
    """Labels as alerts have them: texts, none empty, nothing that the database cannot store."""
    return {str(name).replace("\0", ""): str(value).replace("\0", "") for name, value in labels.items() if value != ""}


@transaction.atomic
def set_mode(*, actor: Actor, now: datetime, source_id: int, mode: str, page_firing: bool = False) -> int:
    """Switch shadow mode on or off for a source; for how many open incidents that changed whether people are paged.
    ``page_firing``: on leaving, page for what fires now too, not only for what fires from then on."""
    before = alerts.set_mode(actor=actor, now=now, source_id=source_id, mode=mode)
    if before == mode:
        return 0
    if mode == "shadow":
        return triage.shadow_begins(now=now, source_id=source_id)
    return triage.shadow_ends(now=now, source_id=source_id) if before == "shadow" and page_firing else 0


@transaction.atomic
def set_receiver(*, actor: Actor, now: datetime, source_id: int, receiver: str, policy_id: int | None) -> None:
    """Say which escalation policy stands for a receiver; None goes back to what the import or the names say."""
    actor.require("sources.manage")
    source = alert_queries.source_by_id(actor, source_id)
    if policy_id is not None and not oncall.policies(actor).filter(pk=policy_id).exists():
        text = _("There is no such escalation policy.")
        raise UnknownPolicy(text, fields={"policy": [text]})
    ReceiverPolicy.objects.filter(source_id=source.pk, receiver=receiver).delete()
    if policy_id is not None:
        ReceiverPolicy.objects.create(source_id=source.pk, receiver=receiver[:200], policy_id=policy_id)
    audit.record(
        actor=actor, now=now, action="shadow.receiver", subject=SubjectRef("source", source.pk),
        subject_label=source.name, after={"receiver": receiver, "policy": policy_id},
    )  # fmt: skip


def remove_old(before: datetime, _after: int) -> Step:
    """Remove notifications from before then."""
    keys = list(Notification.objects.filter(at__lt=before).order_by("pk").values_list("pk", flat=True)[:BATCH])
    Notification.objects.filter(pk__in=keys).delete()
    return Step(len(keys), 1 if keys else None)
