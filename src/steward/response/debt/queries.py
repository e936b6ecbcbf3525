"""Reads of what alerts cost. Everything comes from figures that were added up before; nothing is counted here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.debt import adding, rules
from steward.response.debt.errors import LineNotFound
from steward.response.debt.models import DailyFigures, Day, Line, LineQuerySet, Verdict
from steward.response.debt.rules import Figures
from steward.response.incidents import queries as incidents
from steward.signals.alerts import queries as alerts
from steward.signals.alerts.queries import alert_by_id

DEFAULT_DAYS = 30
SHOWN_PEOPLE, SHOWN_ALERTS, SHOWN_INCIDENTS = 8, 6, 8


def lines(actor: Actor, days: int = DEFAULT_DAYS) -> LineQuerySet:
    """The lines of a period (7, 30 or 90 days) that this actor may see."""
    return Line.objects.visible_to(actor).select_related("service", "service__owner_team").filter(days=days)


def line_of_alert(actor: Actor, alert_id: int, days: int = DEFAULT_DAYS) -> tuple[Any, Line | None]:
    """An alert, and what alerts of its name cost in its service."""
    alert = alert_by_id(actor, alert_id)
    of_service = Q(service=alert.service_id) if alert.service_id else Q(service__isnull=True)
    return alert, lines(actor, days).filter(of_service, name=alert.name).first()


def most_expensive(actor: Actor, days: int = 7) -> Line | None:
    """The line that cost most; None if nothing cost anything."""
    return lines(actor, days).filter(cost__gt=0).order_by("-cost", "-id").first()


def totals(actor: Actor, days: int) -> dict[str, float]:
    """Minutes and wake-ups of all lines together, each counted once."""
    found = lines(actor, days).order_by().aggregate(
        minutes=Sum("minutes"), wakeups=Sum("wakeup_share"), cost=Sum("cost"), fired=Sum("fired")
    )  # fmt: skip
    return {name: round(value or 0) for name, value in found.items()}


def of_name(actor: Actor, name: str, days: int, service_id: int | None = None) -> list[Line]:
    """The lines of one alert name, the most expensive first; of one service if that is named."""
    found = lines(actor, days).filter(name=name)
    if service_id is not None:
        found = found.filter(service_id=service_id)
    known = list(found.order_by("-cost", "-id"))
    if not known:
        # It may be known in another period: then it only did not fire in this one.
        others = Line.objects.visible_to(actor).filter(name=name)
        if not (others.filter(service_id=service_id) if service_id is not None else others).exists():
            raise LineNotFound(_("No alert of this name has fired lately, or it is not yours to see."))
    return known


def together(found: list[Line]) -> Figures:
    """Several services' lines of one name as one."""
    figures = Figures(found[0].name if found else "", None)
    for line in found:
        adding.add(figures, {name: getattr(line, name) for name in adding.STORED if name != "day"})
    return figures


def trend(actor: Actor, name: str, days: int, now: datetime, service_id: int | None = None) -> list[dict[str, Any]]:
    """Firings, pages and wake-ups of every day of the period, oldest first; days without are zero."""
    today = now.astimezone(UTC).date()
    rows = DailyFigures.objects.filter(name=name, day__gt=today - timedelta(days=days), day__lte=today)
    if service_id is not None:
        rows = rows.filter(service_id=service_id)
    if actor.is_external:
        rows = rows.filter(service__supplier_id=actor.organisation_id)
    summed = rows.order_by().values_list("day").annotate(Sum("fired"), Sum("pages"), Sum("wakeups"))
    known: dict[date, tuple[int, int, int]] = {day: (fired, pages, woken) for day, fired, pages, woken in summed}
    found = []
    for number in range(days):
        day = today - timedelta(days=days - 1 - number)
        fired, pages, wakeups = known.get(day, (0, 0, 0))
        found.append({"day": day, "fired": fired, "pages": pages, "wakeups": wakeups})
    return found


def people(actor: Actor, figures: Figures) -> list[tuple[Any, int]]:
    """Whom it paged and how often, most first. Who of us is paged is nobody else's business."""
    if actor.is_external:
        return []
    most = figures.people.most_common(SHOWN_PEOPLE)
    known = accounts.users(actor).in_bulk([key for key, _number in most])
    return [(known[key], number) for key, number in most if key in known]


def newest_incidents(actor: Actor, figures: Figures) -> list[Any]:
    """The newest incidents that it was part of."""
    keys = sorted(figures.latest)[-SHOWN_INCIDENTS:]
    return list(incidents.incidents(actor).filter(pk__in=keys).order_by("-opened_at", "-id"))


def newest_alerts(actor: Actor, name: str, service_id: int | None = None) -> list[Any]:
    found = alerts.alerts(actor).filter(name=name)
    if service_id is not None:
        found = found.filter(service_id=service_id)
    return list(found.order_by("-changed_at", "-id")[:SHOWN_ALERTS])


def verdicts(actor: Actor, incident_id: int) -> list[Verdict]:
    """What people said an incident was worth."""
    incident = incidents.by_id(actor, incident_id)
    return list(Verdict.objects.filter(incident_id=incident.pk).order_by("at", "id"))


def notes(actor: Actor, found: list[Any]) -> list[Verdict]:
    """What people answered about these incidents, the newest first."""
    keys = [each.pk for each in found]
    return list(Verdict.objects.filter(incident_id__in=keys).select_related("incident").order_by("-at", "-id")[:20])


def person_of(actor: Actor) -> str:
    """How an answer names who gave it."""
    return f"{'user' if actor.user_id else actor.kind}:{actor.user_id or actor.id or 0}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the figures are: days in all, days that still wait, and when today was added up last."""

    days: int
    waiting: int
    computed_at: datetime | None

    @property
    def percent(self) -> int:
        return round(100 * (self.days - self.waiting) / self.days) if self.days else 100


def progress(now: datetime) -> Progress:
    """For the button that has everything added up again. Today is due every few minutes and does not count."""
    today = now.astimezone(UTC).date()
    latest = Day.objects.filter(computed_at__isnull=False).order_by("-day").values_list("computed_at", flat=True)
    waiting = Day.objects.filter(due_at__lte=now, day__lt=today).count()
    return Progress(Day.objects.count(), waiting, latest.first())


def waiting(now: datetime) -> list[tuple[int, date]]:
    """The days that are due, oldest first, with their keys."""
    return list(Day.objects.filter(due_at__lte=now).order_by("day").values_list("pk", "day"))


def cofiring(line: Line) -> list[tuple[str, int]]:
    """Names that began shortly before it, most often first."""
    return sorted(line.follows.items(), key=lambda item: -item[1])[:5]


def percentiles(figures: Figures) -> dict[str, float | None]:
    """How long it fired, in seconds."""
    return {
        "median": rules.median(figures.durations),
        "p90": rules.percentile(figures.durations, 0.9),
    }
