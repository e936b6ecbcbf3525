"""The tree of routes. What a child inherits is written out, because here every route says all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Final

from steward.algorithms.matching import ALL_LABELS, Matcher, to_json
from steward.algorithms.matching.errors import gettext_noop as _
from steward.response.timemachine.rules import values
from steward.response.timemachine.rules.document import DURATIONS, MOST_NAMES, MOST_ROUTES
from steward.response.timemachine.rules.importing.inhibitions import read_matchers, unique
from steward.response.timemachine.rules.importing.report import Receiver, Report
from steward.response.timemachine.rules.loading import Path
from steward.response.timemachine.rules.values import duration
from steward.response.timemachine.rules.writing import written

_FIELDS: Final = frozenset(
    {
        "receiver", "group_by", "continue", "matchers", "match", "match_re", "group_wait", "group_interval",
        "repeat_interval", "mute_time_intervals", "active_time_intervals", "routes",
    }
)  # fmt: skip
_NOT_OF_ROOT: Final = ("matchers", "match", "match_re", "continue", "mute_time_intervals", "active_time_intervals")
_TIMES: Final = ("group_wait", "group_interval", "repeat_interval")


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What a route has from the one above unless it says otherwise; first Alertmanager's own defaults."""

    receiver: str = ""
    group_by: tuple[str, ...] = ()
    group_wait: int = 30
    group_interval: int = 300
    repeat_interval: int = 4 * 3600


@dataclass(slots=True)
class _Reader:
    report: Report
    receivers: Mapping[str, Receiver]
    intervals: set[str]
    taken: set[str] = field(default_factory=set)
    used: list[str] = field(default_factory=list)
    count: int = 0

    def root(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        path: Path = ("route",)
        reading = self.report.reading
        if given.get("route") is None:
            reading.wrong((), _("There is no “route”, the root that every alert begins at."))
        node = reading.nodes((), given, "route")
        if given.get("route") is not None and not node.get("receiver"):
            reading.wrong(path, _("The root route needs a receiver."))
        for name in _NOT_OF_ROOT:
            if node.get(name):
                reading.wrong(
                    (*path, name), _("The root route takes every alert, always: it cannot have “%(name)s”."), name=name
                )
        own = self._own(path, node, _Inherited())
        default = {"name": unique("Default", self.taken), **self._values(own)}
        self.report.carried(path, _("The root becomes the default route (%(settings)s)."), settings=_settings(own))
        routes = self._children(path, node, own)
        return default | {"receivers": self.used}, routes

    def _children(self, path: Path, node: Mapping[str, Any], above: _Inherited) -> list[dict[str, Any]]:
        found = []
        for number, item in enumerate(self.report.reading.items(path, node, "routes")):
            here = (*path, "routes", number)
            self.count += 1
            if self.count == MOST_ROUTES + 1:
                text = _("There are more than %(most)s routes.")
                self.report.reading.wrong(here, text, most=MOST_ROUTES)
            if self.count > MOST_ROUTES:
                break
            found.append(self._route(here, self.report.reading.node(here, item), above))
        return found

    def _route(self, path: Path, node: Mapping[str, Any], above: _Inherited) -> dict[str, Any]:
        reading = self.report.reading
        matchers = read_matchers(self.report, path, node)
        own = self._own(path, node, above)
        name = unique(_named(own.receiver, matchers), self.taken)
        times = {
            ours: self._interval_names(path, node, theirs)
            for ours, theirs in (("mute_times", "mute_time_intervals"), ("active_times", "active_time_intervals"))
        }
        self.report.carried(path, _("Route “%(name)s” (%(settings)s)."), name=name, settings=_settings(own))
        return {
            "name": name,
            "matchers": to_json(matchers),
            "continues": reading.get(path, node, "continue", values.yes_or_no, False),
            **times,
            **self._values(own),
            "children": self._children(path, node, own),
        }

    def _own(self, path: Path, node: Mapping[str, Any], above: _Inherited) -> _Inherited:
        reading = self.report.reading
        reading.only(path, node, _FIELDS)
        receiver = reading.get(path, node, "receiver", values.text, "") or above.receiver
        if node.get("receiver") and receiver not in self.receivers:
            reading.wrong((*path, "receiver"), _("There is no receiver “%(name)s”."), name=receiver)
        self.used.append(receiver)
        group_by = self._group_by(path, node)
        times = {name: self._time(path, node, name, getattr(above, name)) for name in _TIMES}
        # As in Alertmanager, an empty group_by inherits as a missing one does.
        return replace(above, receiver=receiver, group_by=group_by or above.group_by, **times)

    def _group_by(self, path: Path, node: Mapping[str, Any]) -> tuple[str, ...]:
        reading = self.report.reading
        found = reading.each(path, node, "group_by", values.text)
        if len(set(found)) < len(found) or (ALL_LABELS in found and len(found) > 1):
            text = _("group_by names a label twice, or “...” (all labels) beside others.")
            reading.wrong((*path, "group_by"), text)
        if len(found) > MOST_NAMES:
            reading.wrong((*path, "group_by"), _("At most %(most)s names."), most=MOST_NAMES)
        return tuple(found)

    def _time(self, path: Path, node: Mapping[str, Any], name: str, inherited: int) -> int:
        if node.get(name) is None:
            return inherited
        here = (*path, name)
        amount = self.report.reading.take(here, values.seconds, node[name], float(inherited))
        if not amount and name != "group_wait":
            self.report.reading.wrong(here, _("“%(name)s” cannot be zero."), name=name)
        found = min(ceil(amount), DURATIONS[name])
        if found != amount:
            text = _("%(name)s of %(theirs)s becomes %(ours)s: whole seconds, at most %(most)s.")
            most = duration(DURATIONS[name])
            self.report.differs(here, text, name=name, theirs=node[name], ours=duration(found), most=most)
        return found

    def _interval_names(self, path: Path, node: Mapping[str, Any], name: str) -> list[str]:
        found = self.report.reading.each(path, node, name, values.text)
        for number, interval in enumerate(found):
            if interval not in self.intervals:
                text = _("There is no time interval “%(name)s”.")
                self.report.reading.wrong((*path, name, number), text, name=interval)
        return list(dict.fromkeys(found))

    def _values(self, own: _Inherited) -> dict[str, Any]:
        """The settings in our words. A receiver that tells nobody is a route that only records."""
        receiver = self.receivers.get(own.receiver)
        silent = receiver is not None and receiver.tells_nobody
        return {
            "policy": None if silent else own.receiver,
            "opens_incident": not silent,
            "group_by": list(own.group_by),
            **{name: getattr(own, name) for name in _TIMES},
            # Alertmanager knows neither: a group that fires again is a new notification, and there are no storms.
            "reopen_minutes": 0,
            "storm_groups": 0,
        }


def read_routes(
    report: Report, given: Mapping[str, Any], receivers: Mapping[str, Receiver], intervals: set[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The default route (with the receivers used, under ``receivers``) and the tree below it."""
    return _Reader(report, receivers, intervals).root(given)


def _named(receiver: str, matchers: list[Matcher]) -> str:
    """Alertmanager's routes have no names: where it leads and what it takes."""
    taken = ", ".join(written(to_json(matchers)))
    return f"{receiver}: {taken}" if taken else receiver


def _settings(own: _Inherited) -> str:
    times = " · ".join(f"{name} {duration(getattr(own, name))}" for name in _TIMES)
    return f"{own.receiver} · group_by [{', '.join(own.group_by)}] · {times}"
