"""What the configuration of the pipeline looks like as a document, checked as far as that goes without the database.

The document is plain JSON: the tree of routes with every value written out, the default route, inhibitions, time
intervals, flapping, topology, and silences to try (a replay heeds them, publishing does not make them).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from steward.algorithms.intervals import IntervalError
from steward.algorithms.intervals import parse as parse_interval
from steward.algorithms.matching import Matcher, to_json
from steward.algorithms.matching.errors import gettext_noop as _
from steward.response.timemachine.rules import values
from steward.response.timemachine.rules.loading import Loaded, Path, Problem
from steward.response.timemachine.rules.values import Reading, Wrong

Document = dict[str, Any]

MOST_ROUTES: Final = 2000
MOST_NAMES: Final = 50
LONGEST_NAME: Final = 120
DAY: Final = 86400
SEVERITIES: Final = frozenset({"SEV1", "SEV2", "SEV3", "SEV4"})

# What a route has that says nothing of it.
ROUTE_DEFAULTS: Final[Mapping[str, Any]] = {
    "enabled": True, "matchers": [], "continues": False, "group_by": [], "group_wait": 30, "group_interval": 0,
    "repeat_interval": 0, "mute_times": [], "active_times": [], "policy": None, "opens_incident": True,
    "auto_resolve": True, "reopen_minutes": 30, "severity_map": {}, "service": None, "largest_group": 1000,
    "storm_groups": 50,
}  # fmt: skip
DURATIONS: Final[Mapping[str, int]] = {"group_wait": DAY, "group_interval": 366 * DAY, "repeat_interval": 366 * DAY}
NUMBERS: Final[Mapping[str, int]] = {"reopen_minutes": 30 * 24 * 60, "largest_group": 100_000, "storm_groups": 100_000}
NOT_OF_DEFAULT: Final = ("enabled", "matchers", "continues", "mute_times", "active_times")
FLAPPING_DEFAULTS: Final = {"changes": 6, "window": 600, "quiet": 600}
TOPOLOGY_DEFAULTS: Final = {"enabled": True, "delay": 0}
PARTS: Final = ("default", "routes", "inhibitions", "time_intervals", "flapping", "topology", "silences")
_UNKNOWN: Final = {
    "policy": _("There is no escalation policy “%(name)s” yet: make it, or leave this out and nobody is paged."),
    "service": _("There is no service “%(name)s” yet: make it, or leave this out."),
}
_ROUTE: Final = frozenset({"name", "children", *ROUTE_DEFAULTS})
_INHIBITION: Final = frozenset({"name", "enabled", "source_matchers", "target_matchers", "equal"})
_SILENCE: Final = frozenset({"name", "matchers", "starts_at", "ends_at"})


@dataclass(frozen=True, slots=True)
class Checked:
    """The document with everything written out, and what is wrong with it; only one without problems may be used."""

    document: Document
    problems: tuple[Problem, ...]


def filled(document: Mapping[str, Any]) -> Document:
    """The same with every value written out, so that two documents compare."""
    return {
        "default": _filled({"name": "Default", **document.get("default", {})}, without=NOT_OF_DEFAULT),
        "routes": [_filled(route) for route in document.get("routes", ())],
        "inhibitions": [{"enabled": True, "equal": [], **each} for each in document.get("inhibitions", ())],
        "time_intervals": deepcopy(list(document.get("time_intervals", ()))),
        "flapping": {**FLAPPING_DEFAULTS, **document.get("flapping", {})},
        "topology": {**TOPOLOGY_DEFAULTS, **document.get("topology", {})},
        "silences": deepcopy(list(document.get("silences", ()))),
    }


def _filled(route: Mapping[str, Any], without: Sequence[str] = ()) -> dict[str, Any]:
    known = {name: value for name, value in ROUTE_DEFAULTS.items() if name not in without}
    found = {name: deepcopy(route.get(name, value)) for name, value in known.items()}
    children = {} if without else {"children": [_filled(child) for child in route.get("children", ())]}
    return {"name": route.get("name", ""), **found, **children}


def every_route(routes: Sequence[Mapping[str, Any]], depth: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every route with the number of routes above it, from the top down."""
    for route in routes:
        yield depth, route
        yield from every_route(route.get("children", ()), depth + 1)


def policies_of(document: Mapping[str, Any]) -> set[str]:
    """The names of the escalation policies that it needs."""
    nodes = [document.get("default", {}), *(route for _depth, route in every_route(document.get("routes", ())))]
    return {node["policy"] for node in nodes if node.get("policy")}


def services_of(document: Mapping[str, Any]) -> set[str]:
    nodes = [document.get("default", {}), *(route for _depth, route in every_route(document.get("routes", ())))]
    return {node["service"] for node in nodes if node.get("service")}


def check(
    loaded: Loaded, *, policies: Collection[str] | None = None, services: Collection[str] | None = None
) -> Checked:
    """Read what people wrote; every problem has its line. With the names of the policies and services that there are,
    others are problems too."""
    return _Checker(loaded, {"policy": policies, "service": services}).check()


class _Checker:
    def __init__(self, loaded: Loaded, known: Mapping[str, Collection[str] | None]) -> None:
        self.reading = Reading(loaded)
        self.known = known
        self.names: set[str] = set()
        self.intervals: set[str] = set()
        self.count = 0

    def check(self) -> Checked:
        reading = self.reading
        given = reading.whole()
        reading.only((), given, frozenset(PARTS))
        # The time intervals first: routes name them. Names are unique among those of one kind.
        found: Document = {"time_intervals": self._several(given, "time_intervals", self._interval)}
        self.names = set()
        found["default"] = self._default(given)
        found["routes"] = self._routes((), given, "routes")
        self.names = set()
        found["inhibitions"] = self._several(given, "inhibitions", self._inhibition)
        found["flapping"] = self._settings(given, "flapping", FLAPPING_DEFAULTS)
        found["topology"] = self._settings(given, "topology", TOPOLOGY_DEFAULTS)
        found["silences"] = self._several(given, "silences", self._silence)
        return Checked(filled(found), tuple(sorted(reading.problems, key=lambda problem: problem.line)))

    def _several(
        self, given: Mapping[str, Any], name: str, read: Callable[[Path, dict[str, Any]], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        found = []
        for number, item in enumerate(self.reading.items((), given, name)):
            path: Path = (name, number)
            found.append(read(path, self.reading.node(path, item)))
        return found

    def _default(self, given: Mapping[str, Any]) -> dict[str, Any]:
        path: Path = ("default",)
        node = self.reading.nodes((), given, "default")
        for name in (*NOT_OF_DEFAULT, "children"):
            if name in node:
                text = _("The default route takes everything, always: it has no “%(name)s”.")
                self.reading.wrong((*path, name), text, name=name)
        return self._node(path, {"name": "Default", **node}, without=NOT_OF_DEFAULT)

    def _routes(self, path: Path, given: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        found = []
        for number, item in enumerate(self.reading.items(path, given, name)):
            here = (*path, name, number)
            self.count += 1
            if self.count == MOST_ROUTES + 1:
                self.reading.wrong(here, _("There are more than %(most)s routes."), most=MOST_ROUTES)
            if self.count > MOST_ROUTES:
                break
            route = self.reading.node(here, item)
            found.append({**self._node(here, route), "children": self._routes(here, route, "children")})
        return found

    def _node(self, path: Path, given: dict[str, Any], without: Sequence[str] = ()) -> dict[str, Any]:
        reading = self.reading
        if not without:
            reading.only(path, given, _ROUTE)
        else:
            reading.only(path, {k: v for k, v in given.items() if k not in (*without, "children")}, _ROUTE)
        found: dict[str, Any] = {"name": self._name(path, given)}
        for name, default in ROUTE_DEFAULTS.items():
            if name not in without:
                found[name] = self._field(path, given, name, default)
        for name in ("mute_times", "active_times"):
            for number, interval in enumerate(found.get(name, ())):
                if interval not in self.intervals:
                    text = _("There is no time interval “%(name)s”.")
                    reading.wrong((*path, name, number), text, name=interval)
        return found

    def _field(self, path: Path, given: Mapping[str, Any], name: str, default: Any) -> Any:
        reading = self.reading
        if name == "matchers":
            return self._matchers(path, given, name)
        if name in DURATIONS:
            return reading.get(path, given, name, _bounded(_whole_seconds, DURATIONS[name]), default)
        if name in NUMBERS:
            return reading.get(path, given, name, _bounded(values.whole, NUMBERS[name]), default)
        if name == "severity_map":
            return self._severities(path, given)
        if isinstance(default, bool):
            return reading.get(path, given, name, values.yes_or_no, default)
        if isinstance(default, list):
            return self._label_names(path, given, name)
        return self._reference(path, given, name)

    def _reference(self, path: Path, given: Mapping[str, Any], name: str) -> str | None:
        """The name of a policy or service."""
        found = self.reading.get(path, given, name, values.text, "") or None
        known = self.known[name]
        if found is not None and known is not None and found not in known:
            text = _UNKNOWN[name]
            self.reading.wrong((*path, name), text, name=found)
        return found

    def _name(self, path: Path, given: Mapping[str, Any]) -> str:
        name = self.reading.get(path, given, "name", values.text, "").strip()
        if not 0 < len(name) <= LONGEST_NAME:
            text = _("This needs a name of at most %(most)s characters.")
            self.reading.wrong((*path, "name"), text, most=LONGEST_NAME)
        elif name in self.names:
            self.reading.wrong((*path, "name"), _("The name “%(name)s” is taken already."), name=name)
        self.names.add(name)
        return name

    def _matchers(self, path: Path, given: Mapping[str, Any], name: str) -> list[dict[str, str]]:
        if isinstance(given.get(name), str):
            return to_json(self.reading.get(path, given, name, values.matchers, ()))
        return to_json(each for several in self.reading.each(path, given, name, _matchers_of) for each in several)

    def _label_names(self, path: Path, given: Mapping[str, Any], name: str) -> list[str]:
        found = list(dict.fromkeys(self.reading.each(path, given, name, _short)))
        if len(found) > MOST_NAMES:
            self.reading.wrong((*path, name), _("At most %(most)s names."), most=MOST_NAMES)
        return found

    def _severities(self, path: Path, given: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for word, level in self.reading.nodes(path, given, "severity_map").items():
            if level not in SEVERITIES:
                text = _("“%(word)s” is mapped to “%(level)s”; use SEV1 to SEV4.")
                self.reading.wrong((*path, "severity_map", word), text, word=word, level=level)
            found[word.strip().lower()] = level
        return found

    def _interval(self, path: Path, given: dict[str, Any]) -> dict[str, Any]:
        self.reading.only(path, given, frozenset({"name", "spec"}))
        name = self._name(path, given)
        self.intervals.add(name)
        try:
            parse_interval(given.get("spec"))
        except IntervalError as error:
            self.reading.problems.append(Problem(self.reading.loaded.line((*path, "spec")), error.words))
        return {"name": name, "spec": given.get("spec")}

    def _inhibition(self, path: Path, given: dict[str, Any]) -> dict[str, Any]:
        self.reading.only(path, given, _INHIBITION)
        return {
            "name": self._name(path, given),
            "enabled": self.reading.get(path, given, "enabled", values.yes_or_no, True),
            "source_matchers": self._matchers(path, given, "source_matchers"),
            "target_matchers": self._matchers(path, given, "target_matchers"),
            "equal": self._label_names(path, given, "equal"),
        }

    def _settings(self, given: Mapping[str, Any], part: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        node = self.reading.nodes((), given, part)
        self.reading.only((part,), node, frozenset(defaults))
        found: dict[str, Any] = {}
        for name, default in defaults.items():
            if isinstance(default, bool):
                found[name] = self.reading.get((part,), node, name, values.yes_or_no, default)
            else:
                read = values.whole if name == "changes" else _whole_seconds
                found[name] = self.reading.get((part,), node, name, _bounded(read, DAY), default)
        return found

    def _silence(self, path: Path, given: dict[str, Any]) -> dict[str, Any]:
        self.reading.only(path, given, _SILENCE)
        return {
            "name": self.reading.get(path, given, "name", _short, ""),
            "matchers": self._matchers(path, given, "matchers"),
            **{name: self.reading.get(path, given, name, _moment, None) for name in ("starts_at", "ends_at")},
        }


def _matchers_of(given: Any) -> tuple[Matcher, ...]:
    """A matcher as text, or as the object in which it is stored."""
    if isinstance(given, dict):
        if set(given) != {"name", "op", "value"}:
            raise Wrong(_('A matcher is text such as env="prod", or an object with name, op and value.'))
        return (values.matcher(given["name"], given["op"], given["value"]),)
    return tuple(values.matchers(given))


def _short(given: Any) -> str:
    name = values.text(given).strip()
    if not 0 < len(name) <= 200:
        raise Wrong(_("A name has 1 to 200 characters."))
    return name


def _whole_seconds(given: Any) -> int:
    found = values.seconds(given)
    if found != int(found):
        raise Wrong(_("“%(value)s” is finer than a second."), value=given)
    return int(found)


def _bounded(read: Callable[[Any], int], most: int) -> Callable[[Any], int]:
    def bounded(given: Any) -> int:
        found = read(given)
        if not 0 <= found <= most:
            raise Wrong(_("“%(value)s” is not between 0 and %(most)s."), value=given, most=most)
        return found

    return bounded


def _moment(given: Any) -> str:
    try:
        found = datetime.fromisoformat(values.text(given))
    except ValueError as error:
        raise Wrong(_("“%(value)s” is not a time; write, for example, 2026-05-01T08:00Z."), value=given) from error
    if found.tzinfo is None:
        raise Wrong(_("“%(value)s” says no zone; add Z or +02:00."), value=given)
    return found.isoformat()
