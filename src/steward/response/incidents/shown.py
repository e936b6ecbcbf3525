"""An incident in the form in which its page shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.response.incidents import queries, rules, teamwork
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, IncidentStatus, TimelineEntry
from steward.response.notifications import queries as notifications
from steward.response.oncall import queries as oncall

# What a page shows at once; the rest is behind a link.
NEWEST_ENTRIES, ALL_ENTRIES = 100, 5000
# Few, so that what stands below them is still seen; of those of a storm no page shows all.
FIRST_ALERTS, ALL_ALERTS = 12, 1000
MOST_COUNTED = 5

_DOTS = {
    EntryKind.OPENED: "high",
    EntryKind.ALERT: "down",
    EntryKind.PAGE: "info",
    EntryKind.ESCALATION: "plain",
    EntryKind.ACKNOWLEDGED: "info",
    EntryKind.RESOLVED: "ok",
    EntryKind.CLOSED: "plain",
    EntryKind.REOPENED: "high",
    EntryKind.SEVERITY: "degraded",
    EntryKind.NOTE: "note",
    EntryKind.UNREACHED: "down",
    EntryKind.VERDICT: "note",
    EntryKind.SNOOZED: "plain",
    EntryKind.HANDOVER: "info",
    EntryKind.HELP: "info",
    EntryKind.MERGED: "info",
    EntryKind.SPLIT: "info",
}
# Whose entries name who did it; "by engine" would tell nobody anything.
_SOMEBODY = {"user", "link", "apikey"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A timeline entry as the page draws it; ``day`` is set where a new day begins, ``more`` are its likes right after
    it: five containers of one service that restart say the same thing five times."""

    entry: TimelineEntry
    dot: str
    by: str
    detail: str
    day: date | None
    alert_id: int | None
    more: tuple[Entry, ...] = ()


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def stamp(incident: Incident) -> str:
    """The state of the incident that a page shows; a page that has it needs nothing new.

    The count of writes and not ``updated_at``: two writes of one batch of the engine have the same time.
    """
    return str(incident.revision)


def everything(actor: Actor, incident: Incident, *, whole: bool = False) -> dict[str, Any]:
    """What the page and its live part show."""
    entries, more = timeline(actor, incident, whole=whole)
    members = list(queries.alerts(actor, incident)[: ALL_ALERTS if whole else FIRST_ALERTS])
    return {
        "incident": incident,
        "at": stamp(incident),
        "whole": whole,
        "entries": entries,
        "more_entries": more,
        "members": members,
        "more_alerts": max(0, incident.alert_count - len(members)),
        "all_alerts": len(members) < min(ALL_ALERTS, incident.alert_count),
        "escalation": oncall.escalation_of(SubjectRef("incident", incident.pk)) if incident.policy_id else None,
        "may": {**may(actor, incident), **teamwork.may(actor, incident)},
        "team": teamwork.teamwork(actor, incident),
        "why_me": why_me(actor, incident),
        "related": queries.related(actor, incident),
        "common": common_labels(members),
        "breakdown": breakdown(incident),
    }


def breakdown(incident: Incident) -> list[tuple[str, list[tuple[str, int]]]]:
    """What an incident with many alerts is made of: the most frequent names, services and severities."""
    by = incident.breakdown.get("by", {})
    titles = {"alertname": _("Alert names"), "service": _("Services"), "severity": _("Severities")}
    found = [
        (titles[name], [each for each in rules.most_frequent(by.get(name, {}), MOST_COUNTED) if each[0]])
        for name in rules.COUNTED
    ]
    return [(title, values) for title, values in found if values]


def may(actor: Actor, incident: Incident) -> dict[str, bool]:
    """Which buttons this actor gets on an incident in this state."""
    status = incident.status
    active = status in {IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED}
    return {
        "acknowledge": status == IncidentStatus.OPEN and actor.can("incidents.acknowledge"),
        "resolve": active and actor.can("incidents.resolve"),
        "reopen": status == IncidentStatus.RESOLVED and actor.can("incidents.resolve"),
        "assign": active and actor.can("incidents.assign"),
        "severity": active and actor.can("incidents.edit"),
        "note": actor.can("incidents.note"),
        "merge": status != IncidentStatus.CLOSED and actor.can("incidents.edit"),
        "split": active and incident.alert_count > 1 and all(map(actor.can, ("incidents.edit", "incidents.declare"))),
        "unmerge": incident.state == "merged" and actor.can("incidents.edit"),
        "unsplit": active and incident.split_from_id is not None and actor.can("incidents.edit"),
    }


def why_me(actor: Actor, incident: Incident) -> str:
    """Why the reader was paged, if they were: nobody should have to look for it at three in the morning."""
    if not incident.policy_id or not actor.user_id:
        return ""
    why, step = notifications.why_paged(actor.user_id, SubjectRef("incident", incident.pk))
    return " · ".join(text for text in (why, step) if text)


def timeline(actor: Actor, incident: Incident, *, whole: bool) -> tuple[list[Entry], bool]:
    """The entries, oldest first, and whether older ones are left out."""
    most = ALL_ENTRIES if whole else NEWEST_ENTRIES
    found = list(queries.timeline(actor, incident).order_by("-at", "-id")[: most + 1])
    more = len(found) > most
    shown: list[Entry] = []
    day: date | None = None
    for entry in reversed(found[:most]):
        today = timezone.localtime(entry.at).date()
        shown.append(
            Entry(
                entry=entry,
                dot=_dot(entry),
                by=entry.actor_label if entry.data.get("by") in _SOMEBODY else "",
                detail=entry.data.get("detail", ""),
                day=today if today != day else None,
                alert_id=entry.data.get("alert"),
            )
        )
        day = today
    if shown and not more and all(each.day is None for each in shown[1:]):
        shown[0] = replace(shown[0], day=None)  # all on one day: the hours are enough
    return folded(shown), more


def folded(entries: list[Entry]) -> list[Entry]:
    """Alerts that say the same one after the other as one entry, with the others in it."""
    shown: list[Entry] = []
    for each in entries:
        last = shown[-1] if shown else None
        if last and each.alert_id and last.alert_id and each.entry.text == last.entry.text and each.day is None:
            shown[-1] = replace(last, more=(*last.more, each))
        else:
            shown.append(each)
    return shown


def _dot(entry: TimelineEntry) -> str:
    if entry.data.get("failed"):
        return "down"
    if entry.kind == EntryKind.ALERT and entry.data.get("firing") is False:
        return "ok"
    return _DOTS.get(EntryKind(entry.kind), "plain") if entry.kind in EntryKind.values else "plain"


def common_labels(members: list[IncidentAlert]) -> dict[str, str]:
    """The labels that all shown alerts share: what the incident is about."""
    if not members:
        return {}
    common = dict(members[0].alert.labels)
    for member in members[1:]:
        common = {name: value for name, value in common.items() if member.alert.labels.get(name) == value}
    return common
