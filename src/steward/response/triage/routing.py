"""Routing of changed alerts, a batch at a time: find the routes, hold groups and incidents, decide, record why.

Everyone takes locks in one order: alerts (their room did), groups by route and key, incidents by key. Two batches may
wait for each other but never in a circle. The number of statements depends on what happens to incidents, not on the
number of alerts: a storm of thousands in a few groups costs as much as a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from steward.foundation.actors import system
from steward.foundation.due.registry import wake
from steward.foundation.sentences import SAID, packed
from steward.response.incidents import actions as incidents
from steward.response.incidents.actions import JoiningAlert
from steward.response.triage import queries, rules, wording
from steward.response.triage.models import AlertGroup, Decision, GroupMember, Route
from steward.response.triage.opening import joining, open_groups, rule_of
from steward.signals.alerts import queries as alerts
from steward.signals.alerts.events import ChangedAlert

TRIAGE = system("triage")
DUE_KIND = "triage.group"


@dataclass(slots=True)
class Work:
    """What a batch of changes means for one group."""

    route: rules.RouteSpec
    key: str
    labels: dict[str, str]
    changes: list[ChangedAlert] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """One handling: what has been decided so far, and what is written at its end for all groups together."""

    now: datetime
    decisions: list[Decision] = field(default_factory=list)
    states: dict[int, rules.IncidentState] = field(default_factory=dict)
    changed_groups: list[AlertGroup] = field(default_factory=list)
    to_open: list[tuple[AlertGroup, rules.RouteSpec, list[ChangedAlert]]] = field(default_factory=list)
    waits: bool = False

    def decide(
        self, changes: Iterable[ChangedAlert], outcome: rules.Outcome, reason: str, route: rules.RouteSpec | None,
        incident_id: int | None = None, labels: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        said = packed(reason=reason)
        data: dict[str, Any] = {**({} if labels is None else {"group": labels}), **({SAID: said} if said else {})}
        for change in changes:
            self.decisions.append(
                Decision(
                    alert_id=change.alert_id,
                    change_id=change.change_id,
                    at=self.now,
                    outcome=outcome,
                    reason=reason,
                    route_id=route.id if route else None,
                    route_version=route.version if route else None,
                    incident_id=incident_id,
                    data=data,
                )
            )


@transaction.atomic
def route_changes(*, now: datetime, changes: Sequence[ChangedAlert]) -> None:
    """Decide on every change and carry it out, in the caller's transaction."""
    batch = Batch(now)
    works = _sort(changes, queries.active_specs(), batch)
    groups = _hold_groups(works, now)
    batch.states = _hold_incidents(groups.values())
    _remember(works, groups, now)
    for place, work in sorted(works.items()):
        _work_on(work, groups[place], batch)
    _finish(batch)


def _sort(
    changes: Sequence[ChangedAlert], routes: Sequence[rules.RouteSpec], batch: Batch
) -> dict[tuple[int, str], Work]:
    """The changes by group; what only is recorded is decided here."""
    works: dict[tuple[int, str], Work] = {}
    for change in changes:
        taken = rules.matching(routes, change.labels)
        if not taken:
            batch.decide([change], "unrouted", wording.unrouted(), None)
        for route in taken:
            if not route.opens_incident:
                batch.decide([change], "recorded", wording.recorded(route), route)
                continue
            key = rules.key_of(route, change.labels)
            if (route.id, key) not in works:
                works[route.id, key] = Work(route, key, rules.labels_of(route, change.labels))
            works[route.id, key].changes.append(change)
    return works


def _hold_groups(works: dict[tuple[int, str], Work], now: datetime) -> dict[tuple[int, str], AlertGroup]:
    """Make the groups that do not exist and lock all, both in the order of route and key."""
    if not works:
        return {}
    ordered = [work for _place, work in sorted(works.items())]
    while True:
        found = _make_and_hold(ordered, now)
        held = {place: group for group in found if (place := (group.route_id, group.key)) in works}
        # One that was removed as empty and old before its lock was had is made again.
        if len(held) == len(works):
            return held


def _make_and_hold(ordered: Sequence[Work], now: datetime) -> list[AlertGroup]:
    AlertGroup.objects.bulk_create(
        [AlertGroup(route_id=w.route.id, key=w.key, labels=w.labels, created_at=now) for w in ordered],
        ignore_conflicts=True,
    )
    wanted = AlertGroup.objects.filter(
        route_id__in={work.route.id for work in ordered}, key__in={work.key for work in ordered}
    )
    # A key may exist under a route that is not meant (an alert that two routes group by the same labels).
    return hold(wanted)


def hold(groups: Any) -> list[AlertGroup]:
    """Lock groups in the one order."""
    return list(groups.select_for_update(no_key=True).order_by("route_id", "key"))


def _hold_incidents(groups: Iterable[AlertGroup]) -> dict[int, rules.IncidentState]:
    """Lock the groups' incidents: what is decided on their states stays true until the transaction ends."""
    held = incidents.lock_states(incident_ids=[group.incident_id for group in groups if group.incident_id])
    return {
        key: rules.IncidentState(key, each.ref, each.status, each.resolved_at, each.severity)
        for key, each in held.items()
    }


def _remember(works: dict[tuple[int, str], Work], groups: dict[tuple[int, str], AlertGroup], now: datetime) -> None:
    """Which alerts fire in which group."""
    latest = {
        (groups[place].pk, change.alert_id): change.status == "firing"
        for place, work in works.items()
        for change in work.changes
    }
    GroupMember.objects.bulk_create(
        [
            GroupMember(group_id=group_id, alert_id=alert_id, firing=firing, joined_at=now)
            for (group_id, alert_id), firing in sorted(latest.items())
        ],
        update_conflicts=True, unique_fields=["group", "alert"], update_fields=["firing"],
    )  # fmt: skip


def _work_on(work: Work, group: AlertGroup, batch: Batch) -> None:
    """Decide on one group's changes."""
    route = work.route
    found = rules.collapse(work.changes)
    incident = batch.states.get(group.incident_id or 0)
    batch.decide(found.overtaken, "overtaken", wording.overtaken(), route, labels=group.labels)
    step = rules.next_step(route, incident, group.due_at is not None, batch.now) if found.firing else None
    if step == "join" and incident is not None:
        severity = _change(incident, route, found, batch)
        text = wording.joined(route, incident.ref, raised=severity if severity < incident.severity else "")
        batch.decide(found.firing, "joined", text, route, incident.id, group.labels)
        return
    if step == "reopen" and incident is not None:
        _reopen(incident, route, found, batch)
        batch.decide(found.firing, "reopened", wording.reopened(route, incident.ref), route, incident.id, group.labels)
        return
    if found.resolved:
        _settle(group, incident, route, found, batch)
    if step == "wait":
        _wait(group, route, found.firing, batch)
    elif step == "open":
        batch.to_open.append((group, route, found.firing))


def _change(
    incident: rules.IncidentState, route: rules.RouteSpec, found: rules.Collapsed[ChangedAlert], batch: Batch
) -> str:
    """Alerts join an active incident, fire in it again, or are resolved in it; returns its severity afterwards."""
    after = incidents.alerts_changed(
        actor=TRIAGE, now=batch.now, incident_id=incident.id,
        firing=_joining(route, found.firing),
        resolved=[joining(change, wording.ended(change)) for change in found.resolved],
        auto_resolve=route.auto_resolve, rule=rule_of(route),
    )  # fmt: skip
    text = wording.resolved(route, incident.ref, active=incident.is_active, last=after.firing_count == 0)
    batch.decide(found.resolved, "resolved", text, route, incident.id)
    return after.severity


def _joining(route: rules.RouteSpec, firing: Sequence[ChangedAlert]) -> list[JoiningAlert]:
    why = wording.grouped(route)
    return [joining(change, why, rules.severity(route, change.severity)) for change in firing]


def _reopen(
    incident: rules.IncidentState, route: rules.RouteSpec, found: rules.Collapsed[ChangedAlert], batch: Batch
) -> None:
    incidents.reopen(
        actor=TRIAGE, now=batch.now, incident_id=incident.id, why=wording.fires_again(route),
        alerts=_joining(route, found.firing), rule=rule_of(route),
    )  # fmt: skip
    if found.resolved:
        _change(incident, route, rules.Collapsed([], found.resolved, []), batch)


def _settle(
    group: AlertGroup, incident: rules.IncidentState | None, route: rules.RouteSpec,
    found: rules.Collapsed[ChangedAlert], batch: Batch,
) -> None:  # fmt: skip
    """Alerts are resolved: in the group's incident if it has one, or before there was any."""
    if incident is not None:
        _change(incident, route, rules.Collapsed([], found.resolved, []), batch)
        return
    text = wording.resolved_early(group.due_at is not None)
    batch.decide(found.resolved, "resolved", text, route, labels=group.labels)


def _wait(group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], batch: Batch) -> None:
    if group.due_at is None:
        group.due_at, group.leased_until = batch.now + timedelta(seconds=route.group_wait), None
        batch.changed_groups.append(group)
        batch.waits = True
    batch.decide(firing, "waiting", wording.waiting(route, group.due_at), route, labels=group.labels)


def _finish(batch: Batch) -> None:
    """Open what is to be opened, and write what was decided."""
    for group, route, firing, ref in open_groups(batch.to_open, batch.now, TRIAGE):
        batch.changed_groups.append(group)
        batch.decide(firing, "opened", wording.opened(route, ref), route, group.incident_id, group.labels)
    if batch.changed_groups:
        _save_groups(batch.changed_groups)
    if batch.waits:
        wake(DUE_KIND)
    Decision.objects.bulk_create(batch.decisions, ignore_conflicts=True)


def _save_groups(groups: Sequence[AlertGroup]) -> None:
    """Write their incidents and clocks. Django's bulk_update builds a condition for each value, which in a storm of
    groups takes longer than all else."""
    rows = [(group.pk, group.incident_id, group.due_at, group.leased_until) for group in groups]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE triage_alertgroup g SET incident_id = u.incident, due_at = u.due, leased_until = u.leased FROM"
            " unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS u(id, incident, due, leased)"
            " WHERE g.id = u.id",
            [list(column) for column in zip(*rows, strict=True)],
        )


def end_group_wait(*, now: datetime, group_id: int) -> None:
    """Open the incident of one group whose wait is over."""
    end_group_waits(now=now, group_ids=[group_id])


@transaction.atomic
def end_group_waits(*, now: datetime, group_ids: Sequence[int]) -> None:
    """Open the incidents of groups whose wait is over, with what still fires in them."""
    groups = [
        group for group in hold(AlertGroup.objects.filter(pk__in=group_ids)) if group.due_at and group.due_at <= now
    ]
    if not groups:
        return
    specs = {route.pk: queries.spec(route) for route in Route.objects.filter(pk__in={g.route_id for g in groups})}
    firing = _still_firing(groups, now)
    batch = Batch(now, states=_hold_incidents(groups))
    to_open = []
    for group in groups:
        group.due_at, group.leased_until = None, None
        incident = batch.states.get(group.incident_id or 0)
        over = incident is None or not incident.is_active
        if firing.get(group.pk) and over and specs[group.route_id].opens_incident:
            to_open.append((group, specs[group.route_id], firing[group.pk]))
    opened = open_groups(to_open, now, TRIAGE)
    _save_groups(groups)
    for group, route, members, ref in opened:
        known = [change for change in members if change.change_id]
        batch.decide(known, "opened", wording.opened(route, ref, waited=True), route, group.incident_id, group.labels)
    # The changes' "waiting" becomes "opened".
    Decision.objects.bulk_create(
        batch.decisions, update_conflicts=True, unique_fields=["change", "route"],
        update_fields=["at", "outcome", "reason", "route_version", "incident", "data"],
    )  # fmt: skip


def _still_firing(groups: Sequence[AlertGroup], now: datetime) -> dict[int, list[ChangedAlert]]:
    """The alerts that fire in each group, in the order in which they joined."""
    members = list(
        GroupMember.objects.filter(group__in=groups, firing=True).order_by("pk").values_list("group_id", "alert_id")
    )
    changed = {each.alert_id: each for each in alerts.as_changed(list({alert for _group, alert in members}), now)}
    found: dict[int, list[ChangedAlert]] = {}
    for group_id, alert_id in members:
        if alert_id in changed:
            found.setdefault(group_id, []).append(changed[alert_id])
    return found
