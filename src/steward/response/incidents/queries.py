"""Reads of incidents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import (
    Case,
    Count,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Extract, StrIndex, TruncHour
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.response.incidents import rules
from steward.response.incidents.errors import HandoverNotFound, HelpCallNotFound, IncidentNotFound
from steward.response.incidents.events import GroupsAsked
from steward.response.incidents.models import (
    EntryKind,
    Handover,
    HelpCall,
    Incident,
    IncidentAlert,
    IncidentQuerySet,
    IncidentStatus,
    TimelineEntry,
    Watch,
)
from steward.signals.alerts import queries as alert_queries

# Who of us is on call and paged is nobody else's business.
ABOUT_PAGING = (EntryKind.PAGE, EntryKind.ESCALATION, EntryKind.UNREACHED, EntryKind.HANDOVER, EntryKind.HELP)
# What shows that somebody is at work; acknowledging is only the promise.
PROGRESS = (
    EntryKind.NOTE, EntryKind.SEVERITY, EntryKind.ASSIGNED, EntryKind.MERGED, EntryKind.SPLIT, EntryKind.VERDICT,
    EntryKind.HANDOVER, EntryKind.HELP,
)  # fmt: skip
PEOPLE = ("user", "link", "apikey")
REF = re.compile(r"^\s*(?:INC-)?(\d{1,18})\s*$", re.IGNORECASE)


def incidents(actor: Actor) -> IncidentQuerySet:
    """What this actor may see, with what a list shows."""
    return Incident.objects.visible_to(actor).select_related("service", "assignee", "merged_into", "split_from")


def active(actor: Actor) -> QuerySet[Incident]:
    """Open and acknowledged, the worst and then the newest first."""
    return incidents(actor).active().order_by("severity", "-opened_at", "-id")


def by_number(actor: Actor, number: int) -> Incident:
    """One incident by its number; NotFound if the actor may not see it."""
    wanted = with_terms(incidents(actor)).select_related("policy", "supplier", "service__owner_team")
    found = wanted.filter(number=number).first()
    if found is None:
        raise IncidentNotFound(
            _("There is no incident INC-%(number)s, or it is not yours to see.") % {"number": number}
        )
    return found


def by_id(actor: Actor, incident_id: int) -> Incident:
    found = with_terms(incidents(actor)).select_related("policy").filter(pk=incident_id).first()
    if found is None:
        raise IncidentNotFound(_("There is no such incident, or it is not yours to see."))
    return found


def by_ref(actor: Actor, ref: str) -> Incident:
    """One incident by ``INC-12`` or ``12``."""
    number = REF.match(ref)
    if number is None:
        raise IncidentNotFound(_("“%(ref)s” is no incident; write INC-1.") % {"ref": ref[:40]})
    return by_number(actor, int(number[1]))


def search(actor: Actor, text: str) -> QuerySet[Incident]:
    """By reference or words of the title, newest first."""
    return matching(incidents(actor), text).order_by("-opened_at", "-id")


def matching(found: QuerySet[Incident], text: str) -> QuerySet[Incident]:
    """By reference or any part of the title, upper and lower case alike.

    Not by LIKE: behind row-level security PostgreSQL takes it for so selective that it reads and sorts all there are
    instead of the newest until a page is full.
    """
    number = REF.match(text)
    if number:
        return found.filter(number=int(number[1]))
    return found.alias(place=StrIndex("title_folded", Value(text.lower()))).filter(place__gt=0)


def timeline(actor: Actor, incident: Incident) -> QuerySet[TimelineEntry]:
    """What happened, oldest first. External people see no paging, and only alerts that are theirs."""
    here = Q(incident__in=Incident.objects.visible_to(actor).filter(pk=incident.pk))
    merged = list(Incident.objects.visible_to(actor).filter(merged_into=incident.pk).values_list("pk", flat=True))
    if merged:
        # What people noted there is about this; what the machine did there would only be said twice.
        here |= Q(incident__in=merged, kind=EntryKind.NOTE)
    found = TimelineEntry.objects.filter(here).select_related("incident")
    if actor.is_external:
        theirs = list(alerts(actor, incident).values_list("alert_id", flat=True))
        of_theirs = Q(data__alert__in=theirs) | Q(data__alerts__contained_by=theirs)
        found = found.exclude(kind__in=ABOUT_PAGING).filter(~Q(data__has_any_keys=["alert", "alerts"]) | of_theirs)
    return found.order_by("at", "id")


def milestones(actor: Actor, incident_ids: Iterable[int], kinds: Iterable[str] = ()) -> QuerySet[TimelineEntry]:
    """What happened in these incidents, oldest first, without what people noted; for our own people. With ``kinds`` only
    that."""
    if actor.is_external:
        return TimelineEntry.objects.none()
    visible = Incident.objects.visible_to(actor).filter(pk__in=list(incident_ids))
    found = TimelineEntry.objects.filter(incident__in=visible).exclude(kind__in=[EntryKind.NOTE, EntryKind.VERDICT])
    wanted = list(kinds)
    return (found.filter(kind__in=wanted) if wanted else found).order_by("at", "id")


def alerts(actor: Actor, incident: Incident) -> QuerySet[IncidentAlert]:
    """The memberships of its alerts, firing ones first; for external people, of those that are theirs."""
    found = IncidentAlert.objects.filter(incident__in=Incident.objects.visible_to(actor).filter(pk=incident.pk))
    if actor.is_external:
        found = found.filter(alert_id__in=alert_queries.visible_ids(actor, found.values_list("alert_id", flat=True)))
    return found.select_related("alert", "alert__source").order_by("-firing", "-joined_at", "-id")


def alerts_in_incidents(alert_ids: Iterable[int]) -> set[int]:
    """Which of these alerts belong to any incident."""
    return set(IncidentAlert.objects.filter(alert_id__in=alert_ids).values_list("alert_id", flat=True))


def of_alert(actor: Actor, alert_id: int) -> QuerySet[Incident]:
    """The incidents that this alert is or was part of, with when it joined each (``joined_at``), newest first."""
    own = Q(memberships__alert_id=alert_id)
    found = Incident.objects.visible_to(actor).filter(own).annotate(joined_at=F("memberships__joined_at"))
    return found.order_by("-pk")


def incident_of_call(call_id: int) -> int | None:
    """The incident that a call for help is about."""
    return HelpCall.objects.filter(pk=call_id).values_list("incident_id", flat=True).first()


def handover_of(incident: Incident, handover_id: int) -> Handover:
    """A question of this incident whether somebody takes over."""
    found = Handover.objects.filter(incident=incident, pk=handover_id).first()
    if found is None:
        raise HandoverNotFound(_("There is no such question about %(ref)s.") % {"ref": incident.ref})
    return found


def call_of(incident: Incident, call_id: int) -> HelpCall:
    """A call for help of this incident."""
    found = HelpCall.objects.filter(incident=incident, pk=call_id).first()
    if found is None:
        raise HelpCallNotFound(_("There is no such call for help about %(ref)s.") % {"ref": incident.ref})
    return found


def with_terms(found: IncidentQuerySet) -> IncidentQuerySet:
    """The same incidents with the terms on which somebody is on them, for ``watched``."""
    done = TimelineEntry.objects.filter(
        incident_id=OuterRef("pk"), at__gte=OuterRef("watch__since"), kind__in=PROGRESS, data__by__in=PEOPLE
    )
    progress = Subquery(done.order_by("-at").values("at")[:1])
    return found.select_related("watch").annotate(progress_at=progress)


def watched(incident: Incident) -> rules.Watched | None:
    """The terms on which somebody is on an incident that ``by_number`` or ``by_id`` found; None without any."""
    watch: Watch | None = getattr(incident, "watch", None)
    if watch is None:
        return None
    return rules.Watched(
        incident.status, watch.since, watch.ack_minutes, watch.remind_minutes, watch.reminded_at,
        incident.progress_at, incident.snoozed_until,  # type: ignore[attr-defined]
    )  # fmt: skip


def last_progress(incident_id: int, since: datetime) -> datetime | None:
    """When a person last did something with the incident from then on."""
    done = TimelineEntry.objects.filter(
        incident_id=incident_id, at__gte=since, kind__in=PROGRESS, data__by__in=PEOPLE
    ).order_by("-at")
    return done.values_list("at", flat=True).first()


def pressure(incident_id: int, minutes: Iterable[int], now: datetime) -> tuple[str, dict[int, int]]:
    """How bad an incident is, and how many of its alerts fired for the first time or again within the last so many
    minutes (by minutes)."""
    severity = Incident.objects.filter(pk=incident_id).values_list("severity", flat=True).first() or ""
    members = IncidentAlert.objects.filter(incident_id=incident_id)
    found = {}
    for each in minutes:
        since = now - timedelta(minutes=each)
        lately = Q(joined_at__gt=since) | Q(firing=True, alert__starts_at__gt=since)
        found[each] = members.filter(lately).count()
    return severity, found


def holding(alert_id: int) -> list[Incident]:
    """The active incidents in which this alert fires, in the order of locks."""
    fires = IncidentAlert.objects.filter(alert_id=alert_id, firing=True).values("incident_id")
    return list(Incident.objects.active().filter(pk__in=fires).order_by("pk"))


@dataclass(frozen=True, slots=True)
class Pulse:
    """Figures for the home page. ``acknowledge_seconds`` is the median from opening to acknowledgement over 7 days,
    ``hours`` the number opened in each of the last 24 full hours (oldest first), ``by_service`` the worst severity and
    the number of each service's active incidents."""

    open: int
    unacknowledged: int
    unreached: int
    opened_24h: int
    resolved_24h: int
    acknowledge_seconds: float | None
    hours: list[tuple[datetime, int]]
    by_service: dict[int, tuple[str, int]]


def pulse(actor: Actor, now: datetime) -> Pulse:
    """The figures over what this actor may see (three queries)."""
    visible = Incident.objects.visible_to(actor)
    states = list(visible.active().values_list("status", "unreached", "service_id", "severity")[:10_000])
    day = now - timedelta(hours=24)
    opened, resolved = _lately(visible, day)
    return Pulse(
        open=len(states),
        unacknowledged=sum(1 for status, *_rest in states if status == IncidentStatus.OPEN),
        unreached=sum(1 for _status, unreached, *_rest in states if unreached),
        opened_24h=opened.total(),
        resolved_24h=resolved,
        acknowledge_seconds=_median_acknowledge(now) if not actor.is_external else None,
        hours=_by_hour(opened, now),
        by_service=_by_service((service_id, severity) for _s, _u, service_id, severity in states),
    )


def _median_acknowledge(now: datetime) -> float | None:
    # The newest thousand are enough for a median that people read, and keep it fast at any size.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - opened_at))"
            " FROM (SELECT acknowledged_at, opened_at FROM incidents_incident WHERE opened_at >= %s"
            " AND acknowledged_at IS NOT NULL ORDER BY opened_at DESC LIMIT 1000) AS recent",
            [now - timedelta(days=7)],
        )
        row = cursor.fetchone()
    return float(row[0]) if row and row[0] is not None else None


def _lately(visible: IncidentQuerySet, since: datetime) -> tuple[Counter[datetime], int]:
    """How many were opened since then, by hour, and how many were resolved since then."""
    hour = TruncHour(Case(When(opened_at__gte=since, then=F("opened_at"))), tzinfo=UTC)
    rows = (
        visible.filter(Q(opened_at__gte=since) | Q(resolved_at__gte=since))
        .annotate(hour=hour).order_by().values("hour")
        .annotate(opened=Count("id"), resolved=Count("id", filter=Q(resolved_at__gte=since)))
        .values_list("hour", "opened", "resolved")
    )  # fmt: skip
    opened, resolved = Counter[datetime](), 0
    for at, number, ended in rows:
        resolved += ended
        if at is not None:
            opened[at] = number
    return opened, resolved


def _by_hour(opened: Counter[datetime], now: datetime, hours: int = 24) -> list[tuple[datetime, int]]:
    """How many were opened in each of the last ``hours`` hours, the present one included, oldest first."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    return [(hour, opened[hour]) for hour in (first + timedelta(hours=n) for n in range(hours))]


def _by_service(active: Iterable[tuple[int | None, str]]) -> dict[int, tuple[str, int]]:
    found: dict[int, tuple[str, int]] = {}
    for service_id, severity in active:
        if service_id is not None:
            worst, number = found.get(service_id, ("SEV9", 0))
            found[service_id] = (min(worst, severity), number + 1)
    return found


# How many open incidents are compared, and how many are offered.
COMPARED, OFFERED = 200, 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open incident that another one could be merged into, and what speaks for it."""

    incident: Incident
    likeness: rules.Likeness


def merge_candidates(actor: Actor, incident: Incident, text: str = "") -> list[Candidate]:
    """Open incidents that may be the same, the likeliest first; with ``text``, only those that it finds. Compared are
    those of the same service and those that opened nearest in time (three queries)."""
    others = matching(active(actor), text) if text.strip() else active(actor)
    others = others.exclude(pk=incident.pk).alias(
        same=Case(When(service_id=incident.service_id, then=Value(0)), default=Value(1)),
        apart=Func(
            Extract(F("opened_at"), "epoch") - Value(incident.opened_at.timestamp()), function="ABS",
            output_field=FloatField(),
        ),
    )  # fmt: skip
    found = list(others.order_by("same", "apart", "pk")[:COMPARED])
    labels = _first_labels([incident.pk, *(each.pk for each in found)])
    compared = [
        Candidate(
            each,
            rules.likeness(
                services=(incident.service_id, each.service_id), opened=(incident.opened_at, each.opened_at),
                labels=(labels.get(incident.pk, {}), labels.get(each.pk, {})),
            ),
        )
        for each in found
    ]  # fmt: skip
    return sorted(compared, key=lambda each: (-each.likeness.score, each.incident.pk))[:OFFERED]


def _first_labels(incident_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The labels of one alert of each incident: enough to see what it is about, however many it has."""
    rows = IncidentAlert.objects.filter(incident__in=list(incident_ids)).order_by("incident_id", "alert_id")
    return dict(rows.distinct("incident_id").values_list("incident_id", "alert__labels"))


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that came into an incident together, and will again."""

    id: int
    label: str
    alerts: tuple[int, ...]


def groups(actor: Actor, incident: Incident) -> list[Group]:
    """The groups of alerts that an incident consists of; nothing for external people, whose alerts are not all."""
    if actor.is_external or not actor.can("incidents.view"):
        return []
    asked = GroupsAsked(incident.pk)
    publish(asked)
    return [Group(each["id"], each["label"], tuple(each["alerts"])) for each in asked.found]


def related(actor: Actor, incident: Incident) -> dict[str, list[Incident]]:
    """What was merged into it, what it was split off from and into: as far as the actor may see that."""
    ids = [key for key in (incident.merged_into_id, incident.split_from_id) if key]
    found = (
        Incident.objects.visible_to(actor)
        .filter(Q(pk__in=ids) | Q(merged_into=incident.pk) | Q(split_from=incident.pk))
        .order_by("number")
    )
    ways: dict[str, list[Incident]] = {"merged_into": [], "split_from": [], "merged": [], "split_off": []}
    for each in found:
        if each.pk == incident.merged_into_id:
            ways["merged_into"].append(each)
        elif each.merged_into_id == incident.pk:
            ways["merged"].append(each)
        elif each.pk == incident.split_from_id:
            ways["split_from"].append(each)
        else:
            ways["split_off"].append(each)
    return {name: found for name, found in ways.items() if found}


def order_by_status() -> Case:
    """Open before acknowledged before the rest, for lists of everything."""
    whens = [When(Q(status=status), then=Value(place)) for place, status in enumerate(IncidentStatus.values)]
    return Case(*whens, default=Value(9), output_field=IntegerField())


def active_of_services(service_ids: Iterable[int], *, shadow: bool = False) -> dict[int, int]:
    """Service key → its oldest incident that is being worked on. With ``shadow`` also one that pages nobody because of
    its source: what pages must not be lost in such an incident."""
    found: dict[int, int] = {}
    rows = Incident.objects.active().filter(service_id__in=list(service_ids)).order_by("-opened_at", "-id")
    if not shadow:
        rows = rows.filter(shadow=False)
    for service_id, key in rows.values_list("service_id", "pk"):
        if service_id is not None:
            found[service_id] = key
    return found


def firing_members(most: int = 20_000) -> dict[int, set[int]]:
    """Active incident → the alerts that fire in it, of the newest so many memberships."""
    rows = IncidentAlert.objects.filter(firing=True, incident__status__in=["open", "acknowledged"]).order_by("-pk")
    found: dict[int, set[int]] = {}
    for incident_id, alert_id in rows.values_list("incident_id", "alert_id")[:most]:
        found.setdefault(incident_id, set()).add(alert_id)
    return found


def firing_in(incident_ids: Iterable[int]) -> dict[int, set[int]]:
    """The alerts that fire in each of these incidents that is active."""
    wanted = {"incident__in": list(incident_ids), "incident__status__in": ["open", "acknowledged"]}
    found: dict[int, set[int]] = {}
    for incident_id, alert_id in IncidentAlert.objects.filter(firing=True, **wanted).values_list("incident", "alert"):
        found.setdefault(incident_id, set()).add(alert_id)
    return found


def quiet_with(alert_ids: Iterable[int]) -> list[int]:
    """Active incidents that are quiet and in which one of these alerts fires."""
    rows = IncidentAlert.objects.filter(
        alert_id__in=list(alert_ids), firing=True, incident__quiet_since__isnull=False,
        incident__status__in=["open", "acknowledged"],
    )  # fmt: skip
    return sorted(set(rows.values_list("incident_id", flat=True)))
