"""The tree of routes: which of them take an alert. Pure.

Follows Alertmanager (``dispatch/route.go``): the root takes everything; a node hands an alert on to its children in
order, the first child that takes it stops the walk among its siblings unless it *continues*; a node whose children take
nothing takes the alert itself. Our root is the default route.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from steward.algorithms.matching import Matcher, explain, format_matchers, group_key, group_labels
from steward.algorithms.matching.index import MatcherIndex


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A route as the rules see it. Times are in seconds; 0 for an interval is never, for a limit is none.

    ``parent`` is the route above it, None for those below the root and for the root itself.
    """

    id: int
    name: str
    version: int
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: int
    continues: bool
    severity_map: Mapping[str, str]
    service_id: int | None
    policy_id: int | None
    opens_incident: bool
    auto_resolve: bool
    reopen_minutes: int
    is_default: bool
    parent: int | None = None
    group_interval: int = 0
    repeat_interval: int = 0
    mute_times: tuple[str, ...] = ()
    active_times: tuple[str, ...] = ()
    largest_group: int = 1000
    storm_groups: int = 0


@dataclass(frozen=True, slots=True)
class MatcherResult:
    """One matcher held against the labels."""

    text: str
    matched: bool
    actual: str


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """A route held against the labels, with every matcher's result; ``reached`` is false behind a stop. ``depth`` is
    the number of routes above it, the root not counted."""

    route: RouteSpec
    matched: bool
    reached: bool
    results: tuple[MatcherResult, ...]
    depth: int = 0


def written(matcher: Matcher) -> str:
    """One matcher as people write it."""
    return format_matchers([matcher])[1:-1]


@dataclass(slots=True)
class Tree:
    """The routes of one version of the configuration, indexed by label value: hundreds cost little more than a few."""

    routes: tuple[RouteSpec, ...]
    root: RouteSpec | None = None
    children: dict[int | None, list[RouteSpec]] = field(default_factory=dict)
    index: MatcherIndex[RouteSpec] = field(init=False)

    def __post_init__(self) -> None:
        known = {route.id for route in self.routes if not route.is_default}
        for route in self.routes:
            if route.is_default:
                self.root = route
                continue
            # A child whose parent is switched off or gone is not asked: its parent would have to take the alert first.
            if route.parent is None or route.parent in known:
                self.children.setdefault(route.parent, []).append(route)
        below = [route for route in self.routes if not route.is_default]
        self.index = MatcherIndex((route, route.matchers) for route in below)

    def taking(self, labels: Mapping[str, str]) -> list[RouteSpec]:
        """The routes that take these labels, in order."""
        fitting: dict[int | None, list[RouteSpec]] = {}
        for route in self.index.matching(labels):
            fitting.setdefault(route.parent, []).append(route)
        found = self._below(None, fitting)
        return found or ([self.root] if self.root else [])

    def _below(self, parent: int | None, fitting: Mapping[int | None, list[RouteSpec]]) -> list[RouteSpec]:
        found: list[RouteSpec] = []
        for route in fitting.get(parent, ()):
            found += self._below(route.id, fitting) or [route]
            if not route.continues:
                break
        return found

    def path(self, route: RouteSpec) -> list[RouteSpec]:
        """The routes above this one, from the top, and itself."""
        by_id = {each.id: each for each in self.routes}
        found = [route]
        while found[0].parent is not None and found[0].parent in by_id and len(found) <= len(by_id):
            found.insert(0, by_id[found[0].parent])
        return found


def walk(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteMatch]:
    """Hold the labels against every route, from the top down, and say of each what it saw; the root comes last."""
    tree = Tree(tuple(routes))
    found = _walk(tree, None, labels, reached=True, depth=0)
    if tree.root is not None:
        found.append(RouteMatch(tree.root, not any(each.matched for each in found), _root_reached(tree, found), ()))
    return found


def _root_reached(tree: Tree, found: Sequence[RouteMatch]) -> bool:
    stopped = any(m.reached and not m.route.continues and _fits(m) for m in found if m.depth == 0)
    return not stopped


def _fits(match: RouteMatch) -> bool:
    return all(result.matched for result in match.results)


def _walk(tree: Tree, parent: int | None, labels: Mapping[str, str], *, reached: bool, depth: int) -> list[RouteMatch]:
    found: list[RouteMatch] = []
    for route in tree.children.get(parent, ()):
        results = tuple(MatcherResult(written(m), ok, actual) for m, ok, actual in explain(route.matchers, labels))
        fits = reached and all(result.matched for result in results)
        below = _walk(tree, route.id, labels, reached=fits, depth=depth + 1)
        taken_below = any(match.matched for match in below)
        found.append(RouteMatch(route, fits and not taken_below, reached, results, depth))
        found += below
        if fits and not route.continues:
            reached = False
    return found


def match_routes(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteMatch]:
    """The routes that take the alert, each with its matchers' results."""
    return [match for match in walk(routes, labels) if match.matched]


def matching(routes: Sequence[RouteSpec], labels: Mapping[str, str]) -> list[RouteSpec]:
    """The same routes without the explanations."""
    return Tree(tuple(routes)).taking(labels)


def key_of(route: RouteSpec, labels: Mapping[str, str], *, shadow: bool = False) -> str:
    """The group's key, short enough for an index. Alerts in shadow mode are in groups of their own: one that pages
    people has nothing in it that must not, and none that may is lost among what must not."""
    key = hashlib.blake2b(group_key(labels, route.group_by).encode(), digest_size=16).hexdigest()
    return f"shadow:{key}" if shadow else key


def labels_of(route: RouteSpec, labels: Mapping[str, str]) -> dict[str, str]:
    return dict(group_labels(labels, route.group_by))
