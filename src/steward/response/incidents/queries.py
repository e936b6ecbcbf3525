"""Reads of incidents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.response.incidents.errors import IncidentNotFound
from steward.response.incidents.models import (
    Incident,
    IncidentAlert,
    IncidentQuerySet,
    IncidentStatus,
    TimelineEntry,
)

REF = re.compile(r"^\s*(?:INC-)?(\d{1,18})\s*$", re.IGNORECASE)


def incidents(actor: Actor) -> IncidentQuerySet:
    """What this actor may see, with what a list shows."""
    return Incident.objects.visible_to(actor).select_related("service", "assignee")


def active(actor: Actor) -> QuerySet[Incident]:
    """Open and acknowledged, the worst and then the newest first."""
    return incidents(actor).active().order_by("severity", "-opened_at", "-id")


def by_number(actor: Actor, number: int) -> Incident:
    """One incident by its number; NotFound if the actor may not see it."""
    found = incidents(actor).select_related("policy", "supplier", "service__owner_team").filter(number=number).first()
    if found is None:
        raise IncidentNotFound(
            _("There is no incident INC-%(number)s, or it is not yours to see.") % {"number": number}
        )
    return found


def by_id(actor: Actor, incident_id: int) -> Incident:
    found = incidents(actor).select_related("policy").filter(pk=incident_id).first()
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
    found = incidents(actor).order_by("-opened_at", "-id")
    number = REF.match(text)
    return found.filter(number=int(number[1])) if number else found.filter(title__icontains=text)


def timeline(actor: Actor, incident: Incident) -> QuerySet[TimelineEntry]:
    """What happened, oldest first."""
    return TimelineEntry.objects.filter(
        incident__in=Incident.objects.visible_to(actor).filter(pk=incident.pk)
    ).order_by("at", "id")


def alerts(actor: Actor, incident: Incident) -> QuerySet[IncidentAlert]:
    """The memberships of its alerts, firing ones first."""
    return (
        IncidentAlert.objects.filter(incident__in=Incident.objects.visible_to(actor).filter(pk=incident.pk))
        .select_related("alert", "alert__source")
        .order_by("-firing", "-joined_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class Pulse:
    """Figures for the home page; ``acknowledge_seconds`` is the median from opening to acknowledgement over 7 days."""

    open: int
    unacknowledged: int
    unreached: int
    opened_24h: int
    resolved_24h: int
    acknowledge_seconds: float | None


def pulse(actor: Actor, now: datetime) -> Pulse:
    """The figures over what this actor may see (three queries)."""
    from_active = incidents(actor).active().values_list("status", "unreached")
    states = list(from_active[:10_000])
    day = now - timedelta(hours=24)
    visible = Incident.objects.visible_to(actor)
    opened = visible.filter(opened_at__gte=day).count()
    resolved = visible.filter(opened_at__gte=now - timedelta(days=30), resolved_at__gte=day).count()
    return Pulse(
        open=len(states),
        unacknowledged=sum(1 for status, _unreached in states if status == IncidentStatus.OPEN),
        unreached=sum(1 for _status, unreached in states if unreached),
        opened_24h=opened,
        resolved_24h=resolved,
        acknowledge_seconds=_median_acknowledge(now) if not actor.is_external else None,
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


def opened_by_hour(actor: Actor, now: datetime, hours: int = 24) -> list[tuple[datetime, int]]:
    """Incidents opened in each of the last ``hours`` full hours, oldest first, zeros included."""
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    start = end - timedelta(hours=hours)
    counts: dict[datetime, int] = {}
    for opened in Incident.objects.visible_to(actor).filter(opened_at__gte=start).values_list("opened_at", flat=True):
        hour = opened.replace(minute=0, second=0, microsecond=0)
        counts[hour] = counts.get(hour, 0) + 1
    return [(start + timedelta(hours=n), counts.get(start + timedelta(hours=n), 0)) for n in range(hours)]


def worst_by_service(actor: Actor) -> dict[int, tuple[str, int]]:
    """Service key → (worst severity, number) of its active incidents."""
    found: dict[int, tuple[str, int]] = {}
    rows = incidents(actor).active().filter(service__isnull=False).values_list("service_id", "severity")
    for service_id, severity in rows:
        worst, number = found.get(service_id, ("SEV9", 0))
        found[service_id] = (min(worst, severity), number + 1)
    return found


def order_by_status() -> Case:
    """Open before acknowledged before the rest, for lists of everything."""
    whens = [When(Q(status=status), then=Value(place)) for place, status in enumerate(IncidentStatus.values)]
    return Case(*whens, default=Value(9), output_field=IntegerField())
