"""How long the history of alerts is kept, by source, and what of it goes.

Whole months of changes are dropped when they are older than the longest history that any source has; so where all
sources are kept alike, no change is ever deleted row by row, but what outlived its month. Where some source is kept
longer than others, the others' rows go one by one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from steward.config.environment import load
from steward.foundation.events import publish
from steward.foundation.history.registry import BATCH, Step, locked
from steward.signals.alerts import partitions, payloads
from steward.signals.alerts.events import AlertsLeaving, ChangesGone, ChangesLeaving
from steward.signals.alerts.models import Alert, AlertChange, AlertStatus, Source
from steward.signals.alerts.partitions import CHANGES, PAYLOADS, Divided


@dataclass(frozen=True, slots=True)
class Limits:
    """What is older goes; None is kept for ever. ``own`` are sources that are not kept as the installation says."""

    usual: datetime | None
    own: Mapping[int, datetime | None]

    @property
    def longest(self) -> datetime | None:
        """What is older than this may go whoever sent it."""
        every = [self.usual, *self.own.values()]
        return None if None in every else min(limit for limit in every if limit is not None)


def limits(now: datetime) -> Limits:
    """As it is set now."""
    days = load().history_days
    usual = now - timedelta(days=days) if days else None
    return Limits(usual, {key: now - timedelta(days=own) if own else None for key, own in _own_days().items()})


def _own_days() -> dict[int, int]:
    rows = Source.objects.filter(history_days__isnull=False).values_list("pk", "history_days")
    return {key: days for key, days in rows if days is not None}


def remove_old_months(now: datetime, after: int) -> Step:
    """Make the months ahead, and drop one that is over and old, in the caller's transaction. What must stay of it goes
    to the default partition."""
    with connection.cursor() as cursor:
        partitions.make_ahead(cursor, now, CHANGES)
        old = _old_months(cursor, now, CHANGES)
        if not old:
            return Step(0, None)
        removed = partitions.drop(cursor, old[0], CHANGES, _still_needed(cursor, old[0]))
    return Step(removed, after + 1 if len(old) > 1 else None)


def _old_months(cursor: Any, now: datetime, of: Divided) -> list[partitions.Month]:
    limit = limits(now).longest
    return [month for month in partitions.present(cursor, of) if limit is not None and month.ends <= limit]


def remove_old_payload_months(now: datetime, after: int) -> Step:
    """The same for the requests behind the changes, after that month of changes is dropped: those of changes that
    stayed stay."""
    with connection.cursor() as cursor:
        partitions.make_ahead(cursor, now, PAYLOADS)
        waiting = set(partitions.present(cursor, CHANGES))
        old = [month for month in _old_months(cursor, now, PAYLOADS) if month not in waiting]
        if not old:
            return Step(0, None)
        # A change has the time of its request, so only this month's are asked for.
        cursor.execute(
            "SELECT DISTINCT payload_id FROM alerts_alertchange WHERE at >= %s AND at < %s AND payload_id IS NOT NULL",
            [old[0].begins, old[0].ends],
        )
        needed = {row[0] for row in cursor.fetchall()}
        removed = partitions.drop(cursor, old[0], PAYLOADS, needed)
    return Step(removed, after + 1 if len(old) > 1 else None)


def remove_unneeded_payloads(now: datetime, after: int) -> Step:
    """Remove requests that nothing refers to any more: of sources with a shorter history than others, and those that
    outlived their month."""
    removed = 0
    with connection.cursor() as cursor:
        for source_id, limit in limits(now).own.items():
            if limit is not None:
                cursor.execute(
                    _UNNEEDED.format(table=PAYLOADS.table, whose="p.source_id = %s"),
                    [payloads.id_before(limit), source_id, BATCH],
                )
                removed += cursor.rowcount
        if usual := limits(now).usual:
            place = PAYLOADS.table if limits(now).longest != usual else PAYLOADS.kept
            cursor.execute(
                _UNNEEDED.format(table=place, whose="NOT p.source_id = ANY(%s)"),
                [payloads.id_before(usual), list(_own_days()), BATCH],
            )
            removed += cursor.rowcount
    return Step(removed, after + 1 if removed >= BATCH else None)


# By hand, because the parts of a divided table have no models. The ids are in order of time.
_UNNEEDED = """
DELETE FROM {table} USING (
  SELECT p.id, p.at FROM {table} p WHERE p.id < %s AND {whose} AND NOT EXISTS (
    SELECT 1 FROM alerts_alertchange c WHERE c.payload_id = p.id AND c.at = p.at)
  ORDER BY p.id LIMIT %s) AS old WHERE {table}.id = old.id AND {table}.at = old.at
"""


def _still_needed(cursor: Any, month: partitions.Month) -> set[int]:
    """Which of a month's changes stay; the rooms above are told which go."""
    kept: set[int] = set()
    last = 0
    while True:
        cursor.execute(f"SELECT id FROM {CHANGES.part(month)} WHERE id > %s ORDER BY id LIMIT %s", [last, BATCH])
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return kept
        last = ids[-1]
        stays = _unfinished(cursor, month, ids)
        event = ChangesLeaving(frozenset(ids) - stays, set())
        publish(event)
        stays |= event.kept
        publish(ChangesGone(frozenset(ids) - stays))
        kept |= stays


def _unfinished(cursor: Any, month: partitions.Month, ids: list[int]) -> set[int]:
    """What triage has not decided on, and the newest change of an alert that is there."""
    cursor.execute(
        f"SELECT c.id FROM {CHANGES.part(month)} c WHERE c.id = ANY(%s) AND (c.due_at IS NOT NULL OR ("
        f" NOT EXISTS (SELECT 1 FROM {CHANGES.table} n WHERE n.alert_id = c.alert_id AND n.id > c.id)"
        " AND EXISTS (SELECT 1 FROM alerts_alert a WHERE a.id = c.alert_id)))",
        [ids],
    )
    return {row[0] for row in cursor.fetchall()}


def remove_old_changes(before: datetime, after: int) -> Step:
    """Remove changes from before then of sources that are kept as the installation says, in the caller's transaction:
    those that outlived their month, and everything while some source is kept longer. An alert's newest change stays,
    and so does what triage has not decided on yet or a room above still needs."""
    own = _own_days()
    months_go = all(0 < days <= load().history_days for days in own.values())
    place = CHANGES.kept if months_go else CHANGES.table
    with connection.cursor() as cursor:
        # Rows arrive in order of time, so the search ends where nothing is old. By hand, because the parts of a divided
        # table have no models.
        cursor.execute(f"SELECT id, at FROM {place} WHERE id > %s ORDER BY id LIMIT %s", [after, BATCH])
        rows = cursor.fetchall()
    old = [key for key, at in rows if at < before]
    usual = AlertChange.objects.filter(pk__in=old).exclude(alert__in=Alert.objects.filter(source__in=list(own)))
    return Step(_remove_changes(usual), rows[-1][0] if old else None)


def remove_own_changes(now: datetime, after: int) -> Step:
    """The same for sources with a history of their own, alert by alert."""
    own = {key: limit for key, limit in limits(now).own.items() if limit is not None}
    alerts = list(Alert.objects.filter(source__in=list(own), pk__gt=after).order_by("pk")
                  .values_list("pk", "source_id")[:BATCH])  # fmt: skip
    wanted = Q(pk__in=[])
    for source_id, limit in own.items():
        wanted |= Q(alert_id__in=[key for key, source in alerts if source == source_id], at__lt=limit)
    removed = 0
    # An alert may have any number of changes; what is left of too many waits for another night.
    keys = list(AlertChange.objects.filter(wanted).order_by("pk").values_list("pk", flat=True)[: BATCH * 10])
    for start in range(0, len(keys), BATCH):
        removed += _remove_changes(AlertChange.objects.filter(pk__in=keys[start : start + BATCH]))
    return Step(removed, alerts[-1][0] if len(alerts) == BATCH else None)


def _remove_changes(changes: QuerySet[AlertChange]) -> int:
    newer = AlertChange.objects.filter(alert=OuterRef("alert"), pk__gt=OuterRef("pk"))
    keys = locked(changes.filter(Exists(newer), due_at__isnull=True))
    event = ChangesLeaving(frozenset(keys), set())
    publish(event)
    gone = event.change_ids - event.kept
    AlertChange.objects.filter(pk__in=gone).delete()
    return len(gone)


def remove_old_alerts(before: datetime, after: int) -> Step:
    """Remove alerts that were resolved before then and not heard of since, unless a room above still needs them. An
    alert goes after its changes: one that has several left waits for those."""
    return _remove_alerts(_silent(before).exclude(source__in=list(_own_days())), after)


def remove_own_alerts(now: datetime, after: int) -> Step:
    """The same for sources with a history of their own."""
    wanted = Alert.objects.none()
    for source_id, limit in limits(now).own.items():
        if limit is not None:
            wanted = wanted | _silent(limit).filter(source=source_id)
    return _remove_alerts(wanted, after)


def _silent(before: datetime) -> QuerySet[Alert]:
    return Alert.objects.filter(status=AlertStatus.RESOLVED, changed_at__lt=before, last_seen_at__lt=before)


def _remove_alerts(silent: QuerySet[Alert], after: int) -> Step:
    found = list(silent.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
    event = AlertsLeaving(frozenset(locked(silent.filter(pk__in=found))), set())
    publish(event)
    gone = event.alert_ids - event.kept
    earlier = AlertChange.objects.filter(alert=OuterRef("alert"), pk__lt=OuterRef("pk"))
    changes = AlertChange.objects.filter(alert_id__in=gone)
    gone -= set(changes.filter(Exists(earlier)).values_list("alert_id", flat=True))
    gone -= set(changes.filter(due_at__isnull=False).values_list("alert_id", flat=True))
    Alert.objects.filter(pk__in=gone).delete()
    return Step(len(gone), found[-1] if len(found) == BATCH else None)
