"""Adding up: a day from what happened on it, and the lines of a period from its days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from steward.response.debt import reading, rules
from steward.response.debt.models import DailyFigures, Line
from steward.response.debt.reading import DayIncident, Key
from steward.response.debt.rules import Figures

PERIODS = (7, 30, 90)
MOST_LATEST = 10
NUMBERS = (
    "fired", "starts", "firing_seconds", "flaps", "with_runbook", "incidents", "acted", "ignored", "noisy", "pages",
    "wakeups", "minutes", "wakeup_share",
)  # fmt: skip
# What is counted by key; in JSON the keys are text.
COUNTERS = {"durations": int, "follows": str, "people": int, "answers": str}
STORED = ("day", "name", "service_id", "severity", *NUMBERS, *COUNTERS, "latest")


def figures_of_day(day: date, now: datetime) -> list[Figures]:
    """Everything that counts for this day, by service and name."""
    found: dict[Key, Figures] = {}

    def of(service: int | None, name: str) -> Figures:
        return found.setdefault((service, name), Figures(name, service))

    for service, name, severity, fired, flaps, with_runbook in reading.firings(day):
        each = of(service, name)
        each.severity, each.fired, each.flaps, each.with_runbook = severity or "", fired, flaps, with_runbook
    for service, name, place, number, seconds in reading.endings(day):
        each = of(service, name)
        each.durations[max(place, 0)] += number
        each.firing_seconds += max(seconds, 0)
    moments = reading.starts(day)
    for service, name, _at in moments:
        of(service, name).starts += 1
    for (service, name), follows in rules.followers(moments).items():
        of(service, name).follows.update(dict(follows.most_common(rules.MOST_LEADERS)))
    for incident in reading.incidents(day):
        facts = rules.facts_of(
            pages=incident.pages, acknowledged_at=incident.acknowledged_at, over_at=incident.over_at,
            acted=incident.acted, now=now,
        )  # fmt: skip
        for key in incident.keys:
            _add_incident(of(*key), incident, facts)
    return list(found.values())


def _add_incident(each: Figures, incident: DayIncident, facts: rules.IncidentFacts) -> None:
    share = 1 / len(incident.keys)
    each.incidents += 1
    each.acted += facts.acted
    each.ignored += facts.over and not facts.acted
    each.noisy += rules.is_noisy(facts=facts, answers=incident.answers)
    each.pages += sum(facts.pages.values())
    each.wakeups += facts.wakeups
    each.minutes += facts.minutes * share
    each.wakeup_share += facts.wakeups * share
    each.people.update(facts.pages)
    each.answers.update(incident.answers)
    each.latest = [*each.latest, incident.id][-MOST_LATEST:]


def row_of_day(day: date, figures: Figures) -> DailyFigures:
    return DailyFigures(day=day, **_stored(figures))


def _stored(figures: Figures) -> dict[str, Any]:
    values = asdict(figures)
    for name in COUNTERS:
        values[name] = {str(key): number for key, number in getattr(figures, name).items()}
    return values


def figures_by_period(today: date) -> dict[int, list[Figures]]:
    """The days of each period together. One walk over the days for all periods, oldest first, so that severity and the
    newest incidents are the latest ones."""
    found: dict[int, dict[Key, Figures]] = {days: {} for days in PERIODS}
    first = {days: today - timedelta(days=days - 1) for days in PERIODS}
    rows = DailyFigures.objects.filter(day__gte=min(first.values()), day__lte=today).order_by("day")
    for values in rows.values_list(*STORED).iterator(chunk_size=2000):
        row = dict(zip(STORED, values, strict=True))
        key = (row["service_id"], row["name"])
        for days in PERIODS:
            if row["day"] >= first[days]:
                add(found[days].setdefault(key, Figures(row["name"], row["service_id"])), row)
    return {days: list(each.values()) for days, each in found.items()}


def add(figures: Figures, row: Mapping[str, Any]) -> None:
    """One stored day or line on top."""
    figures.severity = row["severity"] or figures.severity
    for name in NUMBERS:
        setattr(figures, name, getattr(figures, name) + row[name])
    for name, kind in COUNTERS.items():
        counter = getattr(figures, name)
        for key, number in row[name].items():
            counter[kind(key)] += number
    figures.latest = [*figures.latest, *row["latest"]][-MOST_LATEST:]


def lines_of(days: int, found: Iterable[Figures], now: datetime) -> list[Line]:
    """The lines of one period with what follows from their figures."""
    known = list(found)
    starts: dict[int | None, dict[str, int]] = {}
    for each in known:
        starts.setdefault(each.service_id, {})[each.name] = each.starts
    return [_line(days, each, starts[each.service_id], now) for each in known]


def _line(days: int, figures: Figures, starts_of: Mapping[str, int], now: datetime) -> Line:
    advice = rules.suggestions(figures, starts_of)
    values = _stored(figures)
    values["follows"] = dict(figures.follows.most_common(rules.MOST_LEADERS))
    return Line(
        days=days, median_seconds=rules.median(figures.durations), cost=figures.cost,
        actionability=rules.actionability(figures), advice=advice[0].kind if advice else "",
        suggestions=[asdict(each) for each in advice], updated_at=now, **values,
    )  # fmt: skip
