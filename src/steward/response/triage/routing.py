"""Routing of changed alerts, a batch at a time: walk the routes, lock the groups in one order, decide, record why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import system
from steward.foundation.due.registry import wake
from steward.response.incidents import actions as incidents
from steward.response.incidents.actions import JoiningAlert
from steward.response.triage import queries, rules
from steward.response.triage.models import AlertGroup, Decision, GroupMember, Route
from steward.signals.alerts import queries as alerts
from steward.signals.alerts.events import ChangedAlert

TRIAGE = system("triage")


@dataclass(slots=True)
class _GroupWork:
    """What a batch of changes means for one group."""

    route: rules.RouteSpec
    key: str
    labels: dict[str, str]
    changes: list[ChangedAlert] = field(default_factory=list)


@transaction.atomic
def route_changes(*, now: datetime, changes: Sequence[ChangedAlert]) -> None:
    """Decide on every change and carry it out, in the caller's transaction."""
    routes = queries.active_specs()
    work: dict[tuple[int, str], _GroupWork] = {}
    decisions: list[Decision] = []
    for change in changes:
        taken = rules.matching(routes, change.labels)
        if not taken:
            decisions.append(_decision(change, now, "unrouted", _("no enabled route takes these labels"), None))
        for route in taken:
            key = rules.key_of(route, change.labels)
            found = work.setdefault((route.id, key), _GroupWork(route, key, rules.labels_of(route, change.labels)))
            found.changes.append(change)
    # Everyone locks routes' groups in this order, so two batches can wait for each other but never in a circle.
    for _place, group_work in sorted(work.items()):
        decisions += _work_on(group_work, now)
    Decision.objects.bulk_create(decisions, ignore_conflicts=True)


def _work_on(work: _GroupWork, now: datetime) -> list[Decision]:
    if not work.route.opens_incident:
        text = _("route %(route)s only records") % {"route": work.route.name}
        return [_decision(change, now, "recorded", text, work.route) for change in work.changes]
    group = _lock_group(work, now)
    latest = {change.alert_id: change for change in work.changes}
    firing = [change for change in latest.values() if change.status == "firing"]
    resolved = [change for change in latest.values() if change.status == "resolved"]
    _remember_members(group, firing, resolved, now)
    decisions: list[Decision] = []
    if firing:
        decisions += _fire(group, work.route, firing, now)
    if resolved:
        decisions += _settle(group, work.route, resolved, now)
    # Changes that a later one in the same batch overtook are on record too.
    overtaken = [change for change in work.changes if latest[change.alert_id] is not change]
    text = _("a later change of the same alert was already there")
    return decisions + [_decision(change, now, "recorded", text, work.route, group) for change in overtaken]


def _lock_group(work: _GroupWork, now: datetime) -> AlertGroup:
    AlertGroup.objects.bulk_create(
        [AlertGroup(route_id=work.route.id, key=work.key, labels=work.labels, created_at=now)], ignore_conflicts=True
    )
    return AlertGroup.objects.select_for_update().get(route_id=work.route.id, key=work.key)


def _remember_members(
    group: AlertGroup, firing: Sequence[ChangedAlert], resolved: Sequence[ChangedAlert], now: datetime
) -> None:
    GroupMember.objects.bulk_create(
        [GroupMember(group=group, alert_id=change.alert_id, firing=True, joined_at=now) for change in firing],
        update_conflicts=True,
        unique_fields=["group", "alert"],
        update_fields=["firing"],
    )
    if resolved:
        GroupMember.objects.filter(group=group, alert_id__in=[c.alert_id for c in resolved]).update(firing=False)


def _fire(group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], now: datetime) -> list[Decision]:
    state = _incident_state(group)
    step = rules.next_step(route, state, waiting=group.due_at is not None, now=now)
    if step == "wait":
        return _wait(group, route, firing, now)
    joining = [joining_alert(change, _grouped(route)) for change in firing]
    if step == "join" and state is not None:
        incidents.alerts_changed(actor=TRIAGE, now=now, incident_id=state.id, firing=joining, auto_resolve=False)
        text = _("joined %(ref)s: same group as its alerts (%(by)s)") % {"ref": state.ref, "by": _grouped(route)}
        return [_decision(change, now, "joined", text, route, group) for change in firing]
    if step == "reopen" and state is not None:
        why = _("fired again within %(n)s minutes") % {"n": route.reopen_minutes}
        incidents.reopen(actor=TRIAGE, now=now, incident_id=state.id, why=why, alerts=joining)
        text = _("reopened %(ref)s: %(why)s") % {"ref": state.ref, "why": why}
        return [_decision(change, now, "reopened", text, route, group) for change in firing]
    _open(group, route, list(firing), now)
    text = _("opened %(ref)s: first alert of its group (%(by)s)") % {"ref": _ref(group), "by": _grouped(route)}
    return [_decision(change, now, "opened", text, route, group) for change in firing]


def _wait(group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], now: datetime) -> list[Decision]:
    if group.due_at is None:
        group.due_at, group.leased_until = now + timedelta(seconds=route.group_wait), None
        group.save(update_fields=["due_at", "leased_until"])
        wake("triage.group")
    text = _("waiting for more alerts of its group until %(until)s (group wait %(n)s s)") % {
        "until": f"{group.due_at:%H:%M:%S} UTC",
        "n": route.group_wait,
    }
    return [_decision(change, now, "waiting", text, route, group) for change in firing]


def _settle(
    group: AlertGroup, route: rules.RouteSpec, resolved: Sequence[ChangedAlert], now: datetime
) -> list[Decision]:
    state = _incident_state(group)
    if state is not None and state.status in {"open", "acknowledged"}:
        gone = [joining_alert(change, resolution(change)) for change in resolved]
        incidents.alerts_changed(
            actor=TRIAGE, now=now, incident_id=state.id, resolved=gone, auto_resolve=route.auto_resolve
        )
        text = _("resolved in %(ref)s") % {"ref": state.ref}
    else:
        text = _("resolved before an incident was opened") if group.due_at else _("resolved; no incident is open")
    return [_decision(change, now, "resolved", text, route, group) for change in resolved]


def _open(group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], now: datetime) -> None:
    first = firing[0]
    service_id = route.service_id or next((change.service_id for change in firing if change.service_id), None)
    incident = incidents.open_incident(
        actor=TRIAGE,
        now=now,
        title=title_of(firing),
        severity=rules.worst([rules.severity(route, change.severity) for change in firing]),
        service_id=service_id,
        policy_id=route.policy_id,
        origin={"kind": "route", "id": route.id, "name": route.name, "version": route.version},
        alerts=[joining_alert(change, _grouped(route)) for change in firing],
        why=_("route %(name)s, version %(version)s") % {"name": route.name, "version": route.version},
        description=first.annotations.get("description", "")[:2000],
    )
    group.incident, group.due_at, group.leased_until = incident, None, None
    group.save(update_fields=["incident", "due_at", "leased_until"])


@transaction.atomic
def end_group_wait(*, now: datetime, group_id: int) -> None:
    """Open the incident of a group whose wait is over, with what still fires in it."""
    group = AlertGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None or group.due_at is None or group.due_at > now:
        return
    members = GroupMember.objects.filter(group=group, firing=True).order_by("id").values_list("alert_id", flat=True)
    firing = alerts.as_changed(list(members), now)
    route = queries.spec(Route.objects.get(pk=group.route_id))
    if not firing:
        group.due_at, group.leased_until = None, None
        group.save(update_fields=["due_at", "leased_until"])
        return
    _open(group, route, firing, now)
    text = _("opened %(ref)s when group wait ended") % {"ref": _ref(group)}
    newest = [change for change in firing if change.change_id]
    Decision.objects.bulk_create(
        [
            Decision(
                alert_id=change.alert_id, change_id=change.change_id, at=now, outcome="opened", reason=text,
                route_id=route.id, route_version=route.version, incident=group.incident,
            )
            for change in newest
        ],
        update_conflicts=True, unique_fields=["change", "route"],
        update_fields=["at", "outcome", "reason", "route_version", "incident"],
    )  # fmt: skip


def joining_alert(change: ChangedAlert, why: str) -> JoiningAlert:
    return JoiningAlert(
        alert_id=change.alert_id,
        name=change.name,
        summary=change.annotations.get("summary", "")[:300],
        firing=change.status == "firing",
        reason={"change": change.change_id, **change.reason},
        why=_("from %(source)s · %(why)s") % {"source": change.source_name, "why": why},
    )


def resolution(change: ChangedAlert) -> str:
    """Why the alert ended, as its source room says."""
    return str(change.reason.get("text") or _("its sender says so"))


def title_of(firing: Sequence[ChangedAlert]) -> str:
    """What people read first: the first alert's summary, or its name and what it is about."""
    first = firing[0]
    summary = first.annotations.get("summary") or first.annotations.get("title")
    if summary:
        return summary
    where = first.labels.get("instance") or first.labels.get("host") or first.labels.get("service") or ""
    return f"{first.name} on {where}" if where else first.name


def _incident_state(group: AlertGroup) -> rules.IncidentState | None:
    incident = group.incident
    if incident is None:
        return None
    return rules.IncidentState(incident.pk, incident.ref, incident.status, incident.resolved_at)


def _ref(group: AlertGroup) -> str:
    return group.incident.ref if group.incident else ""


def _grouped(route: rules.RouteSpec) -> str:
    if not route.group_by:
        return _("grouped by route alone")
    return _("grouped by %(labels)s") % {"labels": ", ".join(route.group_by)}


def _decision(
    change: ChangedAlert, now: datetime, outcome: str, reason: str, route: rules.RouteSpec | None,
    group: AlertGroup | None = None,
) -> Decision:  # fmt: skip
    data: dict[str, Any] = {"group": group.labels} if group else {}
    return Decision(
        alert_id=change.alert_id,
        change_id=change.change_id,
        at=now,
        outcome=outcome,
        reason=reason,
        route_id=route.id if route else None,
        route_version=route.version if route else None,
        incident=group.incident if group else None,
        data=data,
    )
