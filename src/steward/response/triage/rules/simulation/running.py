"""The clock of a simulation and what its groups and incidents do, as ``triage.routing`` does it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from steward.response.triage.rules.configuration import Configuration
from steward.response.triage.rules.groups import Collapsed, Spoken, collapse, next_look, next_step, tells
from steward.response.triage.rules.routes import RouteSpec, key_of
from steward.response.triage.rules.severities import severity, worst
from steward.response.triage.rules.simulation.judging import Judge
from steward.response.triage.rules.simulation.parts import (
    Decided,
    Event,
    Group,
    Paged,
    Result,
    SimulatedIncident,
    Storm,
    Surroundings,
)
from steward.response.triage.rules.storms import WINDOW, StormState, opens

Place = tuple[int, str]
Wanted = tuple[Group, list[Event]]
AT_ONCE = 500


def simulate(
    events: Iterable[Event], config: Configuration, around: Surroundings, until: datetime,
    progress: Callable[[int], bool] | None = None,
) -> Result:  # fmt: skip
    """Run events, in order of time, up to a moment. ``progress`` hears how many events are done; if it says no, the
    simulation stops."""
    simulator, asked = Simulator(config, around), 0
    for at, batch in groupby(events, key=lambda each: each.at):
        simulator.advance(at, before=True)
        simulator.take(list(batch), at)
        done = simulator.result.events
        if progress is not None and done - asked >= AT_ONCE:
            asked = done
            if not progress(done):
                return simulator.result
    simulator.advance(until)
    return simulator.result


class Simulator:
    def __init__(self, config: Configuration, around: Surroundings) -> None:
        self.config, self.around = config, around
        self.judge = Judge(config, around)
        self.result = Result()
        self.latest: dict[int, Event] = {}
        self.groups: dict[Place, Group] = {}
        self.in_groups: dict[int, set[Place]] = {}
        self.clock: list[tuple[datetime, int, Place]] = []
        self.storms: dict[int, Storm] = {}
        self.turns: Iterator[datetime] = iter(sorted(set(around.turns)))
        self.turn = next(self.turns, None)
        # When a source of an inhibition began to fire: what fires in incidents is looked at then.
        self.look: datetime | None = None
        self.by_service: dict[int, list[SimulatedIncident]] = {}
        # By change: how often it was judged anew.
        self.rounds: dict[int, int] = {}

    # --- the clock -----------------------------------------------------------------------------------------------

    def advance(self, until: datetime, *, before: bool = False) -> None:
        """Do what is due up to this moment (or before it), each at its own time: groups before holds, then what a
        silence or window that begins makes quiet."""
        while True:
            dues = (self._group_due(), self.judge.next_due(), self.look, self.turn)
            at = min((due for due in dues if due is not None), default=None)
            if at is None or at > until or (before and at == until):
                return
            self._do(at)

    def _do(self, at: datetime) -> None:
        if (due := self._group_due()) is not None and due <= at:
            self._look(at)
        elif (due := self.judge.next_due()) is not None and due <= at:
            self._judge_anew(at)
        else:
            if self.turn is not None and self.turn <= at:
                self.turn = next(self.turns, None)
            self.look = None
            self._reconsider(at)

    def take(self, events: Sequence[Event], now: datetime) -> None:
        """What happened at one moment."""
        for each in events:
            self.latest[each.alert_id] = each
        self.result.events += len(events)
        self._route(events, now, None)

    def _group_due(self) -> datetime | None:
        while self.clock and self.groups[self.clock[0][2]].due != self.clock[0][0]:
            heapq.heappop(self.clock)
        return self.clock[0][0] if self.clock else None

    def _wake(self, group: Group, due: datetime | None) -> None:
        group.due = due
        if due is not None:
            heapq.heappush(self.clock, (due, group.id, (group.route.id, group.key)))

    # --- decisions -----------------------------------------------------------------------------------------------

    def _decide(
        self, events: Iterable[Event], now: datetime, outcome: str, route: RouteSpec | None = None,
        incident: SimulatedIncident | None = None, *, rounds: dict[int, int] | None = None, anew: bool = False,
    ) -> None:  # fmt: skip
        """The first decision on a change stays; only the end of a wait (``anew``) writes over it."""
        for each in events:
            number = (rounds or {}).get(each.alert_id, 0)
            key = (each.change_id, route.id if route else None, number)
            self.rounds[each.change_id] = max(number, self.rounds.get(each.change_id, 0))
            if anew or key not in self.result.decisions:
                self.result.decisions[key] = Decided(
                    each.change_id, each.alert_id, number, now, outcome, key[1], incident.id if incident else None
                )

    def _route(self, events: Sequence[Event], now: datetime, rounds: dict[int, int] | None) -> None:
        by_alert: dict[int, list[Event]] = {}
        for each in events:
            by_alert.setdefault(each.alert_id, []).append(each)
        passed, held = self.judge.judge(by_alert, now, rounds)
        if self.judge.looks:
            self.judge.looks, self.look = False, now
        for given, kind in held:
            self._decide(given, now, kind, rounds=rounds)
        works = self._sort(passed, now, rounds)
        self._leave(works, passed)
        for place, (route, changes) in works.items():
            group = self.groups.get(place)
            if group is None:
                shadow = changes[0].shadow
                group = self.groups[place] = Group(len(self.groups) + 1, route, place[1], shadow=shadow)
            for each in changes:
                group.members[each.alert_id] = each.status == "firing"
                self.in_groups.setdefault(each.alert_id, set()).add(place)
        wanted: list[Wanted] = []
        for place in sorted(works):
            wanted += self._work(self.groups[place], works[place][1], now, rounds)
        self._open(wanted, now, rounds=rounds)

    def _sort(
        self, events: Sequence[Event], now: datetime, rounds: dict[int, int] | None
    ) -> dict[Place, tuple[RouteSpec, list[Event]]]:
        works: dict[Place, tuple[RouteSpec, list[Event]]] = {}
        muted: dict[tuple[int, int], datetime | None] = {}
        for each in events:
            taken = self.config.tree.taking(each.labels)
            if not taken:
                self._decide([each], now, "unrouted", rounds=rounds)
            for route in taken:
                if not route.opens_incident:
                    self._decide([each], now, "recorded", route, rounds=rounds)
                    continue
                mute = self.config.muted(route, now) if each.status == "firing" else None
                if mute is not None:
                    self._decide([each], now, "muted", route, rounds=rounds)
                    muted[each.alert_id, route.id] = mute[1]
                    continue
                works.setdefault((route.id, _key(route, each)), (route, []))[1].append(each)
        self._mute(events, muted, now, rounds or {})
        return works

    def _mute(
        self, events: Sequence[Event], muted: dict[tuple[int, int], datetime | None], now: datetime,
        rounds: dict[int, int],
    ) -> None:  # fmt: skip
        over = {each.alert_id for each in events} - {alert_id for alert_id, _route in muted}
        if over:
            for place in [place for place in self.judge.holds if place[1] is not None and place[0] in over]:
                self.judge.release(*place)
        for (alert_id, route_id), until in sorted(muted.items()):
            reason = ("muted", route_id, "", until)
            self.judge.hold(alert_id, route_id, reason, now, rounds.get(alert_id, 0))

    def _leave(self, works: dict[Place, tuple[RouteSpec, list[Event]]], events: Sequence[Event]) -> None:
        """Alerts whose labels changed leave the groups that are not theirs any more."""
        for each in {each.alert_id: each for each in events if each.code != "new"}.values():
            stays = {(r.id, _key(r, each)) for r in self.config.tree.taking(each.labels) if r.opens_incident}
            for place in sorted(self.in_groups.get(each.alert_id, set()) - stays):
                group = self.groups[place]
                if group.members.get(each.alert_id):
                    left = replace(each, status="resolved", code="left")
                    works.setdefault(place, (group.route, []))[1].insert(0, left)

    def _work(
        self, group: Group, changes: Sequence[Event], now: datetime, rounds: dict[int, int] | None
    ) -> list[Wanted]:
        """Decide on one group's changes; returned is what wants an incident."""
        route, incident, found = group.route, group.incident, collapse(changes)
        self._decide(found.overtaken, now, "overtaken", route, rounds=rounds)
        self._close(incident, now)
        state = incident.state() if incident else None
        step = None
        if found.firing:
            waiting = group.waits and (state is None or not state.is_active)
            began = min(each.starts_at for each in found.firing)
            step = next_step(self._patient(route, found.firing), state, waiting, now, began)
        if step == "join" and incident is not None:
            self._change(incident, route, found, now, rounds)
            self._decide(found.firing, now, "joined", route, incident, rounds=rounds)
            self._news(group, now)
            return []
        if step == "reopen" and incident is not None:
            self._reopen(group, incident, found, now, rounds)
            return []
        if found.resolved and incident is not None:
            self._change(incident, route, Collapsed([], found.resolved, []), now, rounds)
        elif found.resolved:
            self._decide(found.resolved, now, "resolved", route, rounds=rounds)
        if step == "wait":
            if not group.waits:
                group.began = group.told = None
                group.news = False
                self._wake(group, now + timedelta(seconds=route.group_wait))
            self._decide(found.firing, now, "waiting", route, rounds=rounds)
        return [(group, found.firing)] if step == "open" else []

    def _patient(self, route: RouteSpec, firing: Sequence[Event]) -> RouteSpec:
        delay = self.config.topology.delay if self.config.topology.enabled else 0
        service_id = _service(route, firing)
        if delay <= route.group_wait or service_id is None or not self.around.upstream(service_id):
            return route
        return replace(route, group_wait=delay)

    # --- incidents -----------------------------------------------------------------------------------------------

    def _change(
        self, incident: SimulatedIncident, route: RouteSpec, found: Collapsed[Event], now: datetime,
        rounds: dict[int, int] | None,
    ) -> None:  # fmt: skip
        """Alerts join an active incident or are resolved in one."""
        worse = [
            severity(route, each.severity)
            for each in found.firing
            if each.alert_id not in incident.firing or each.code == "changed"
        ]
        for each in found.firing:
            incident.firing[each.alert_id] = incident.alerts[each.alert_id] = None
        gone = [each for each in found.resolved if each.alert_id in incident.firing]
        for each in gone:
            del incident.firing[each.alert_id]
        self._raise(incident, worse, now)
        if gone and not incident.firing and route.auto_resolve and incident.is_active:
            incident.status, incident.resolved_at, incident.escalates_until = "resolved", now, None
        self._decide(found.resolved, now, "resolved", route, incident, rounds=rounds)

    def _raise(self, incident: SimulatedIncident, offered: Sequence[str], now: datetime) -> None:
        if offered and min(offered) < incident.severity:
            incident.severity = min(offered)
            if incident.is_active and not incident.quiet:
                self._page(incident, now, "raised")

    def _reopen(
        self, group: Group, incident: SimulatedIncident, found: Collapsed[Event], now: datetime,
        rounds: dict[int, int] | None,
    ) -> None:  # fmt: skip
        incident.status, incident.resolved_at, incident.quiet = "open", None, False
        for each in found.firing:
            incident.firing[each.alert_id] = incident.alerts[each.alert_id] = None
        offered = [severity(group.route, each.severity) for each in found.firing]
        incident.severity = min([incident.severity, *offered])
        self._page(incident, now, "reopened")
        if found.resolved:
            self._change(incident, group.route, Collapsed([], found.resolved, []), now, rounds)
        self._decide(found.firing, now, "reopened", group.route, incident, rounds=rounds)
        self._begin(group, now)

    def _close(self, incident: SimulatedIncident | None, now: datetime) -> None:
        ended = incident.resolved_at if incident is not None and incident.status == "resolved" else None
        if incident is not None and ended is not None and ended + self.around.closes_after <= now:
            incident.status = "closed"

    def _open(
        self, wanted: Sequence[Wanted], now: datetime, *, rounds: dict[int, int] | None, anew: bool = False
    ) -> None:
        """Give every group its incident: of what it depends on, the storm's, or its own."""
        own = [each for each in wanted if not self._symptom(each, now, rounds, anew)]
        by_route: dict[int, list[Wanted]] = {}
        for each in own:
            if not each[0].shadow:
                by_route.setdefault(each[0].route.id, []).append(each)
        alone = [each for each in own if each[0].shadow]
        for _route_id, several in sorted(by_route.items()):
            if not self._storms(several, now, rounds, anew):
                alone += several
        for group, firing in alone:
            self._own(group, firing, now)
            self._decide(firing, now, "opened", group.route, group.incident, rounds=rounds, anew=anew)
            self._begin(group, now)

    def _own(self, group: Group, firing: Sequence[Event], now: datetime) -> SimulatedIncident:
        route = group.route
        level = worst([severity(route, each.severity) for each in firing])
        incident = SimulatedIncident(
            len(self.result.incidents) + 1, now, route, level, _service(route, firing),
            firing=dict.fromkeys(each.alert_id for each in firing),
            alerts=dict.fromkeys(each.alert_id for each in firing), shadow=group.shadow,
        )  # fmt: skip
        self.result.incidents[incident.id] = incident
        if incident.service_id is not None:
            self.by_service.setdefault(incident.service_id, []).append(incident)
        group.incident, group.due = incident, None
        self._page(incident, now, "opened")
        return incident

    def _symptom(self, each: Wanted, now: datetime, rounds: dict[int, int] | None, anew: bool) -> bool:
        group, firing = each
        service_id = _service(group.route, firing)
        if not self.config.topology.enabled or service_id is None:
            return False
        reached = self.around.upstream(service_id)
        causes = {key: found for key in reached if (found := self._cause(key, group.shadow)) is not None}
        if not causes:
            return False
        nearest = min(causes, key=lambda key: (len(reached[key]), key))
        cause = causes[nearest]
        for event in firing:
            cause.firing[event.alert_id] = cause.alerts[event.alert_id] = None
        group.incident, group.due = cause, None
        self._decide(firing, now, "symptom", group.route, cause, rounds=rounds, anew=anew)
        return True

    def _cause(self, service_id: int, shadow: bool) -> SimulatedIncident | None:
        found = (each for each in self.by_service.get(service_id, ()) if each.is_active)
        return next((each for each in found if shadow or not each.shadow), None)

    def _storms(self, wanted: Sequence[Wanted], now: datetime, rounds: dict[int, int] | None, anew: bool) -> bool:
        """Whether these are too many at once: then they share one incident."""
        route = wanted[0][0].route
        if not route.storm_groups:
            return False
        storm = self.storms.setdefault(route.id, Storm(now))
        before = StormState(storm.since, storm.opened, storm.incident is not None and storm.incident.is_active)
        if opens(before, len(wanted), route.storm_groups, now):
            if now - storm.since >= WINDOW:
                storm.since, storm.opened = now, 0
            storm.opened += len(wanted)
            return False
        firing = [event for _group, events in wanted for event in events]
        fresh = storm.incident is None or not storm.incident.is_active
        if storm.incident is None or fresh:
            storm.incident = self._own(wanted[0][0], firing, now)
            storm.since, storm.opened = now, 0
        else:
            kept = replace(route, auto_resolve=False)
            self._change(storm.incident, kept, Collapsed(firing, [], []), now, rounds)
        for group, events in wanted:
            group.incident, group.due = storm.incident, None
            self._decide(events, now, "storm", route, storm.incident, rounds=rounds, anew=anew)
        if fresh:
            self._begin(wanted[0][0], now)
        return True

    # --- what groups tell ----------------------------------------------------------------------------------------

    def _page(self, incident: SimulatedIncident, now: datetime, kind: str) -> None:
        policy_id = incident.route.policy_id
        if policy_id is None or incident.shadow:
            return
        incident.escalates_until = now + self.around.escalation(policy_id)
        alerts = tuple(incident.firing)[:50]
        self.result.pages.append(Paged(now, incident.id, policy_id, incident.route.id, kind, alerts))

    def _begin(self, group: Group, now: datetime) -> None:
        group.began = group.told = now
        group.news = False
        self._next(group, now)

    def _news(self, group: Group, now: datetime) -> None:
        if group.began is not None and group.route.group_interval and not group.news:
            group.news = True
            self._next(group, now)

    def _next(self, group: Group, now: datetime) -> None:
        due = next_look(group.route, Spoken(group.began or now, group.told or now), now, news=group.news)
        if due is not None and due <= now:
            due = next_look(group.route, Spoken(now, now), now, news=group.news)
        self._wake(group, due)

    def _look(self, now: datetime) -> None:
        """Groups whose time has come: their wait is over, or it is time to tell people again."""
        due = []
        while (at := self._group_due()) is not None and at <= now:
            due.append(self.groups[heapq.heappop(self.clock)[2]])
            due[-1].due = None
        wanted: list[Wanted] = []
        firing = self._still_firing(due, now)
        for group in sorted(due, key=lambda each: (each.route.id, each.key)):
            incident = group.incident
            if incident is not None and incident.is_active:
                self._tell(group, incident, bool(firing[group.id]), now)
            elif firing[group.id] and group.route.opens_incident:
                wanted.append((group, firing[group.id]))
        self._open(wanted, now, rounds=None, anew=True)

    def _still_firing(self, groups: Sequence[Group], now: datetime) -> dict[int, list[Event]]:
        found: dict[int, list[Event]] = {}
        held: dict[int, bool] = {}
        for group in groups:
            found[group.id] = []
            for alert_id in [key for key, fires in group.members.items() if fires]:
                event = self.latest[alert_id]
                if event.status == "firing":
                    if alert_id not in held:
                        held[alert_id] = self._hold_now(event, now)
                    if not held[alert_id]:
                        found[group.id].append(event)
        return found

    def _hold_now(self, event: Event, now: datetime) -> bool:
        """Whether something has come to hold it meanwhile: then it is held by a decision of its own."""
        reason = self.judge.reason(event, now)
        if reason is None:
            return False
        known = self.judge.holds.get((event.alert_id, None))
        number = known.round if known else self.rounds.get(event.change_id, -1) + 1
        self.judge.hold(event.alert_id, None, reason, now, number)
        if known is None:
            self._decide([event], now, reason[0], rounds={event.alert_id: number})
        return True

    def _tell(self, group: Group, incident: SimulatedIncident, fires: bool, now: datetime) -> None:
        spoken = Spoken(group.began or now, group.told or now)
        kind = tells(group.route, spoken, now, news=group.news)
        if kind and fires:
            running = incident.escalates_until is not None and now < incident.escalates_until
            if not incident.quiet and not running and not group.shadow:
                self._page(incident, now, kind)
            group.told, group.news = now, False
        self._next(group, now)

    # --- what held ends ------------------------------------------------------------------------------------------

    def _judge_anew(self, now: datetime) -> None:
        holds = self.judge.take_due(now)
        rounds = {hold.alert_id: hold.round + 1 for hold in holds}
        flapped = {hold.alert_id for hold in holds if hold.kind == "flapping"}
        found = [replace(self.latest[alert_id], code="") for alert_id in rounds]
        told = [each for each in found if each.status == "firing" or each.alert_id in flapped]
        self._route(told, now, rounds)
        held = {alert_id for alert_id, _route in self.judge.holds}
        free = {each.alert_id for each in told if each.status == "firing"} - held
        for incident in self.result.incidents.values() if free else ():
            if incident.quiet and incident.is_active and not free.isdisjoint(incident.firing):
                incident.quiet = False
                self._page(incident, now, "unquiet")

    def _reconsider(self, now: datetime) -> None:
        """A silence or window began or ended: hold what fires in incidents; one with nothing else goes quiet."""
        active = [each for each in self.result.incidents.values() if each.is_active and each.firing]
        firing = {alert_id for each in active for alert_id in each.firing}
        held = {
            alert_id
            for alert_id in sorted(firing)
            if self.latest[alert_id].status == "firing" and self._hold_now(self.latest[alert_id], now)
        }
        for incident in active:
            if held.issuperset(incident.firing):
                incident.quiet, incident.escalates_until = True, None


def _key(route: RouteSpec, event: Event) -> str:
    return key_of(route, event.labels, shadow=event.shadow)


def _service(route: RouteSpec, firing: Sequence[Event]) -> int | None:
    return route.service_id or next((each.service_id for each in firing if each.service_id), None)
