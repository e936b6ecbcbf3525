"""What alerts cost, in the form in which pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.response.debt import actions, queries, rules, wording
from steward.response.debt.models import Line, Worth
from steward.response.incidents import queries as incidents


@dataclass(frozen=True, slots=True)
class Row:
    """A line as lists show it."""

    line: Line
    url: str
    status: str
    advice: list[dict[str, str]]

    @property
    def owner(self) -> str:
        service = self.line.service
        return service.owner_team.name if service and service.owner_team else ""

    @property
    def cost_seconds(self) -> float:
        return self.line.cost * 60


def totals(actor: Actor, days: int) -> dict[str, float]:
    """The figures above the list."""
    found = queries.totals(actor, days)
    return {**found, "cost_seconds": found["cost"] * 60, "minutes_seconds": found["minutes"] * 60}


def url_of(name: str, service_id: int | None, days: int) -> str:
    values: dict[str, Any] = {"name": name, "days": days}
    if service_id is not None:
        values["service"] = service_id
    return f"{reverse('debt:detail')}?{urlencode(values)}"


def row(line: Line) -> Row:
    return Row(
        line=line, url=url_of(line.name, line.service_id, line.days),
        status=f"acted-{line.actionability}",
        advice=[wording.told(each) for each in line.suggestions],
    )  # fmt: skip


def csv_row(line: Line) -> tuple[Any, ...]:
    each = row(line)
    first = each.advice[0] if each.advice else {"text": "", "why": ""}
    return (
        line.name, line.service.name if line.service else "", each.owner, line.severity, line.days, line.cost,
        round(line.minutes, 1), line.wakeups, line.pages, line.fired, line.median_seconds,
        round(line.firing_seconds / 60, 1), line.incidents, line.acted, line.ignored, line.noisy, line.actionability,
        first["text"], first["why"],
    )  # fmt: skip


def everything(
    actor: Actor, now: datetime, name: str, days: int, service_id: int | None, lines: list[Line]
) -> dict[str, Any]:
    """What the page of one alert name shows."""
    figures = queries.together(lines)
    found = queries.newest_incidents(actor, figures)
    services = [row(line) for line in lines]
    trend = queries.trend(actor, name, days, now, service_id)
    period = [(each, url_of(name, service_id, each)) for each in (7, 30, 90)]
    return {
        "name": name,
        "days": days,
        "service_id": service_id,
        "periods": period,
        "rows": services,
        "figures": figures,
        "has_advice": any(each.advice for each in services),
        "one": services[0] if len(services) == 1 else None,
        "percentiles": queries.percentiles(figures),
        "status": f"acted-{rules.actionability(figures)}",
        "cost_seconds": figures.cost * 60,
        "minutes_seconds": figures.minutes * 60,
        "people": queries.people(actor, figures),
        "incidents": found,
        "alerts": queries.newest_alerts(actor, name, service_id),
        "answers": [(label, figures.answers[value]) for value, label in Worth.choices],
        "answered": sum(figures.answers.values()),
        "notes": queries.notes(actor, found),
        "chart": chart(trend),
        "all_services": url_of(name, None, days) if service_id is not None else "",
        "cofiring": queries.cofiring(lines[0]) if len(lines) == 1 else [],
        "alerts_url": f"{reverse('alerts:list')}?{urlencode({'q': name, 'status': ''})}",
    }


def chart(trend: list[dict[str, Any]]) -> dict[str, Any]:
    """Options of the bar chart: firings and pages of each day, wake-ups in their own colour."""
    series = (
        ("fired", _("firings"), "var(--degraded)"), ("pages", _("pages"), "var(--info)"),
        ("wakeups", _("wake-ups"), "var(--down)"),
    )  # fmt: skip
    return {
        "grid": {"left": 34, "right": 8, "top": 30, "bottom": 22},
        "legend": {"top": 0, "right": 0},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [each["day"].strftime("%d.%m.") for each in trend]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {
                "type": "bar", "name": label, "data": [each[name] for each in trend], "itemStyle": {"color": colour},
                "barGap": "0%",
            }
            for name, label, colour in series
        ],
    }  # fmt: skip


def worth(actor: Actor, incident_id: int) -> dict[str, Any]:
    """The question whether an incident's alert was worth it, and what was answered."""
    incident = incidents.by_id(actor, incident_id)
    given = queries.verdicts(actor, incident_id)
    mine = next((each for each in given if each.person == queries.person_of(actor)), None)
    buttons = [
        {"value": value, "label": label, "icon": icon, "chosen": mine is not None and mine.answer == value}
        for (value, label), icon in zip(Worth.choices, ("tools", "info-circle", "thumb-down"), strict=True)
    ]
    return {
        "incident": incident, "given": given, "mine": mine, "buttons": buttons,
        "asks": not incident.is_active and incident.alert_count > 0 and actor.can("incidents.acknowledge"),
    }  # fmt: skip


def linked(actor: Actor, incident_id: int) -> dict[str, Any] | None:
    """The same on the page behind a message's link; nothing until the incident is over."""
    context = worth(actor, incident_id)
    return context if context["asks"] else None


def linked_answer(actor: Actor, incident_id: int, data: Mapping[str, str], now: datetime) -> None:
    actions.judge(actor=actor, now=now, incident_id=incident_id, answer=data.get("answer", ""), note=data.get("note"))
