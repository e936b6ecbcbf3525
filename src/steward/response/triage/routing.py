"""Routing of changed alerts, a batch at a time: find the routes, hold groups and incidents, decide, record why.

Everyone takes locks in one order: alerts (their room did), groups by route and key, incidents by key. Two batches may
wait for each other but never in a circle. The number of statements depends on what happens to incidents, not on the
number of alerts: a storm of thousands in a few groups costs as much as a few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from steward.foundation.database.rowsets import Rowset, written
from steward.foundation.sentences import SAID, joined, packed
from steward.response.incidents import actions as incidents
from steward.response.suppression import queries as suppression
from steward.response.triage import configuration, joins, judging, moving, muting, rules, telling, wording, writing
from steward.response.triage.models import AlertGroup, GroupMember, Notice
from steward.response.triage.opening import TRIAGE, joining, noted, rule_of
from steward.response.triage.spreading import Plan, carry_out, depends, hold_storms
from steward.signals.alerts import queries as alerts
from steward.signals.alerts.events import ChangedAlert

_GROUPS = Rowset(
    id="bigint", incident="bigint", due="timestamptz", leased="timestamptz", began="timestamptz", told="timestamptz",
    news="bool",
)  # fmt: skip


@dataclass(slots=True)
class Work:
    """What a batch of changes means for one group."""

    route: rules.RouteSpec
    key: str
    labels: dict[str, str]
    changes: list[ChangedAlert] = field(default_factory=list)
    shadow: bool = False


@dataclass(slots=True)
class Batch:
    """One handling: what has been decided so far, and what is written at its end for all groups together."""

    now: datetime
    config: rules.Configuration
    checked: dict[str, int] = field(default_factory=dict)
    rounds: dict[int, int] = field(default_factory=dict)
    decisions: list[writing.Verdict] = field(default_factory=list)
    states: dict[int, rules.IncidentState] = field(default_factory=dict)
    changed_groups: dict[int, AlertGroup] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    joins: joins.Joins = field(default_factory=joins.Joins)
    pinned: dict[tuple[int, int], int] = field(default_factory=dict)
    unpinned: list[tuple[int, int]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    waits: bool = False
    # By alert: what whoever is paged for it must know besides.
    notes: Mapping[int, str] = field(default_factory=dict)

    def changed(self, group: AlertGroup) -> None:
        """The group's row is to be written at the end."""
        self.changed_groups[group.pk] = group

    def decide(
        self, changes: Iterable[ChangedAlert], outcome: rules.Outcome, reason: str, route: rules.RouteSpec | None,
        incident_id: int | None = None, labels: dict[str, str] | None = None, more: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        said = packed(reason=reason)
        data: dict[str, Any] = {
            "checked": self.checked, **({} if labels is None else {"group": labels}), **({SAID: said} if said else {}),
            **(more or {}),
        }  # fmt: skip
        rounds, text = self.rounds, str(reason)
        route_id, version = (route.id, route.version) if route else (None, None)
        about = written(data)
        self.decisions += [
            writing.Verdict(
                each.alert_id, each.change_id, rounds.get(each.alert_id, 0), self.now, outcome, text, route_id,
                version, incident_id, about,
            )
            for each in changes
        ]  # fmt: skip


@transaction.atomic
def route_changes(
    *, now: datetime, changes: Sequence[ChangedAlert], rounds: dict[int, int] | None = None,
    notes: Mapping[int, str] | None = None,
) -> None:  # fmt: skip
    """Decide on every change and carry it out, in the caller's transaction, which holds the alerts. ``rounds``: these
    alerts are judged anew, for the how manieth time since their newest change; ``notes``: what an incident that one of
    them opens or reopens says besides."""
    config = configuration.live()
    judged = judging.judge(changes, config, now, rounds)
    batch = Batch(now, config, judged.checked, judged.rounds, notes=notes or {})
    for given, held in judged.held:
        batch.decide(given, held.kind, held.why, None, more={"held": judging.about(held)})  # type: ignore[arg-type]
    works = _sort(judged.passed, batch)
    _leave(works, judged.passed, config)
    groups = _hold_groups(works, now)
    storms = hold_storms(batch.plan, [work.route for work in works.values()], now)
    batch.pinned = _split_off(groups.values(), judged.passed)
    hold_incidents(groups.values(), storms, batch)
    _remember(works, groups, now)
    for place, work in sorted(works.items(), key=lambda each: each[0]):
        _work_on(work, groups[place], batch)
    _finish(batch)
    if judged.begins:
        judging.look_again(now)


def _sort(changes: Sequence[ChangedAlert], batch: Batch) -> dict[tuple[int, str], Work]:
    """The changes by group; what only is recorded, and what its route must not tell now, is decided here."""
    works: dict[tuple[int, str], Work] = {}
    muted: list[muting.Muted] = []
    for change in changes:
        taken = batch.config.tree.taking(change.labels)
        if not taken:
            batch.decide([change], "unrouted", wording.unrouted(), None)
        for route in taken:
            if not route.opens_incident:
                batch.decide([change], "recorded", wording.recorded(route), route)
                continue
            mute = batch.config.muted(route, batch.now) if change.status == "firing" else None
            if mute is not None:
                why = wording.muted(*mute)
                until = {"until": mute[1].isoformat()} if mute[1] else {}
                batch.decide([change], "muted", why, route, more={"held": {"label": mute[0], **until}})
                muted.append(muting.Muted(change, route, mute[1], why))
                continue
            key = rules.key_of(route, change.labels, shadow=change.shadow)
            if (route.id, key) not in works:
                labels = rules.labels_of(route, change.labels)
                works[route.id, key] = Work(route, key, labels, shadow=change.shadow)
            works[route.id, key].changes.append(change)
    muting.settle(changes, muted, batch.rounds, batch.now)
    return works


def _leave(works: dict[tuple[int, str], Work], changes: Sequence[ChangedAlert], config: rules.Configuration) -> None:
    """Alerts whose labels or routes changed leave the groups that are not theirs any more."""

    def belongs(change: ChangedAlert) -> set[tuple[int, str]]:
        taken = config.tree.taking(change.labels)
        return {
            (route.id, rules.key_of(route, change.labels, shadow=change.shadow))
            for route in taken
            if route.opens_incident
        }

    for place, left in moving.leaving(changes, belongs).items():
        work = works.setdefault(place, Work(left.route, left.key, left.labels))
        work.changes = [*left.changes, *work.changes]


def _hold_groups(works: dict[tuple[int, str], Work], now: datetime) -> dict[tuple[int, str], AlertGroup]:
    """Make the groups that do not exist and lock all, both in the order of route and key."""
    if not works:
        return {}
    ordered = [work for _place, work in sorted(works.items())]
    while True:
        found = writing.make_and_hold_groups([(w.route.id, w.key, w.labels, w.shadow) for w in ordered], now)
        held = {place: group for group in found if (place := (group.route_id, group.key)) in works}
        # One that was removed as empty and old before its lock was had is made again.
        if len(held) == len(works):
            return held


def hold(groups: Any) -> list[AlertGroup]:
    """Lock groups in the one order."""
    return list(groups.select_for_update(no_key=True).order_by("route_id", "key"))


def _split_off(groups: Iterable[AlertGroup], changes: Sequence[ChangedAlert]) -> dict[tuple[int, int], int]:
    """(group, alert) → the incident that a person has put the alert into."""
    rows = GroupMember.objects.filter(
        group__among=[group.pk for group in groups], alert_id__among={change.alert_id for change in changes},
        incident__isnull=False,
    )  # fmt: skip
    return {(group, alert): key for group, alert, key in rows.values_list("group_id", "alert_id", "incident_id") if key}


def hold_incidents(groups: Collection[AlertGroup], storms: Iterable[int], batch: Batch) -> None:
    """Lock the incidents of groups, storms and pins: what is decided on their states stays true until the transaction
    ends. What was merged into another one, whoever pointed to it points to that from now on."""
    wanted = {*(group.incident_id for group in groups if group.incident_id), *storms, *batch.pinned.values()}
    while True:
        # Another one that has to be locked too may come before those that are: let go of them and take all in order.
        before = transaction.savepoint()
        held = incidents.lock_states(incident_ids=sorted(wanted))
        more = {each.merged_into for each in held.values() if each.merged_into} - held.keys()
        if not more:
            transaction.savepoint_commit(before)
            break
        transaction.savepoint_rollback(before)
        wanted |= more
    batch.states = {
        key: rules.IncidentState(key, each.ref, each.status, each.resolved_at, each.severity, each.merged_into)
        for key, each in held.items()
    }
    _follow(groups, batch)


def _follow(groups: Iterable[AlertGroup], batch: Batch) -> None:
    moved: dict[int, int] = {}
    for key, state in batch.states.items():
        seen = {key}
        while state.merged_into in batch.states and state.merged_into not in seen:
            seen.add(state.merged_into)
            state = batch.states[state.merged_into]
        if state.id != key:
            moved[key] = state.id
    if not moved:
        return
    for group in groups:
        if group.incident_id in moved:
            group.incident_id = moved[group.incident_id]
            batch.changed(group)
    batch.pinned = {place: moved.get(key, key) for place, key in batch.pinned.items()}
    for storm in batch.plan.storms.values():
        storm.incident_id = moved.get(storm.incident_id or 0, storm.incident_id)


def _remember(works: dict[tuple[int, str], Work], groups: dict[tuple[int, str], AlertGroup], now: datetime) -> None:
    """Which alerts fire in which group."""
    latest = {
        (groups[place].pk, change.alert_id): change.status == "firing"
        for place, work in works.items()
        for change in work.changes
    }
    writing.remember_members([(group_id, alert_id, fires) for (group_id, alert_id), fires in latest.items()], now)


def _work_on(work: Work, group: AlertGroup, batch: Batch) -> None:
    """Decide on one group's changes: those of alerts that were split off in their own incidents, the others here."""
    here: list[ChangedAlert] = []
    apart: dict[int, list[ChangedAlert]] = {}
    for change in work.changes:
        pin = batch.pinned.get((group.pk, change.alert_id))
        state = batch.states.get(pin or 0)
        if state is not None and rules.stays_apart(work.route, state, batch.now, firing=change.status == "firing"):
            apart.setdefault(state.id, []).append(change)
            continue
        if pin:
            # Its own incident is over for good: from now on it belongs to its group again.
            batch.unpinned.append((group.pk, change.alert_id))
        here.append(change)
    for incident_id, changes in sorted(apart.items()):
        _decide(work.route, group, batch.states[incident_id], changes, batch, apart=True)
    if here:
        _decide(work.route, group, batch.states.get(group.incident_id or 0), here, batch)


def _decide(
    route: rules.RouteSpec, group: AlertGroup, incident: rules.IncidentState | None,
    changes: Sequence[ChangedAlert], batch: Batch, *, apart: bool = False,
) -> None:  # fmt: skip
    found = rules.collapse(changes)
    if found.overtaken:
        batch.decide(found.overtaken, "overtaken", wording.overtaken(), route, labels=group.labels)
    step = None
    if found.firing:
        waiting = _waits(group) and (incident is None or not incident.is_active)
        began = min(change.starts_at for change in found.firing)
        step = rules.next_step(_patient(route, found.firing, batch.config), incident, waiting, batch.now, began)
    if step == "join" and incident is not None and not found.resolved:
        batch.joins.add(route, group, incident.id, found.firing)
        if not apart:
            telling.news(group, route, batch)
        return
    if step == "join" and incident is not None:
        severity = _change(incident, route, found, batch)
        text = wording.joined(route, incident.ref, raised=severity if severity < incident.severity else "")
        batch.decide(found.firing, "joined", text, route, incident.id, group.labels)
        if not apart:
            telling.news(group, route, batch)
        return
    if step == "reopen" and incident is not None:
        _reopen(incident, route, found, batch)
        batch.decide(found.firing, "reopened", wording.reopened(route, incident.ref), route, incident.id, group.labels)
        if not apart:
            telling.begins(group, route, "reopened", found.firing, batch)
        return
    if found.resolved:
        _settle(group, incident, route, found, batch)
    if step == "wait":
        _wait(group, route, found.firing, batch)
    elif step == "open":
        batch.plan.add(group, route, found.firing)


def _patient(route: rules.RouteSpec, firing: Sequence[ChangedAlert], config: rules.Configuration) -> rules.RouteSpec:
    """The route, with a longer group wait for alerts of what depends on something else, whose alert may still come."""
    if not config.topology.enabled or config.topology.delay <= route.group_wait:
        return route
    return replace(route, group_wait=config.topology.delay) if depends(route, firing) else route


def _change(
    incident: rules.IncidentState, route: rules.RouteSpec, found: rules.Collapsed[ChangedAlert], batch: Batch
) -> str:
    """Alerts join an active incident, fire in it again, or are resolved in it; returns its severity afterwards."""
    if batch.joins.concerns(incident.id):
        joins.carry_out(batch)
        incident = batch.states[incident.id]
    after = incidents.alerts_changed(
        actor=TRIAGE, now=batch.now, incident_id=incident.id,
        firing=joins.joining_all(route, found.firing),
        resolved=[joining(change, wording.ended(change)) for change in found.resolved],
        auto_resolve=route.auto_resolve, rule=rule_of(route), largest=route.largest_group,
    )  # fmt: skip
    text = wording.resolved(route, incident.ref, active=incident.is_active, last=after.firing_count == 0)
    batch.decide(found.resolved, "resolved", text, route, incident.id)
    batch.states[incident.id] = replace(
        incident, status=after.status, resolved_at=after.resolved_at, severity=after.severity
    )
    return after.severity


def _reopen(
    incident: rules.IncidentState, route: rules.RouteSpec, found: rules.Collapsed[ChangedAlert], batch: Batch
) -> None:
    why = joined(wording.fires_again(route), *noted(found.firing, batch.notes))
    incidents.reopen(
        actor=TRIAGE, now=batch.now, incident_id=incident.id, why=why,
        alerts=joins.joining_all(route, found.firing), rule=rule_of(route), largest=route.largest_group,
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


def _waits(group: AlertGroup) -> bool:
    """Whether its clock is a group wait. The clock of one that has told people is its next reminder, which may be hours
    away and outlives its incident: what fires then must not wait for that."""
    return group.due_at is not None and group.began_at is None


def _wait(group: AlertGroup, route: rules.RouteSpec, firing: Sequence[ChangedAlert], batch: Batch) -> None:
    if group.due_at is None or not _waits(group):
        group.due_at, group.leased_until = batch.now + timedelta(seconds=route.group_wait), None
        group.began_at, group.told_at, group.news = None, None, False
        batch.changed(group)
        batch.waits = True
    more = {"until": group.due_at.isoformat()}
    batch.decide(firing, "waiting", wording.waiting(route, group.due_at), route, labels=group.labels, more=more)


def _finish(batch: Batch) -> None:
    """Let join what joins, open what is to be opened, and write what was decided."""
    joins.carry_out(batch)
    carry_out(batch.plan, batch)
    telling.settle(batch)
    for group_id, alert_id in batch.unpinned:
        GroupMember.objects.filter(group=group_id, alert=alert_id).update(incident=None)
    if batch.changed_groups:
        _save_groups(list(batch.changed_groups.values()))
    writing.write_decisions(batch.decisions)


def _save_groups(groups: Sequence[AlertGroup]) -> None:
    """Write their incidents and clocks. Django's bulk_update builds a condition for each value, which in a storm of
    groups takes longer than all else."""
    rows = [
        (g.pk, g.incident_id, g.due_at, g.leased_until, g.began_at, g.told_at, g.news)
        for g in sorted(groups, key=lambda g: g.pk)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE triage_alertgroup g SET incident_id = u.incident, due_at = u.due, leased_until = u.leased,"
            f" began_at = u.began, told_at = u.told, news = u.news FROM {_GROUPS.sql} WHERE g.id = u.id",
            [_GROUPS.of(rows)],
        )


def end_group_wait(*, now: datetime, group_id: int) -> None:
    """Look at one group whose time has come."""
    end_group_waits(now=now, group_ids=[group_id])


@transaction.atomic
def end_group_waits(*, now: datetime, group_ids: Sequence[int]) -> None:
    """Groups whose time has come: their wait is over, and what still fires in them opens an incident; or it is time to
    tell the responders again."""
    found = hold(AlertGroup.objects.filter(pk__among=group_ids))
    groups = [group for group in found if group.due_at and group.due_at <= now]
    if not groups:
        return
    config = configuration.live()
    batch = Batch(now, config, judging.asked(config, suppression.standing(now)))
    specs = configuration.specs_of({group.route_id for group in groups})
    storms = hold_storms(batch.plan, specs.values(), now)
    hold_incidents(groups, storms, batch)
    firing = _still_firing(groups, now, config)
    waited: list[AlertGroup] = []
    for group in groups:
        group.due_at, group.leased_until = None, None
        batch.changed(group)
        incident = batch.states.get(group.incident_id or 0)
        route = specs[group.route_id]
        if incident is not None and incident.is_active:
            telling.look(group, route, incident, firing.get(group.pk, ()), batch)
        elif firing.get(group.pk) and route.opens_incident:
            batch.plan.add(group, route, firing[group.pk], waited=True)
            waited.append(group)
    carry_out(batch.plan, batch)
    telling.settle(batch)
    _save_groups(list(batch.changed_groups.values()))
    # The changes' "waiting" becomes "opened".
    writing.write_decisions([each for each in batch.decisions if each.change_id], anew=True)


def _still_firing(
    groups: Sequence[AlertGroup], now: datetime, config: rules.Configuration
) -> dict[int, list[ChangedAlert]]:
    """The alerts that fire in each group and that nothing holds, in the order in which they joined; not those that were
    split off, which are in an incident of their own."""
    rows = GroupMember.objects.filter(group__among=[group.pk for group in groups], firing=True, incident=None).order_by(
        "pk"
    )
    members = list(rows.values_list("group_id", "alert_id"))
    changed = {each.alert_id: each for each in alerts.as_changed(list({alert for _group, alert in members}), now)}
    held = judging.hold_now(list(changed.values()), config, now)
    found: dict[int, list[ChangedAlert]] = {}
    for group_id, alert_id in members:
        if alert_id in changed and alert_id not in held:
            found.setdefault(group_id, []).append(changed[alert_id])
    return found
