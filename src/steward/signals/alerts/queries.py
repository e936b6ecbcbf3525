"""Reads of alerts and sources."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

import orjson
from django.db import connection
from django.db.models import BooleanField, Count, Max, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.signals.alerts import shown, telling
from steward.signals.alerts.errors import AlertNotFound, BadLabelSearch, ParkedNotFound, SourceNotFound
from steward.signals.alerts.events import ChangedAlert
from steward.signals.alerts.ingest.sources.generic import mapping
from steward.signals.alerts.ingest.sources.generic.mapping import Compiled
from steward.signals.alerts.models import (
    Acknowledgement,
    AcknowledgementQuerySet,
    Alert,
    AlertChange,
    AlertQuerySet,
    AlertStatus,
    LastPayload,
    LastPayloadQuerySet,
    MappingVersion,
    ParkedPayload,
    ParkedQuerySet,
    Payload,
    Source,
    SourceQuerySet,
)
from steward.signals.alerts.payloads import MAX_BODY

# Of so many newest alerts, so many have a label that is worth no index.
PROBED, COMMON = 2_000, 5
LAST = "\U0010ffff"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def sources(actor: Actor) -> SourceQuerySet:
    return Source.objects.visible_to(actor)


def source_by_id(actor: Actor, source_id: int) -> Source:
    found = sources(actor).filter(pk=source_id).first()
    if found is None:
        raise SourceNotFound(_("There is no such source."))
    return found


def reading_of(source: Source) -> Compiled | None:
    """How the source's own JSON is read."""
    return mapping.remembered(orjson.dumps(source.mapping).decode() if source.mapping else "")


def mapping_versions(source: Source) -> QuerySet[MappingVersion]:
    """Its mappings, the newest first."""
    return MappingVersion.objects.filter(source=source)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as its list shows it; ``firing`` and ``parked`` are numbers of alerts and of waiting payloads."""

    source: Source
    firing: int
    parked: int


def source_lines(actor: Actor) -> list[SourceLine]:
    """Every source with its numbers."""
    return lines_of(sources(actor))


def lines_of(found: Iterable[Source]) -> list[SourceLine]:
    """These sources with their numbers. Counted over the firing and the waiting only, which are few."""
    firing = _by_source(Alert.objects.filter(status=AlertStatus.FIRING))
    waiting = _by_source(ParkedPayload.objects.waiting())
    return [SourceLine(each, firing.get(each.pk, 0), waiting.get(each.pk, 0)) for each in found]


def source_line(actor: Actor, source_id: int) -> SourceLine:
    """One source with its numbers."""
    source = source_by_id(actor, source_id)
    firing = Alert.objects.filter(status=AlertStatus.FIRING, source=source).count()
    return SourceLine(source, firing, ParkedPayload.objects.waiting().filter(source=source).count())


def _by_source(queryset: QuerySet[Any]) -> dict[int, int]:
    return dict(queryset.order_by().values_list("source_id").annotate(number=Count("pk")))


def alerts(actor: Actor) -> AlertQuerySet:
    return Alert.objects.visible_to(actor).select_related("source", "service")


def alert_by_id(actor: Actor, alert_id: int) -> Alert:
    found = alerts(actor).select_related("item").filter(pk=alert_id).first()
    if found is None:
        raise AlertNotFound(_("There is no such alert, or it is not yours to see."))
    return found


def held(actor: Actor) -> AlertQuerySet:
    """What fires and pages nobody just now, because something holds it."""
    return Alert.objects.visible_to(actor).filter(standing__isnull=False)


def held_by(queryset: AlertQuerySet, kinds: Iterable[str]) -> AlertQuerySet:
    """Those of these alerts that something of these kinds holds; ``any``: whatever it is."""
    found, wanted = queryset.filter(standing__isnull=False), set(kinds)
    return found if "any" in wanted else found.filter(standing__kind__in=wanted)


def held_counts(actor: Actor) -> dict[str, int]:
    """By what holds them (silence, maintenance, …), how many alerts are held."""
    rows = held(actor).order_by().values_list("standing__kind").annotate(number=Count("pk"))
    return {str(kind): number for kind, number in rows}


def why_held(alert: Alert) -> str:
    """Why it is held, in the reader's language; empty if nothing holds it."""
    held_by = alert.standing or {}
    return sentences.read(held_by.get(sentences.SAID), "text", str(held_by.get("text", "")))


def changes_of(alert: Alert) -> QuerySet[AlertChange]:
    """Its transitions, newest first."""
    return AlertChange.objects.filter(alert=alert).order_by("-id")


def change_of(alert: Alert, change_id: int) -> AlertChange:
    found = changes_of(alert).filter(pk=change_id).first()
    if found is None:
        raise AlertNotFound(_("This alert has no such change."))
    return found


def change_with_alert(actor: Actor, change_id: int) -> AlertChange | None:
    """A change with its alert and what that belongs to, if this actor may see it (one query)."""
    visible = Alert.objects.visible_to(actor)
    found = AlertChange.objects.filter(pk=change_id, alert__in=visible)
    return found.select_related("alert__source", "alert__service", "alert__item").first()


def payload_of(actor: Actor, change: AlertChange) -> Payload | None:
    """The request that brought a change; none where no request did (it expired), where it is not kept any more, or where
    this actor may not see it."""
    if change.payload_id is None:
        return None
    return Payload.objects.visible_to(actor).filter(pk=change.payload_id, at=change.at).first()


def payloads_of(actor: Actor, changes: Iterable[AlertChange]) -> dict[int, Payload]:
    """The requests that brought these changes, by change (one query); see :func:`payload_of`."""
    asked = {change.pk: (change.payload_id, change.at) for change in changes if change.payload_id is not None}
    if not asked:
        return {}
    ids, times = zip(*asked.values(), strict=True)
    rows = Payload.objects.visible_to(actor).filter(pk__in=ids, at__in=times)
    found: dict[tuple[int | None, datetime], Payload] = {(row.pk, row.at): row for row in rows}
    return {key: found[place] for key, place in asked.items() if place in found}


def payload_text(payload: Payload, most: int) -> str:
    """The beginning of a request as people read it; empty where its body was too long to be kept."""
    return shown.pretty(payload.raw)[:most] if payload.is_kept else ""


def last_payload_of(actor: Actor, alert: Alert) -> Payload | None:
    """The request that brought its newest change of those that a request brought."""
    change = changes_of(alert).filter(payload_id__isnull=False).first()
    return payload_of(actor, change) if change is not None else None


def last_payloads(actor: Actor, source: Source) -> LastPayloadQuerySet:
    """The last requests of a source, newest first."""
    return LastPayload.objects.visible_to(actor).filter(source=source)


def why_changed(change: AlertChange) -> str:
    """Why a transition happened, in the reader's language."""
    return shown.reason_text(change.reason)


def parked(actor: Actor) -> ParkedQuerySet:
    """What could not be read, newest first, without the payloads themselves."""
    return ParkedPayload.objects.visible_to(actor).select_related("source").defer("raw")


def parked_whole(actor: Actor, source: Source) -> ParkedQuerySet:
    """What of a source waits to be read, newest first, with the payloads; those that are too long to try on left out."""
    found = ParkedPayload.objects.visible_to(actor).waiting().filter(source=source)
    return found.annotate(length=Length("raw")).filter(length__lte=MAX_BODY)


def parked_by_id(actor: Actor, parked_id: int) -> ParkedPayload:
    found = ParkedPayload.objects.visible_to(actor).select_related("source").filter(pk=parked_id).first()
    if found is None:
        raise ParkedNotFound(_("There is no such parked payload."))
    return found


def acknowledgements(actor: Actor) -> AcknowledgementQuerySet:
    """What senders said about who works on their alerts, newest first."""
    return Acknowledgement.objects.visible_to(actor)


def labelled(queryset: AlertQuerySet, labels: Mapping[str, str]) -> AlertQuerySet:
    """Alerts that have all of these labels.

    PostgreSQL cannot tell how many those are, and would read the alerts one by one, the newest first, until it has
    found a page of them. That is right for labels that many alerts have. For others, found by looking at the newest,
    the index of labels goes first.
    """
    wanted = orjson.dumps(dict(labels)).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT labels FROM alerts_alert ORDER BY changed_at DESC, id DESC LIMIT %s) newest"
            " WHERE labels @> %s::jsonb",
            [PROBED, wanted],
        )
        row = cursor.fetchone()
    if row and row[0] >= COMMON:
        return queryset.filter(labels__contains=dict(labels))
    first = "alerts_alert.id = ANY(ARRAY(SELECT a.id FROM alerts_alert a WHERE a.labels @> %s::jsonb))"
    return queryset.filter(RawSQL(first, [wanted], output_field=BooleanField()))  # noqa: S611 - a constant with a parameter


def named(queryset: AlertQuerySet, text: str) -> AlertQuerySet:
    """Alerts whose name begins with the text, or with it written as a name. As ranges, because PostgreSQL uses no index
    for Django's form of LIKE; names are collated by bytes, so a range is exactly a beginning."""
    ranges = [Q(name__gte=each, name__lt=each + LAST) for each in {text, text[:1].upper() + text[1:]}]
    return queryset.filter(reduce(or_, ranges))


def read_labels(text: str) -> dict[str, str]:
    """The labels of a search such as ``job=node, severity=critical``."""
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not (name.strip() and equals):
            raise BadLabelSearch(_("Write labels as name=value, several with commas between them."))
        found[name.strip()] = value.strip().strip('"')
    return found


def firing_count(actor: Actor) -> int:
    return Alert.objects.visible_to(actor).firing().count()


def fired_since(actor: Actor, since: datetime) -> int:
    """How often alerts that this actor may see began to fire since then."""
    if not actor.can("alerts.view"):
        return 0
    # By containment: a reason without a code is not "changed", and NULL would be neither.
    found = AlertChange.objects.filter(at__gte=since, status=AlertStatus.FIRING).exclude(
        reason__contains={"code": "changed"}
    )
    # At home that is all of them, and the count need not look at the alerts.
    return (found.filter(alert__in=Alert.objects.visible_to(actor)) if actor.is_external else found).count()


def visible_ids(actor: Actor, alert_ids: Iterable[int]) -> set[int]:
    """Which of these alerts the actor may see."""
    return set(Alert.objects.visible_to(actor).filter(pk__in=list(alert_ids)).values_list("pk", flat=True))


def firing_services(actor: Actor) -> dict[int | None, int]:
    """Service key → number of its firing alerts; alerts of no service are under None."""
    rows = Alert.objects.visible_to(actor).firing().values_list("service_id").annotate(number=Count("id")).order_by()
    return dict(rows)


def firing_labels() -> Iterator[tuple[int, dict[str, str]]]:
    """Key and labels of everything that fires, read in pieces."""
    rows = Alert.objects.filter(status=AlertStatus.FIRING).order_by("pk").values_list("pk", "labels")
    yield from rows.iterator(chunk_size=2_000)


def change_times(alert_ids: Iterable[int], since: datetime) -> dict[int, list[datetime]]:
    """When these alerts changed since then."""
    found: dict[int, list[datetime]] = {}
    rows = AlertChange.objects.filter(alert_id__in=list(alert_ids), at__gt=since).order_by("alert_id", "id")
    for alert_id, at in rows.values_list("alert_id", "at"):
        found.setdefault(alert_id, []).append(at)
    return found


@dataclass(frozen=True, slots=True)
class PastChange:
    """A stored change with its alert as it was then: what changed about its labels since is undone."""

    change_id: int
    alert_id: int
    at: datetime
    status: str
    starts_at: datetime
    name: str
    labels: dict[str, str]
    severity: str
    code: str
    service_id: int | None
    item_id: int | None
    source_id: int
    shadow: bool


def changes_between(start: datetime, end: datetime, source_ids: Sequence[int], most: int) -> list[PastChange]:
    """The stored changes of this time, of these sources (none: of all), oldest first; of more than ``most`` the first."""
    rows = AlertChange.objects.filter(at__gte=start, at__lt=end).order_by("at", "id")
    if source_ids:
        rows = rows.filter(alert__source_id__in=list(source_ids))
    found = list(rows.values_list("pk", "alert_id", "at", "status", "starts_at", "reason")[:most])
    wanted = list({row[1] for row in found})
    alerts_of: dict[int, tuple[Any, ...]] = {}
    for place in range(0, len(wanted), 5_000):
        part = Alert.objects.filter(pk__in=wanted[place : place + 5_000])
        names = ("name", "labels", "service_id", "item_id", "source_id")
        alerts_of |= {row[0]: row[1:] for row in part.values_list("pk", *names)}
    labels = {key: dict(row[1]) for key, row in alerts_of.items()}
    quiet = set(Source.objects.filter(mode="shadow").values_list("pk", flat=True))
    # Of a time that is cut, what comes after the last one taken is taken back too.
    last = found[-1] if len(found) == most else None
    _undo(labels, wanted, Q(at__gt=last[2]) | Q(at=last[2], pk__gt=last[0]) if last else Q(at__gte=end))
    made: list[PastChange] = []
    for pk, alert_id, at, status, starts_at, reason in reversed(found):
        if alert_id not in alerts_of:
            continue
        name, _labels, service_id, item_id, source_id = alerts_of[alert_id]
        now = labels[alert_id]
        made.append(
            PastChange(
                pk, alert_id, at, status, starts_at, name, now, now.get("severity", "").lower(),
                reason.get("code", ""), service_id, item_id, source_id, source_id in quiet,
            )
        )  # fmt: skip
        if reason.get("code") == "changed":
            labels[alert_id] = _before(now, reason)
    return made[::-1]


def _undo(labels: dict[int, dict[str, str]], alert_ids: Sequence[int], afterwards: Q) -> None:
    """Take back what changed about the labels afterwards."""
    for place in range(0, len(alert_ids), 5_000):
        part = alert_ids[place : place + 5_000]
        later = AlertChange.objects.filter(afterwards, alert_id__in=part, reason__contains={"code": "changed"})
        for alert_id, reason in later.order_by("-id").values_list("alert_id", "reason"):
            if alert_id in labels:
                labels[alert_id] = _before(labels[alert_id], reason)


def _before(labels: dict[str, str], reason: Mapping[str, Any]) -> dict[str, str]:
    before, after = reason.get("before") or {}, reason.get("after") or {}
    return {name: value for name, value in labels.items() if name not in after} | dict(before)


def as_changed(alert_ids: Sequence[int], now: datetime, *, resolved: bool = False) -> list[ChangedAlert]:
    """Alerts that still fire (and, if asked, those that are ``resolved``), in the given order, as their newest change."""
    newest = dict(
        AlertChange.objects.filter(alert_id__among=alert_ids)
        .values_list("alert_id")
        .annotate(newest=Max("id"))
        .order_by()
    )
    wanted = Alert.objects.filter(pk__among=alert_ids)
    found = telling.rows(wanted if resolved else wanted.firing())
    teller = telling.Teller(found.values())
    return [teller.of_alert(found[key], newest.get(key, 0)) for key in alert_ids if key in found]


def silent_sources(actor: Actor, now: datetime, quiet: timedelta) -> QuerySet[Source]:
    """Enabled sources that were heard of before but not for ``quiet``: no data is not health."""
    return sources(actor).filter(enabled=True, last_received_at__lt=now - quiet)


def mode_of(source_id: int) -> str:
    """Whether the source's alerts page people (see ``SourceMode``)."""
    return Source.objects.values_list("mode", flat=True).get(pk=source_id)


def of_source(
    source_id: int, alert_ids: Collection[int], fingerprints: Collection[bytes], since: datetime, most: int = 20_000
) -> list[Alert]:
    """Alerts of one source: these, those with these fingerprints, and those that changed since then."""
    wanted = Q(pk__in=list(alert_ids)) | Q(fingerprint__in=list(fingerprints)) | Q(changed_at__gt=since)
    return list(Alert.objects.filter(wanted, source_id=source_id).order_by("-changed_at", "-id")[:most])
