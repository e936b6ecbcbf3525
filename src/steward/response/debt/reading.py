"""One day of firings and incidents, read for adding up.

SQL and not the other rooms' querysets: a day's figures join changes, alerts, memberships and pages of hundreds of
thousands of rows, and PostgreSQL adds them up where they lie. It only reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from steward.response.debt.rules import BOUNDS, FLAP, SentPage

Key = tuple[int | None, str]
CHUNK = 5_000

FIRINGS = """
SELECT a.service_id, a.name, mode() WITHIN GROUP (ORDER BY a.severity), count(*),
       count(*) FILTER (WHERE p.status = 'resolved' AND c.starts_at - p.ends_at <= %(flap)s),
       count(*) FILTER (WHERE a.annotations ?| ARRAY['runbook_url', 'runbook'])
FROM alerts_alertchange c JOIN alerts_alert a ON a.id = c.alert_id
LEFT JOIN LATERAL (SELECT status, ends_at FROM alerts_alertchange b WHERE b.alert_id = c.alert_id AND b.id < c.id
                   ORDER BY b.id DESC LIMIT 1) p ON c.reason ->> 'code' = 'fired_again'
WHERE c.at >= %(start)s AND c.at < %(end)s AND c.status = 'firing' GROUP BY 1, 2
"""
ENDINGS = """
SELECT a.service_id, a.name, width_bucket(extract(epoch FROM c.ends_at - c.starts_at)::float8, %(bounds)s) - 1,
       count(*), sum(extract(epoch FROM c.ends_at - c.starts_at))::float8
FROM alerts_alertchange c JOIN alerts_alert a ON a.id = c.alert_id
WHERE c.at >= %(start)s AND c.at < %(end)s AND c.status = 'resolved' AND c.ends_at IS NOT NULL GROUP BY 1, 2, 3
"""
STARTS = """
SELECT DISTINCT a.service_id, a.name, date_trunc('second', c.starts_at) AS began
FROM alerts_alertchange c JOIN alerts_alert a ON a.id = c.alert_id
WHERE c.at >= %(start)s AND c.at < %(end)s AND c.status = 'firing' ORDER BY a.service_id NULLS FIRST, began, a.name
"""
INCIDENTS = """
SELECT i.id, i.acknowledged_at, coalesce(i.resolved_at, i.closed_at),
       i.acknowledged_at IS NOT NULL OR EXISTS (
           SELECT 1 FROM incidents_timelineentry t WHERE t.incident_id = i.id
           AND t.kind IN ('acknowledged', 'resolved') AND t.data ->> 'by' IN ('user', 'link', 'apikey'))
FROM incidents_incident i WHERE i.opened_at >= %(start)s AND i.opened_at < %(end)s ORDER BY i.id
"""
MEMBERS = """
SELECT DISTINCT m.incident_id, a.service_id, a.name FROM incidents_incidentalert m
JOIN alerts_alert a ON a.id = m.alert_id WHERE m.incident_id = ANY(%(ids)s)
"""
PAGES = """
SELECT p.subject_id, p.user_id, u.time_zone, p.sent_at FROM notifications_page p
JOIN accounts_user u ON u.id = p.user_id
WHERE p.subject_kind = 'incident' AND p.subject_id = ANY(%(ids)s) AND p.state = 'sent' AND p.sent_at IS NOT NULL
"""
ANSWERS = "SELECT incident_id, answer, count(*) FROM debt_verdict WHERE incident_id = ANY(%(ids)s) GROUP BY 1, 2"


@dataclass(frozen=True, slots=True)
class DayIncident:
    """An incident that was opened on the day, with what its cost is worked out of."""

    id: int
    acknowledged_at: datetime | None
    over_at: datetime | None
    acted: bool
    keys: list[Key] = field(default_factory=list)
    pages: list[SentPage] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)


def span(day: date) -> dict[str, datetime]:
    start = datetime.combine(day, time(), UTC)
    return {"start": start, "end": start + timedelta(days=1)}


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def firings(day: date) -> list[tuple[Any, ...]]:
    """Service, name, usual severity, firings, flaps, firings with a runbook."""
    return _rows(FIRINGS, {**span(day), "flap": FLAP})


def endings(day: date) -> list[tuple[Any, ...]]:
    """Service, name, class of duration, firings that ended, their seconds."""
    return _rows(ENDINGS, {**span(day), "bounds": list(BOUNDS)})


def starts(day: date) -> list[tuple[int | None, str, datetime]]:
    """The moments at which names began to fire, in order of service and time; what begins together counts once."""
    return [(row[0], row[1], row[2]) for row in _rows(STARTS, dict(span(day)))]


def incidents(day: date) -> Iterator[DayIncident]:
    """The incidents of the day that have alerts; what people declared without one is no alert's cost."""
    rows = _rows(INCIDENTS, dict(span(day)))
    for begin in range(0, len(rows), CHUNK):
        yield from _with_parts([DayIncident(*row) for row in rows[begin : begin + CHUNK]])


def _with_parts(found: Sequence[DayIncident]) -> Iterator[DayIncident]:
    ids = {"ids": [each.id for each in found]}
    keys: defaultdict[int, list[Key]] = defaultdict(list)
    for incident, service, name in _rows(MEMBERS, ids):
        keys[incident].append((service, name))
    pages: defaultdict[int, list[SentPage]] = defaultdict(list)
    for incident, user, zone, at in _rows(PAGES, ids):
        pages[incident].append(SentPage(user, zone, at))
    answers: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for incident, answer, number in _rows(ANSWERS, ids):
        answers[incident][answer] = number
    for each in found:
        if each.id in keys:
            yield DayIncident(
                each.id, each.acknowledged_at, each.over_at, each.acted, keys[each.id], pages[each.id],
                answers[each.id],
            )  # fmt: skip


def has_open_incidents(day: date) -> bool:
    """Whether somebody still works on an incident of that day, so that it costs more later."""
    found = _rows(
        "SELECT 1 FROM incidents_incident WHERE status IN ('open', 'acknowledged') AND opened_at >= %(start)s"
        " AND opened_at < %(end)s LIMIT 1",
        dict(span(day)),
    )
    return bool(found)


def first_day() -> date | None:
    """The day of the oldest change or incident that is still there."""
    rows = _rows(
        "SELECT least((SELECT at FROM alerts_alertchange ORDER BY id LIMIT 1),"
        " (SELECT opened_at FROM incidents_incident ORDER BY id LIMIT 1))",
        {},
    )
    return rows[0][0].astimezone(UTC).date() if rows and rows[0][0] else None
