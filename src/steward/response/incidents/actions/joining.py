"""Alerts join incidents, many at once: what a batch of the engine brings to hundreds of incidents is written together.

The number of statements does not grow with the incidents. Counts and breakdowns grow by what joined, under the
incident's lock, under which alone memberships change; nothing is counted anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from steward.foundation.actors import Actor
from steward.foundation.database.rowsets import Rowset
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import ngettext
from steward.response.incidents import rules
from steward.response.incidents.actions.severity import NO_RULE, Rule, raise_severity
from steward.response.incidents.actions.shared import (
    JoiningAlert,
    end_shadow,
    names_of,
    new_entry,
    one_line,
    refuse,
    told_why,
    write_entries,
)
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, TimelineEntry

# More changes than this at once are told in one entry: a storm must stay readable.
SPOKEN_ONE_BY_ONE = 4
MOST_NAMED = 5
_PAIRS = Rowset(i="bigint", a="bigint")
_MEMBERS = Rowset(i="bigint", a="bigint", t="timestamptz", f="bool", r="jsonb")
_COUNTED = Rowset(i="bigint", n="int", f="int", b="jsonb", t="timestamptz", r="int")


@dataclass(frozen=True, slots=True)
class Join:
    """Alerts that fire in an active incident. With more than ``largest`` alerts in it (0: never) they are counted, and
    not told."""

    incident_id: int
    alerts: Sequence[JoiningAlert]
    rule: Rule = NO_RULE
    largest: int = 0


@dataclass(slots=True)
class Joined:
    """What came of it: ``fresh`` did not fire in the incident before, ``changed`` did and are other than they were."""

    fresh: list[JoiningAlert] = field(default_factory=list)
    changed: list[JoiningAlert] = field(default_factory=list)


@transaction.atomic
def join_incidents(*, actor: Actor, now: datetime, joins: Sequence[Join]) -> dict[int, Incident]:
    """Let alerts join active incidents, or fire in them again; returns the incidents as they are afterwards."""
    actor.require("incidents.edit")
    together: dict[int, Join] = {}
    for each in joins:
        known = together.get(each.incident_id)
        alerts = [*known.alerts, *each.alerts] if known else each.alerts
        together[each.incident_id] = Join(each.incident_id, alerts, each.rule, each.largest)
    rows = Incident.objects.visible_to(actor).select_for_update(no_key=True).filter(pk__among=together).order_by("pk")
    found = {incident.pk: incident for incident in rows}
    for incident in found.values():
        if not incident.is_active:
            refuse(incident)
    came = join_locked([(incident, together[key]) for key, incident in found.items()], now, actor)
    for key, incident in found.items():
        # Before the severity is raised: what is paged from now on may be told of it.
        leave_shadow(incident, now, actor, together[key].alerts)
        raise_severity(incident, now, actor, [*came[key].fresh, *came[key].changed], together[key].rule)
    return found


def leave_shadow(incident: Incident, now: datetime, actor: Actor, firing: Sequence[JoiningAlert]) -> None:
    """An alert that may page has joined what shadow mode keeps quiet: nothing live may be lost in it."""
    if any(not alert.shadow for alert in firing):
        end_shadow(incident, now, actor, _("an alert joined whose source is not in shadow mode"))


def join_locked(joins: Sequence[tuple[Incident, Join]], now: datetime, actor: Actor) -> dict[int, Joined]:
    """Add or revive memberships of locked incidents; writes their counts and timelines."""
    known = _known(joins)
    came: dict[int, Joined] = {}
    entries: list[TimelineEntry] = []
    new: dict[int, list[JoiningAlert]] = {}
    for incident, join in joins:
        mine = known.get(incident.pk, {})
        unique = {alert.alert_id: alert for alert in join.alerts}
        fresh = [alert for key, alert in unique.items() if not mine.get(key, False)]
        changed = [
            alert for key, alert in unique.items() if mine.get(key, False) and alert.reason.get("code") == "changed"
        ]
        came[incident.pk] = Joined(fresh, changed)
        new[incident.pk] = [alert for alert in fresh if alert.alert_id not in mine]
        huge = is_huge(incident, join.largest, len(new[incident.pk]))
        incident.alert_count += len(new[incident.pk])
        incident.firing_count += len(fresh)
        if not huge:
            entries += entries_of_joining(incident, now, actor, fresh, mine.keys())
            entries += entries_of_changes(incident, now, actor, changed)
    write_members([(incident, alert, now) for incident, _join in joins for alert in came[incident.pk].fresh])
    _count(joins, came, new, now, actor)
    write_entries(entries)
    _save([incident for incident, _join in joins if came[incident.pk].fresh or came[incident.pk].changed], now)
    return came


def is_huge(incident: Incident, largest: int, more: int = 0) -> bool:
    """Whether it has so many alerts that further ones are counted and not told."""
    return bool(largest) and incident.alert_count + more > largest


def _known(joins: Sequence[tuple[Incident, Join]]) -> dict[int, dict[int, bool]]:
    """Which of the alerts are members already, by incident, and whether they fire in it."""
    pairs = [(incident.pk, alert.alert_id) for incident, join in joins for alert in join.alerts]
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.incident_id, m.alert_id, m.firing FROM incidents_incidentalert m JOIN {_PAIRS.sql}"
            " ON m.incident_id = u.i AND m.alert_id = u.a",
            [_PAIRS.of(pairs)],
        )
        rows = cursor.fetchall()
    found: dict[int, dict[int, bool]] = {}
    for incident_id, alert_id, firing in rows:
        found.setdefault(incident_id, {})[alert_id] = firing
    return found


def write_members(members: Iterable[tuple[Incident, JoiningAlert, datetime]]) -> None:
    """Add memberships, or let those that are there fire again."""
    found = [(incident.pk, alert.alert_id, at, alert.firing, alert.reason) for incident, alert, at in members]
    rows = sorted(found, key=lambda each: each[:2])
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_incidentalert (incident_id, alert_id, joined_at, firing, reason)"
            f" SELECT i, a, t, f, r FROM {_MEMBERS.sql} ON CONFLICT (incident_id, alert_id) DO UPDATE SET"
            " firing = EXCLUDED.firing, reason = EXCLUDED.reason",
            [_MEMBERS.of(rows)],
        )


def _count(
    joins: Sequence[tuple[Incident, Join]], came: dict[int, Joined], new: dict[int, list[JoiningAlert]], now: datetime,
    actor: Actor,
) -> None:  # fmt: skip
    """Count what joined incidents that have many alerts, by name, service and severity."""
    large = [(i, j) for i, j in joins if new[i.pk] and i.alert_count >= rules.BREAKDOWN_FROM]
    first = [incident for incident, _join in large if not incident.breakdown]
    numbers = breakdowns(first)
    for incident, join in large:
        if incident.pk in numbers:
            incident.breakdown = {"by": numbers[incident.pk]}
        else:
            by = rules.count_up(incident.breakdown.get("by", {}), [alert.counted for alert in new[incident.pk]])
            incident.breakdown = {**incident.breakdown, "by": by}
        if is_huge(incident, join.largest):
            _summarise(incident, now, actor, len(came[incident.pk].fresh), join.largest)


def breakdowns(incidents: Collection[Incident]) -> dict[int, dict[str, dict[str, int]]]:
    """Counted from the memberships, for incidents that begin to have many; once in the life of each."""
    if not incidents:
        return {}
    rows = (
        IncidentAlert.objects.filter(incident__in=incidents)
        .values_list("incident_id", "alert__name", "alert__labels__service", "alert__severity").annotate(n=Count("pk"))
    )  # fmt: skip
    found: dict[int, dict[str, dict[str, int]]] = {incident.pk: {} for incident in incidents}
    for incident_id, name, service, severity, number in rows:
        values = {"alertname": name, "service": service or "", "severity": severity}
        found[incident_id] = rules.count_up(found[incident_id], [values] * number)
    return found


def _summarise(incident: Incident, now: datetime, actor: Actor, more: int, largest: int) -> None:
    """One entry for all that are only counted; it stays the newest of its kind and says how many there are by now."""
    counted = int(incident.breakdown.get("counted", 0)) + more
    text = ngettext("%(n)s more alert is counted only", "%(n)s more alerts are counted only", counted) % {"n": counted}
    why = _("the incident has more than %(n)s alerts") % {"n": largest}
    data = {"summary": True, "firing": True, "detail": spoken(incident.breakdown.get("by", {}))}
    made = new_entry(incident, now, actor, EntryKind.ALERT, text, why, data)
    key = incident.breakdown.get("entry")
    if key is None or not TimelineEntry.objects.filter(pk=key, incident=incident).update(
        at=now, text=text, why=why, data=made.data
    ):
        made.save(force_insert=True)
        key = made.pk
    incident.breakdown = {**incident.breakdown, "counted": counted, "entry": key}


def spoken(by: dict[str, dict[str, int]]) -> str:
    """A breakdown in a line: `DiskFull 812, HighLatency 90 · claims 700, portal 202 · critical 500, …`."""
    parts = []
    for name in rules.COUNTED:
        values = [f"{value} {n}" for value, n in rules.most_frequent(by.get(name, {}), MOST_NAMED) if value]
        if values:
            parts.append(", ".join(values))
    return " · ".join(parts)


def _save(incidents: Sequence[Incident], now: datetime) -> None:
    rows: list[tuple[Any, ...]] = []
    for incident in sorted(incidents, key=lambda each: each.pk):
        incident.updated_at = max(now, incident.updated_at)
        incident.revision += 1
        counts = (incident.alert_count, incident.firing_count, incident.breakdown)
        rows.append((incident.pk, *counts, incident.updated_at, incident.revision))
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_incident v SET alert_count = u.n, firing_count = u.f, breakdown = u.b,"
            f" updated_at = u.t, revision = u.r FROM {_COUNTED.sql} WHERE v.id = u.i",
            [_COUNTED.of(rows)],
        )


def entries_of_joining(
    incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert], known: Collection[int]
) -> list[TimelineEntry]:
    """What the timeline says of joining alerts: each by name while they are few, else the first and the number."""
    few = len(alerts) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in alerts if few else alerts[:1]:
        text = (_("%(name)s fires again") if alert.alert_id in known else _("%(name)s fires")) % {"name": alert.name}
        data = {"alert": alert.alert_id, "firing": True, "detail": alert.summary}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(alert), data))
    rest = () if few else alerts[1:]
    if rest:
        text = ngettext("%(n)s more alert joined", "%(n)s more alerts joined", len(rest)) % {"n": len(rest)}
        data = {"alerts": [alert.alert_id for alert in rest], "firing": True, "detail": names_of(rest)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(rest[0]), data))
    return entries


def entries_of_changes(
    incident: Incident, now: datetime, actor: Actor, changed: Sequence[JoiningAlert]
) -> list[TimelineEntry]:
    """What changed about alerts that fire in the incident already."""
    few = len(changed) <= SPOKEN_ONE_BY_ONE
    entries = []
    for alert in changed if few else ():
        text = _("%(name)s changed: %(what)s") % {"name": alert.name, "what": _difference(alert)}
        data = {"alert": alert.alert_id, "firing": True, "detail": alert.summary}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(alert), data))
    if not few:
        text = ngettext("%(n)s alert changed", "%(n)s alerts changed", len(changed)) % {"n": len(changed)}
        shown = {"alerts": [alert.alert_id for alert in changed], "firing": True, "detail": names_of(changed)}
        entries.append(new_entry(incident, now, actor, EntryKind.ALERT, text, told_why(changed[0]), shown))
    return entries


def _difference(alert: JoiningAlert) -> str:
    """The labels as they were and as they are, such as ``severity: warning → critical``."""
    before, after = alert.reason.get("before") or {}, alert.reason.get("after") or {}
    names = sorted({*before, *after})
    return one_line(", ".join(f"{name}: {before.get(name, '—')} → {after.get(name, '—')}" for name in names), 200)
