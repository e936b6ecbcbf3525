"""From groups of firing alerts to incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor, system
from steward.foundation.sentences import joined
from steward.response.incidents import actions as incidents
from steward.response.incidents.actions import JoiningAlert, Opening, Rule
from steward.response.triage import rules, wording
from steward.response.triage.models import AlertGroup
from steward.signals.alerts.events import ChangedAlert

TRIAGE = system("triage")
LONGEST_DESCRIPTION = 2000
LONGEST_SUMMARY = 300
Group = tuple[AlertGroup, rules.RouteSpec, list[ChangedAlert]]
Opened = tuple[AlertGroup, rules.RouteSpec, list[ChangedAlert], str]


def open_groups(
    groups: Sequence[Group], now: datetime, actor: Actor, notes: Mapping[int, str] | None = None
) -> list[Opened]:
    """Open an incident for each locked group; its ``incident`` is set and it waits no longer. The caller saves it.
    ``notes``: by alert, what its incident says besides."""
    names: dict[int, str] = {}
    openings = [_opening(route, firing, names, notes or {}) for _group, route, firing in groups]
    made = incidents.open_incidents(actor=actor, now=now, openings=openings)
    found: list[Opened] = []
    for (group, route, firing), incident in zip(groups, made, strict=True):
        group.incident, group.due_at, group.leased_until = incident, None, None
        found.append((group, route, firing, incident.ref))
    return found


def joining(change: ChangedAlert, why: str, severity: str = "") -> JoiningAlert:
    """The alert as an incident takes it; one that is there already is raised to ``severity``."""
    return JoiningAlert(
        alert_id=change.alert_id,
        name=change.name,
        summary=change.annotations.get("summary", "")[:LONGEST_SUMMARY],
        firing=change.status == "firing",
        reason={"change": change.change_id, **change.reason},
        why=why,
        severity=severity,
        counted={"alertname": change.name, "service": change.labels.get("service", ""), "severity": change.severity},
        shadow=change.shadow,
        source=change.source_name,
    )


def noted(firing: Sequence[ChangedAlert], notes: Mapping[int, str]) -> list[str]:
    """What these alerts' incident says besides, each sentence once."""
    return list(dict.fromkeys(notes[change.alert_id] for change in firing if change.alert_id in notes))


def rule_of(route: rules.RouteSpec) -> Rule:
    """The route as the reason for what happens to an incident."""
    return Rule(wording.by_route(route), {"kind": "route", "id": route.id, "version": route.version})


def _opening(
    route: rules.RouteSpec, firing: Sequence[ChangedAlert], names: dict[int, str], notes: Mapping[int, str]
) -> Opening:
    service_id = route.service_id or next((change.service_id for change in firing if change.service_id), None)
    why = joined(wording.by_route(route), wording.takes(route))
    said = firing[0].annotations.get("description", "")
    return Opening(
        title=wording.title(firing, _service_name(service_id, names)),
        severity=rules.worst([rules.severity(route, change.severity) for change in firing]),
        service_id=service_id,
        policy_id=route.policy_id,
        origin={"kind": "route", "id": route.id, "name": route.name, "version": route.version},
        alerts=[joining(change, wording.grouped(route)) for change in firing],
        why=why,
        description="\n\n".join(part for part in (*noted(firing, notes), said) if part)[:LONGEST_DESCRIPTION],
        shadow=all(change.shadow for change in firing),
    )


def _service_name(service_id: int | None, names: dict[int, str]) -> str:
    if service_id is None:
        return ""
    if service_id not in names:
        service = configuration.service_by_id(service_id)
        names[service_id] = service.name if service else ""
    return names[service_id]
