"""Everything that the pipeline is told by people, in one value: what a decision needs beside the alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from steward.algorithms.intervals import Interval
from steward.response.triage.rules.flapping import FlappingSpec
from steward.response.triage.rules.inhibition import Inhibitions, InhibitionSpec
from steward.response.triage.rules.routes import RouteSpec, Tree


@dataclass(frozen=True, slots=True)
class TopologySpec:
    """Whether alerts of what depends on something broken join its incident, and for how many seconds an alert of a
    dependant waits for that."""

    enabled: bool = False
    delay: int = 0


@dataclass(slots=True)
class Configuration:
    """One revision of the configuration."""

    revision: int
    routes: tuple[RouteSpec, ...]
    inhibitions: tuple[InhibitionSpec, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    flapping: FlappingSpec = FlappingSpec()
    topology: TopologySpec = TopologySpec()
    tree: Tree = field(init=False)
    inhibiting: Inhibitions = field(init=False)

    def __post_init__(self) -> None:
        self.tree = Tree(self.routes)
        self.inhibiting = Inhibitions(self.inhibitions)

    def muted(self, route: RouteSpec, now: datetime) -> tuple[str, datetime | None] | None:
        """The time interval that keeps a route from paging now, and when to look again."""
        for name in route.mute_times:
            if (found := self.intervals.get(name)) is not None and found.contains(now):
                return name, found.next_change(now)
        known = [self.intervals[name] for name in route.active_times if name in self.intervals]
        if known and not any(each.contains(now) for each in known):
            ends = [end for each in known if (end := each.next_change(now)) is not None]
            return ", ".join(route.active_times), min(ends, default=now + timedelta(days=1))
        return None
