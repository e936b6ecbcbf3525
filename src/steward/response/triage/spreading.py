"""From groups that want an incident to incidents: their own, the one of what they depend on, or the storm's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from steward.estate.configuration import queries as estate
from steward.response.incidents import actions as incidents
from steward.response.incidents import queries as incident_queries
from steward.response.incidents.actions import Opening
from steward.response.triage import rules, telling, wording
from steward.response.triage.models import AlertGroup, Storm
from steward.response.triage.opening import TRIAGE, joining, noted, open_groups, rule_of
from steward.signals.alerts.events import ChangedAlert

if TYPE_CHECKING:
    from steward.response.triage.routing import Batch

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A locked group that wants an incident for these alerts."""

    group: AlertGroup
    route: rules.RouteSpec
    firing: list[ChangedAlert]
    waited: bool


@dataclass(slots=True)
class Plan:
    """What a batch wants to open, and the storms of its routes (locked)."""

    wanted: list[Wanted] = field(default_factory=list)
    storms: dict[int, Storm] = field(default_factory=dict)

    def add(
        self, group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], *, waited: bool = False
    ) -> None:
        self.wanted.append(Wanted(group, route, list(firing), waited))


def hold_storms(plan: Plan, routes: Iterable[rules.RouteSpec], now: datetime) -> list[int]:
    """Lock the counters of routes that have a limit, after the groups and before incidents; returns the incidents of
    their storms, which are to be locked with the others."""
    limited = sorted({route.id for route in routes if route.storm_groups})
    if not limited:
        return []
    Storm.objects.bulk_create([Storm(route_id=key, since=now) for key in limited], ignore_conflicts=True)
    found = Storm.objects.select_for_update(no_key=True).filter(route_id__in=limited).order_by("route_id")
    plan.storms = {storm.route_id: storm for storm in found}
    return [storm.incident_id for storm in plan.storms.values() if storm.incident_id]


def carry_out(plan: Plan, batch: Batch) -> None:
    """Give every group its incident."""
    own = _join_causes(plan.wanted, batch)
    by_route: dict[int, list[Wanted]] = {}
    for each in own:
        if each.group.shadow:
            continue
        by_route.setdefault(each.route.id, []).append(each)
    # In shadow mode each group is told by itself, as by what it is compared with; and no storm that people are paged
    # for has to do with it.
    alone = [each for each in own if each.group.shadow]
    for route_id, wanted in sorted(by_route.items()):
        alone += _within_limit(plan.storms.get(route_id), wanted, batch)
    _open(alone, batch)


def depends(route: rules.RouteSpec, firing: Sequence[ChangedAlert]) -> bool:
    """Whether what the alerts are about depends on any other service."""
    service_id = _service(route, firing)
    return service_id is not None and bool(estate.upstream([service_id]).get(service_id))


def _service(route: rules.RouteSpec, firing: Sequence[ChangedAlert]) -> int | None:
    return route.service_id or next((change.service_id for change in firing if change.service_id), None)


def _join_causes(wanted: Sequence[Wanted], batch: Batch) -> list[Wanted]:
    """Alerts of what depends on something that has an open incident join that as symptoms; the rest is returned."""
    if not batch.config.topology.enabled or not wanted:
        return list(wanted)
    services = {key for each in wanted if (key := _service(each.route, each.firing)) is not None}
    above = estate.upstream(sorted(services)) if services else {}
    over = {up for found in above.values() for up in found}
    # By whether the group is in shadow mode: only such a one may be a symptom of what pages nobody.
    causes_of = {
        shadow: incident_queries.active_of_services(over, shadow=shadow)
        for shadow in {each.group.shadow for each in wanted}
    }
    if not any(causes_of.values()):
        return list(wanted)
    left = []
    for each in wanted:
        service_id = _service(each.route, each.firing)
        reached = above.get(service_id, {}) if service_id else {}
        causes = causes_of[each.group.shadow]
        # The shortest path first: the nearest cause is the likeliest.
        found = min((key for key in reached if key in causes), key=lambda key: (len(reached[key]), key), default=None)
        if found is None or not _symptom(each, causes[found], reached[found], batch):
            left.append(each)
    return left


def _symptom(each: Wanted, incident_id: int, path: Sequence[str], batch: Batch) -> bool:
    """Let a group join the incident of what it depends on; False if that is over by now."""
    state = batch.states.get(incident_id) or _locked(incident_id)
    if state is None or not state.is_active:
        return False
    why = wording.symptom(path)
    # Without a severity: what is broken above was judged there; its symptoms do not raise it.
    members = [joining(change, why) for change in each.firing]
    incidents.alerts_changed(
        actor=TRIAGE, now=batch.now, incident_id=incident_id, firing=members, rule=rule_of(each.route),
        largest=each.route.largest_group,
    )  # fmt: skip
    each.group.incident_id, each.group.due_at, each.group.leased_until = incident_id, None, None
    batch.changed(each.group)
    text = wording.joined_cause(state.ref, path)
    more = {"path": list(path)}
    batch.decide(each.firing, "symptom", text, each.route, incident_id, each.group.labels, more=more)
    return True


def _locked(incident_id: int) -> rules.IncidentState | None:
    found = incidents.lock_states(incident_ids=[incident_id]).get(incident_id)
    if found is None:
        return None
    return rules.IncidentState(incident_id, found.ref, found.status, found.resolved_at, found.severity)


def _within_limit(storm: Storm | None, wanted: Sequence[Wanted], batch: Batch) -> list[Wanted]:
    """What of a route's groups gets its own incident; in a storm, all go into the storm's."""
    if storm is None:
        return list(wanted)
    route, now = wanted[0].route, batch.now
    state = batch.states.get(storm.incident_id or 0)
    before = rules.StormState(storm.since, storm.opened, state is not None and state.is_active)
    if rules.opens(before, len(wanted), route.storm_groups, now):
        if now - storm.since >= rules.STORM_WINDOW:
            storm.since, storm.opened = now, 0
        storm.opened += len(wanted)
        storm.save(update_fields=["since", "opened"])
        return list(wanted)
    _storm(storm, state, wanted, batch)
    return []


def _storm(storm: Storm, state: rules.IncidentState | None, wanted: Sequence[Wanted], batch: Batch) -> None:
    route, now = wanted[0].route, batch.now
    firing = [change for each in wanted for change in each.firing]
    if state is None or not state.is_active:
        incident = incidents.open_incidents(
            actor=TRIAGE, now=now, openings=[_storm_opening(route, wanted, firing, batch)]
        )[0]
        storm.incident_id, storm.since, storm.opened = incident.pk, now, 0
        storm.save(update_fields=["incident", "since", "opened"])
        state = rules.IncidentState(incident.pk, incident.ref, incident.status, None, incident.severity)
        batch.states[incident.pk] = state
        telling_first = True
    else:
        why = wording.in_storm(route)
        members = [joining(c, why, rules.severity(route, c.severity)) for c in firing]
        incidents.alerts_changed(
            actor=TRIAGE, now=now, incident_id=state.id, firing=members, auto_resolve=False, rule=rule_of(route),
            largest=route.largest_group,
        )  # fmt: skip
        telling_first = False
    text = wording.stormed(route, state.ref)
    for each in wanted:
        each.group.incident_id, each.group.due_at, each.group.leased_until = state.id, None, None
        batch.changed(each.group)
        batch.decide(each.firing, "storm", text, route, state.id, each.group.labels)
    if telling_first:
        telling.begins(wanted[0].group, route, "storm", firing, batch)


def _storm_opening(
    route: rules.RouteSpec, wanted: Sequence[Wanted], firing: Sequence[ChangedAlert], batch: Batch
) -> Opening:
    services = {change.service_id for change in firing}
    return Opening(
        title=wording.storm_title(route, len(firing), len(wanted)),
        severity=rules.worst([rules.severity(route, change.severity) for change in firing]),
        service_id=route.service_id or (services.pop() if len(services) == 1 else None),
        policy_id=route.policy_id,
        origin={"kind": "route", "id": route.id, "name": route.name, "version": route.version, "storm": True},
        alerts=[joining(change, wording.in_storm(route)) for change in firing],
        why=wording.in_storm(route),
        description="\n".join([*noted(firing, batch.notes), _made_of(firing)]),
    )


def _made_of(firing: Sequence[ChangedAlert]) -> str:
    """What the storm's page says it is made of: a line for names, services and severities, the most frequent first."""
    kinds = (
        [change.name for change in firing],
        [change.labels.get("service", "") for change in firing],
        [change.severity for change in firing],
    )
    lines = []
    for values in kinds:
        found = Counter(value for value in values if value).most_common(MOST_NAMES)
        if found:
            lines.append(", ".join(f"{number} × {value}" for value, number in found))
    return "\n".join(lines)


def _open(wanted: Sequence[Wanted], batch: Batch) -> None:
    waited = {each.group.pk: each.waited for each in wanted}
    opened = open_groups([(each.group, each.route, each.firing) for each in wanted], batch.now, TRIAGE, batch.notes)
    for group, route, firing, ref in opened:
        batch.changed(group)
        text = wording.opened(route, ref, waited=waited[group.pk])
        more = {"waited": True} if waited[group.pk] else None
        batch.decide(firing, "opened", text, route, group.incident_id, group.labels, more)
        telling.begins(group, route, "opened", firing, batch)
