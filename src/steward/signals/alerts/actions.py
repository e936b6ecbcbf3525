"""Every write of the room but ingest's own (which is in ``ingest/writer.py``, for speed)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.due.registry import wake
from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.signals.alerts import queries
from steward.signals.alerts.errors import BadSource, SourceNotFound
from steward.signals.alerts.events import AlertsChanged
from steward.signals.alerts.models import Alert, AlertChange, AlertStatus, ParkedPayload, Source, SourceKind

RESOLVED_CHANNEL = "steward_resolved"
NOTICE_IDS = 400  # keys in one NOTIFY: its payload is limited to 8,000 bytes


@transaction.atomic
def create_source(
    *, actor: Actor, now: datetime, name: str, kind: str = SourceKind.ALERTMANAGER, resolve_timeout: int = 300
) -> tuple[Source, str]:
    """Make a source; returns it and its key, which is not kept and cannot be shown again."""
    actor.require("sources.manage")
    key = secrets.token_urlsafe(24)
    source = Source(
        name=name.strip(), kind=kind, resolve_timeout=resolve_timeout, key_digest=queries.digest(key),
        key_prefix=key[:6],
    )  # fmt: skip
    _check_source(source)
    source.save()
    _record(actor, now, "source.create", source, after={"kind": kind, "resolve_timeout": resolve_timeout})
    return source, key


@transaction.atomic
def update_source(
    *, actor: Actor, now: datetime, source_id: int, name: str, resolve_timeout: int, enabled: bool
) -> Source:
    actor.require("sources.manage")
    source = _lock_source(source_id)
    names = ("name", "resolve_timeout", "enabled")
    before = {field: getattr(source, field) for field in names}
    source.name, source.resolve_timeout, source.enabled = name.strip(), resolve_timeout, enabled
    _check_source(source)
    source.save(update_fields=names)
    _record(actor, now, "source.update", source, before, {field: getattr(source, field) for field in names})
    return source


@transaction.atomic
def rotate_key(*, actor: Actor, now: datetime, source_id: int) -> tuple[Source, str]:
    """Give the source a new key; the old one stops working within seconds."""
    actor.require("sources.manage")
    source = _lock_source(source_id)
    key = secrets.token_urlsafe(24)
    source.key_digest, source.key_prefix = queries.digest(key), key[:6]
    source.save(update_fields=["key_digest", "key_prefix"])
    _record(actor, now, "source.rotate-key", source)
    return source, key


@transaction.atomic
def discard_parked(*, actor: Actor, now: datetime, parked_id: int) -> None:
    """Take a parked payload off the list; it stays on record."""
    actor.require("sources.manage")
    parked = ParkedPayload.objects.select_for_update().filter(pk=parked_id).first()
    if parked is None:
        raise SourceNotFound(_("There is no such parked payload."))
    if parked.discarded_at is None:
        parked.discarded_at = now
        parked.save(update_fields=["discarded_at"])
        audit.record(actor=actor, now=now, action="parked.discard", subject=SubjectRef("source", parked.source_id))


@transaction.atomic
def mark_replayed(*, actor: Actor, now: datetime, parked_id: int) -> None:
    """Note that a parked payload was taken in after all."""
    actor.require("sources.manage")
    if ParkedPayload.objects.filter(pk=parked_id, replayed_at__isnull=True).update(replayed_at=now):
        audit.record(actor=actor, now=now, action="parked.replay", subject=SubjectRef("parked", parked_id))


def process_changes(*, now: datetime, ids: Sequence[int]) -> None:
    """Attach the changes' alerts to the estate and tell the rooms above, all in one transaction. When one change
    breaks the batch, each is tried alone, so that it does not hold up the others."""
    try:
        _process(ids, now)
    except Exception:
        if len(ids) == 1:
            raise
        for key in ids:
            _process([key], now)


@transaction.atomic
def _process(ids: Sequence[int], now: datetime) -> None:
    changes = list(
        AlertChange.objects.select_for_update(of=("self",))
        .filter(pk__in=ids, due_at__isnull=False)
        .select_related("alert", "alert__source")
        .order_by("id")
    )
    changes = _without_overtakers(changes)
    if not changes:
        return
    _attach(changes)
    AlertChange.objects.filter(pk__in=[change.pk for change in changes]).update(due_at=None, leased_until=None)
    publish(AlertsChanged(tuple(_event(change) for change in changes), now))


def _without_overtakers(changes: list[AlertChange]) -> list[AlertChange]:
    """Leave out changes with an earlier one of the same alert still undecided elsewhere (another engine has it): an
    alert's changes are decided in order. They are due again at once."""
    mine = {change.pk for change in changes}
    earlier: dict[int, int] = {}
    undecided = AlertChange.objects.filter(
        alert_id__in={change.alert_id for change in changes}, due_at__isnull=False
    ).values_list("alert_id", "pk")
    for alert_id, pk in undecided:
        if pk not in mine:
            earlier[alert_id] = min(pk, earlier.get(alert_id, pk))
    early = [change.pk for change in changes if earlier.get(change.alert_id, change.pk) < change.pk]
    if early:
        AlertChange.objects.filter(pk__in=early).update(leased_until=None)
    return [change for change in changes if change.pk not in set(early)]


def _event(change: AlertChange) -> Any:
    alert = change.alert
    alert.status, alert.starts_at, alert.ends_at = change.status, change.starts_at, change.ends_at
    return queries.changed(alert, change.pk, change.reason)


def _attach(changes: Sequence[AlertChange]) -> None:
    alerts = list({change.alert_id: change.alert for change in changes}.values())
    moved = []
    for alert, found in zip(alerts, configuration.match([a.labels for a in alerts]), strict=True):
        if (alert.service_id, alert.item_id) != (found.service_id, found.item_id):
            alert.service_id, alert.item_id = found.service_id, found.item_id
            moved.append(alert)
    by_id = {alert.pk: alert for alert in alerts}
    for change in changes:
        change.alert = by_id[change.alert_id]
    Alert.objects.bulk_update(moved, ["service", "item"])


@transaction.atomic
def expire(*, now: datetime, ids: Sequence[int]) -> None:
    """Resolve firing alerts that were not heard of in time."""
    late = list(
        Alert.objects.select_for_update(of=("self",))
        .select_related("source")
        .filter(pk__in=ids, due_at__lte=now, status=AlertStatus.FIRING)
        .order_by("id")
    )
    for alert in late:
        alert.status, alert.ends_at, alert.changed_at = AlertStatus.RESOLVED, alert.due_at, now
        alert.due_at, alert.leased_until = None, None
    Alert.objects.bulk_update(late, ["status", "ends_at", "changed_at", "due_at", "leased_until"])
    Alert.objects.filter(pk__in=ids, status=AlertStatus.RESOLVED).update(due_at=None, leased_until=None)
    AlertChange.objects.bulk_create(
        AlertChange(
            alert=alert, at=now, status=AlertStatus.RESOLVED, starts_at=alert.starts_at, ends_at=alert.ends_at,
            due_at=now, reason={"transition": "expired", "text": _expired(alert)},
        )
        for alert in late
    )  # fmt: skip
    if late:
        tell_resolved([alert.pk for alert in late])
        wake("alerts.change")


def _expired(alert: Alert) -> str:
    return _("not heard of again by %(time)s UTC") % {"time": f"{alert.ends_at:%H:%M:%S}"}


def tell_resolved(ids: Sequence[int]) -> None:
    """Tell every ingest process, at commit, that these alerts no longer fire."""
    with connection.cursor() as cursor:
        for start in range(0, len(ids), NOTICE_IDS):
            part = ",".join(map(str, ids[start : start + NOTICE_IDS]))
            cursor.execute("SELECT pg_notify(%s, %s)", [RESOLVED_CHANNEL, part])


def _check_source(source: Source) -> None:
    if not source.name or len(source.name) > 120:
        raise BadSource(_("A source needs a name of at most 120 characters."), fields={"name": [_("Write a name.")]})
    if source.kind not in SourceKind.values:
        names = ", ".join(SourceKind.values)
        raise BadSource(_("Kinds are: %(names)s") % {"names": names}, fields={"kind": [names]})
    if not 10 <= source.resolve_timeout <= 86_400:
        text = _("Between 10 seconds and a day.")
        raise BadSource(_("The resolve timeout cannot be used."), fields={"resolve_timeout": [text]})
    if Source.objects.filter(name=source.name).exclude(pk=source.pk).exists():
        text = _("Another source has this name.")
        raise BadSource(text, fields={"name": [text]})


def _lock_source(source_id: int) -> Source:
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise SourceNotFound(_("There is no such source."))
    return source


def _record(
    actor: Actor, now: datetime, action: str, source: Source, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("source", source.pk), subject_label=source.name,
        before=before, after=after,
    )  # fmt: skip
