"""Every write of the room but ingest's own (which is in ``ingest/writer.py``, for speed)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.database.rowsets import Rowset
from steward.foundation.events import publish
from steward.foundation.history.registry import Step, locked, old
from steward.foundation.language import listed
from steward.foundation.sealing import seal
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.signals.alerts import enrichment, identity, queries, rules, storing, telling
from steward.signals.alerts.errors import BadSource, NotReplayable, ParkedNotFound, SourceNotFound
from steward.signals.alerts.events import AlertsChanged
from steward.signals.alerts.ingest import shapes
from steward.signals.alerts.ingest.sources import KINDS, TooManyAlerts, Unreadable, reader_of
from steward.signals.alerts.models import Alert, AlertChange, AlertStatus, ParkedPayload, Source, SourceMode
from steward.signals.alerts.shaping import shaped

log = logging.getLogger(__name__)
LONGEST_TIMEOUT = 86_400
SHORTEST_TIMEOUT = 10
LONGEST_HISTORY = 36_500
# A parked payload may have ten megabytes.
PARKED_BATCH = 50
_ATTACHED = Rowset(i="bigint", s="bigint", c="bigint")
_STANDING = Rowset(i="bigint", s="jsonb")


@transaction.atomic
def create_source(
    *, actor: Actor, now: datetime, name: str, kind: str = "alertmanager", resolve_timeout: int = 300, secret: str = ""
) -> tuple[Source, str]:
    """Make a source; returns it and its key, which is not kept and cannot be shown again. With a ``secret``, only what
    is signed with it or carries it is taken."""
    actor.require("sources.manage")
    key = secrets.token_urlsafe(24)
    source = Source(
        name=name.strip(), kind=kind, resolve_timeout=resolve_timeout, key_digest=queries.digest(key),
        key_prefix=key[:6], secret=_sealed(kind, secret),
    )  # fmt: skip
    _check_source(source)
    source.save()
    after = {"kind": kind, "resolve_timeout": resolve_timeout, "verified": bool(secret)}
    record(actor, now, "source.create", source, after=after)
    return source, key


@transaction.atomic
def update_source(
    *, actor: Actor, now: datetime, source_id: int, name: str, resolve_timeout: int, enabled: bool,
    secret: str | None = None,
) -> Source:  # fmt: skip
    """Change a source. ``secret``: nothing leaves it as it is, an empty text forgets it."""
    actor.require("sources.manage")
    source = lock_source(source_id)
    before = _state(source)
    source.name, source.resolve_timeout, source.enabled = name.strip(), resolve_timeout, enabled
    if secret is not None:
        source.secret = _sealed(source.kind, secret)
    _check_source(source)
    source.save(update_fields=["name", "resolve_timeout", "enabled", "secret"])
    after = _state(source) | ({"secret": "new"} if secret else {})
    record(actor, now, "source.update", source, before, after)
    return source


def _state(source: Source) -> dict[str, Any]:
    names = ("name", "resolve_timeout", "enabled")
    return {**{field: getattr(source, field) for field in names}, "verified": bool(source.secret)}


def _sealed(kind: str, secret: str) -> str:
    given = KINDS.get(kind)
    if secret and (given is None or given.verify is None):
        text = _("What this kind sends is not signed; its key is all there is.")
        raise BadSource(text, fields={"secret": [text]})
    return seal(secret.strip())


@transaction.atomic
def set_mode(*, actor: Actor, now: datetime, source_id: int, mode: str) -> str:
    """Say whether the source's alerts page people; returns what held before. What is decided already stays: the caller
    (the room of shadow mode) tells the rooms that hold it."""
    actor.require("sources.manage")
    if mode not in SourceMode.values:
        text = _("The mode is one of live, shadow, off.")
        raise BadSource(text, fields={"mode": [text]})
    source = lock_source(source_id)
    before, source.mode = source.mode, mode
    if before != mode:
        source.save(update_fields=["mode"])
        record(actor, now, "source.mode", source, {"mode": before}, {"mode": mode})
    return before


@transaction.atomic
def set_history(*, actor: Actor, now: datetime, source_id: int, days: int | None) -> Source:
    """Say for how many days what the source sent is kept: 0 is for ever, nothing is as long as the installation says."""
    actor.require("sources.manage")
    if days is not None and not 0 <= days <= LONGEST_HISTORY:
        text = _("Between 0 (for ever) and %(most)s days.") % {"most": LONGEST_HISTORY}
        raise BadSource(text, fields={"history_days": [text]})
    source = lock_source(source_id)
    before, source.history_days = source.history_days, days
    if before != days:
        source.save(update_fields=["history_days"])
        record(actor, now, "source.history", source, {"history_days": before}, {"history_days": days})
    return source


@transaction.atomic
def rotate_key(*, actor: Actor, now: datetime, source_id: int) -> tuple[Source, str]:
    """Give the source a new key; the old one stops working within seconds."""
    actor.require("sources.manage")
    source = lock_source(source_id)
    key = secrets.token_urlsafe(24)
    source.key_digest, source.key_prefix = queries.digest(key), key[:6]
    source.save(update_fields=["key_digest", "key_prefix"])
    record(actor, now, "source.rotate-key", source)
    return source, key


@transaction.atomic
def discard_parked(*, actor: Actor, now: datetime, parked_id: int) -> ParkedPayload:
    """Take a parked payload off the list; it stays on record."""
    actor.require("sources.manage")
    parked = _lock_parked(parked_id)
    if parked.discarded_at is None and parked.replayed_at is None:
        parked.discarded_at = now
        parked.save(update_fields=["discarded_at"])
        record(actor, now, "parked.discard", parked.source, after={"parked": parked.pk})
    return parked


@transaction.atomic
def replay_parked(*, actor: Actor, now: datetime, parked_id: int) -> int:
    """Read a parked payload again, as if it came now (after an upgrade that understands it, say), and store what it
    says; returns the number of alerts. It stays parked, with the new error, if it cannot be read yet."""
    actor.require("sources.manage")
    parked = _lock_parked(parked_id)
    if parked.replayed_at is not None or parked.discarded_at is not None:
        raise NotReplayable(_("This payload was dealt with already."))
    source = parked.source
    try:
        reader = reader_of(parked.endpoint)
        if reader is None:
            raise Unreadable(f"Nothing reads what comes to {parked.endpoint} any more.")
        received = storing.again(bytes(parked.raw), now, parked.endpoint, parked.context, queries.reading_of(source))
        parsed = reader[1](received)
    except (Unreadable, TooManyAlerts) as error:
        raise NotReplayable(_("It still cannot be read: %(error)s") % {"error": error}) from error
    if parsed.bad:
        raise NotReplayable(_("It still cannot be read: %(error)s") % {"error": parsed.bad[0].error})
    shape = shapes.shape_of(source.pk, identity.from_json(source.identity), enrichment.newer(enrichment.NOTHING))
    brought = storing.payload_of(received, source_id=source.pk)
    _store(
        [
            storing.report(each, source_id=source.pk, resolve_timeout=source.resolve_timeout, now=now, payload=brought)
            for each in shaped(parsed.good, shape)
        ]
    )
    parked.replayed_at = now
    parked.save(update_fields=["replayed_at"])
    record(actor, now, "parked.replay", source, after={"parked": parked.pk, "alerts": len(parsed.good)})
    return len(parsed.good)


def _store(reports: list[storing.Report]) -> None:
    while reports:
        first, later = storing.split_first(reports)
        known = _drive(storing.insert_new(first)).left + later
        # What was removed between the two statements is new again.
        reports = _drive(storing.change_known(known)).left if known else []


def _drive(steps: storing.Steps) -> storing.Stored:
    """Run the statements on Django's connection, in the transaction that is open."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(_run(statement))
    except StopIteration as done:
        stored: storing.Stored = done.value
        return stored


def _run(statement: storing.Statement) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement[0], list(statement[1]))
        return cursor.fetchall() if cursor.description else []


def process_changes(*, now: datetime, ids: Sequence[int]) -> None:
    """Attach the changes' alerts to the estate and tell the rooms above, all in one transaction. When one alert's
    changes break the batch, each alert is tried alone, so that it does not hold up the others."""
    try:
        _process(ids, now)
    except Exception:
        alerts = sorted(set(AlertChange.objects.filter(pk__in=ids).values_list("alert_id", flat=True)))
        if len(alerts) == 1:
            raise
        log.exception("%s alert changes could not be handled together; trying alert by alert", len(ids))
        for alert_id in alerts:
            _process_alone(alert_id, ids, now)


def _process_alone(alert_id: int, ids: Sequence[int], now: datetime) -> None:
    try:
        _process(list(AlertChange.objects.filter(pk__in=ids, alert_id=alert_id).values_list("pk", flat=True)), now)
    except Exception:
        log.exception("changes of alert %s failed; they come again when their lease ends", alert_id)


@transaction.atomic
def _process(ids: Sequence[int], now: datetime) -> None:
    """Take every undecided change of the alerts concerned, in order, whoever leased it: an alert's changes must not
    overtake each other. The alerts are locked first, so a second engine waits and then finds nothing left."""
    concerned = AlertChange.objects.filter(pk__among=ids, due_at__isnull=False).values_list("alert_id", flat=True)
    wanted = Alert.objects.select_for_update(no_key=True).filter(pk__among=set(concerned)).order_by("pk")
    alerts = telling.rows(wanted)
    due = AlertChange.objects.select_for_update().filter(alert_id__among=alerts, due_at__isnull=False).order_by("pk")
    changes = [telling.Change._make(row) for row in due.values_list(*telling.Change._fields)]
    if not changes:
        return
    alerts = _attach(alerts)
    AlertChange.objects.filter(pk__among=[change.id for change in changes]).update(due_at=None, leased_until=None)
    teller = telling.Teller(alerts.values())
    publish(AlertsChanged(tuple(teller.of_change(alerts[change.alert_id], change) for change in changes), now))


def _attach(alerts: Mapping[int, telling.Row]) -> dict[int, telling.Row]:
    """Say what each belongs to by the rules of the estate as they are now."""
    matches = configuration.match([each.labels for each in alerts.values()])
    attached = {
        key: alert._replace(service_id=found.service_id, item_id=found.item_id)
        if (alert.service_id, alert.item_id) != (found.service_id, found.item_id)
        else alert
        for (key, alert), found in zip(alerts.items(), matches, strict=True)
    }
    moved = [(key, each.service_id, each.item_id) for key, each in attached.items() if each is not alerts[key]]
    if moved:
        _run(
            (
                f"UPDATE alerts_alert a SET service_id = u.s, item_id = u.c FROM {_ATTACHED.sql} WHERE a.id = u.i",
                (_ATTACHED.of(moved),),
            )
        )
    return attached


def lock_alerts(alert_ids: Iterable[int]) -> None:
    """Hold alerts in the caller's transaction, in the one order of locks, so that nobody changes them meanwhile."""
    list(
        Alert.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__among=alert_ids).order_by("pk").values_list("pk", flat=True)
    )  # fmt: skip


def set_standing(standings: Mapping[int, Mapping[str, Any] | None]) -> None:
    """Note why alerts (by key) page nobody just now; None: nothing holds them any more. In the caller's transaction,
    which holds the alerts' rows."""
    if not standings:
        return
    _run(
        (
            f"UPDATE alerts_alert a SET standing = u.s FROM {_STANDING.sql}"
            " WHERE a.id = u.i AND a.standing IS DISTINCT FROM u.s",
            (_STANDING.of(sorted(standings.items())),),
        )
    )


@transaction.atomic
def expire(*, now: datetime, ids: Sequence[int]) -> None:
    """Resolve firing alerts that were not heard of in time."""
    rows = Alert.objects.select_for_update(no_key=True).filter(pk__among=ids, due_at__lte=now).order_by("pk")
    late: list[tuple[Alert, rules.Decision]] = []
    changes: list[dict[str, Any]] = []
    idle: list[int] = []
    for alert in rows.only("status", "starts_at", "ends_at", "changed_at", "due_at", "last_seen_at", "source_id",
                           "fingerprint"):  # fmt: skip
        previous = rules.Previous(alert.status, alert.starts_at, alert.ends_at, alert.changed_at, alert.due_at)
        decision = rules.expire(previous, now, alert.last_seen_at)
        if decision is None:
            idle.append(alert.pk)
            continue
        late.append((alert, decision))
        changes.append(storing.change_row(len(changes), alert.pk, now, decision))
    if idle:
        Alert.objects.filter(pk__in=idle, status=AlertStatus.RESOLVED).update(due_at=None, leased_until=None)
    if late:
        _run(
            (
                "UPDATE alerts_alert a SET status = 'resolved', ends_at = u.e, changed_at = %s, due_at = NULL,"
                " leased_until = NULL FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(i, e) WHERE a.id = u.i",
                (now, [alert.pk for alert, _end in late], [decision.ends_at for _alert, decision in late]),
            )
        )
        _run(storing.insert_changes(changes))
        _run(storing.notify([(alert.source_id, bytes(alert.fingerprint)) for alert, _end in late], "", wake=True))


def remove_old_parked(before: datetime, after: int) -> Step:
    """Remove what came in before then and could not be read, whether or not anybody dealt with it."""
    found, further = old(ParkedPayload.objects.all(), "received_at", before=before, after=after, batch=PARKED_BATCH)
    keys = locked(ParkedPayload.objects.filter(pk__in=found))
    ParkedPayload.objects.filter(pk__in=keys).delete()
    return Step(len(keys), further)


def _check_source(source: Source) -> None:
    if not source.name or len(source.name) > 120:
        raise BadSource(_("A source needs a name of at most 120 characters."), fields={"name": [_("Write a name.")]})
    if source.kind not in KINDS:
        names = listed(list(KINDS))
        raise BadSource(_("Kinds are: %(names)s") % {"names": names}, fields={"kind": [names]})
    if not SHORTEST_TIMEOUT <= source.resolve_timeout <= LONGEST_TIMEOUT:
        text = _("Between 10 seconds and a day.")
        raise BadSource(_("The resolve timeout cannot be used."), fields={"resolve_timeout": [text]})
    if Source.objects.filter(name=source.name).exclude(pk=source.pk).exists():
        text = _("Another source has this name.")
        raise BadSource(text, fields={"name": [text]})


def lock_source(source_id: int) -> Source:
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise SourceNotFound(_("There is no such source."))
    return source


def _lock_parked(parked_id: int) -> ParkedPayload:
    parked = ParkedPayload.objects.select_for_update(of=("self",)).select_related("source").filter(pk=parked_id).first()
    if parked is None:
        raise ParkedNotFound(_("There is no such parked payload."))
    return parked


def record(
    actor: Actor, now: datetime, action: str, source: Source, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("source", source.pk), subject_label=source.name,
        before=before, after=after,
    )  # fmt: skip
