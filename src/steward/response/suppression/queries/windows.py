"""Reads of maintenance windows: lists, what their scope is, what they hold, and the coming two weeks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from steward.algorithms.matching import Matcher, format_matchers, matches_all
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.suppression.errors import WindowNotFound
from steward.response.suppression.models import MaintenanceWindow, WindowQuerySet
from steward.response.suppression.queries.silences import MOST_LOOKED_AT, Held, held
from steward.response.suppression.queries.standing import chosen_of
from steward.response.suppression.recurring import Run, runs_between
from steward.response.suppression.scope import Covered, Graph, Node, path, reach
from steward.signals.alerts import queries as alerts

MOST_PLANNED = 200
LOOKED_BACK = timedelta(days=366)


def windows(actor: Actor) -> WindowQuerySet:
    """What this actor may see: a supplier only windows of its services and their items."""
    return MaintenanceWindow.objects.visible_to(actor)  # type: ignore[no-any-return]


def window_by_id(actor: Actor, window_id: int) -> MaintenanceWindow:
    """One window with what was chosen; WindowNotFound if the actor may not see it."""
    found = windows(actor).prefetch_related("services", "items").filter(pk=window_id).first()
    if found is None:
        raise WindowNotFound(_("There is no such maintenance, or you may not see it."))
    return found  # type: ignore[no-any-return]


def window_matchers_text(window: MaintenanceWindow) -> str:
    """Its matchers in Alertmanager's syntax, without the braces; empty if it has none."""
    return format_matchers(window.parsed)[1:-1] if window.matchers else ""


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A service or item that is covered, and the way to it: ("chosen",) or names with how each leads to the next."""

    kind: str
    id: int
    name: str
    slug: str
    how: str
    path: tuple[tuple[str, str], ...]


def scope_of(actor: Actor, chosen: Sequence[Node], *, dependants: bool) -> list[ScopeLine]:
    """Everything covered just now, of what the actor may see, services first."""
    covered = reach(Graph(*configuration.dependency_graph()), chosen, dependants=dependants)
    names = _names(actor, covered)
    lines = [_line(covered, node, names) for node in covered if node in names]
    return sorted(lines, key=lambda line: (line.kind != "service", len(line.path), line.name))


def _names(actor: Actor, covered: Iterable[Node]) -> dict[Node, tuple[str, str]]:
    services = [key for kind, key in covered if kind == "service"]
    items = [key for kind, key in covered if kind == "item"]
    found: dict[Node, tuple[str, str]] = {}
    for pk, name, slug in configuration.services(actor).filter(pk__in=services).values_list("pk", "name", "slug"):
        found["service", pk] = (name, slug)
    for pk, name in configuration.items(actor).filter(pk__in=items).values_list("pk", "name"):
        found["item", pk] = (name, "")
    return found


def _line(covered: dict[Node, Covered], node: Node, names: dict[Node, tuple[str, str]]) -> ScopeLine:
    steps = tuple((names.get(step.node, ("…", ""))[0], step.how) for step in path(covered, node))
    return ScopeLine(node[0], node[1], *names[node], covered[node].how, steps)


def scope_holds(actor: Actor, chosen: Sequence[Node], matchers: Sequence[Matcher], *, dependants: bool) -> Held:
    """The firing alerts that such a scope would hold just now, of those that the actor may see."""
    covered = reach(Graph(*configuration.dependency_graph()), chosen, dependants=dependants)
    services = [key for kind, key in covered if kind == "service"]
    items = [key for kind, key in covered if kind == "item"]
    found = alerts.alerts(actor).firing().filter(Q(service_id__in=services) | Q(item_id__in=items))
    rows = list(found.order_by("-changed_at", "-id").values_list("pk", "labels")[: MOST_LOOKED_AT + 1])
    keys = [pk for pk, labels in rows[:MOST_LOOKED_AT] if matches_all(matchers, labels)]
    return held(actor, keys, cut=len(rows) > MOST_LOOKED_AT)


def window_holds(actor: Actor, window: MaintenanceWindow) -> Held:
    """The firing alerts in the window's scope, whether it is under way or not."""
    return scope_holds(actor, chosen_of(window), window.parsed, dependants=window.dependants)


@dataclass(frozen=True, slots=True)
class Planned:
    """A window with its runs in some time."""

    window: MaintenanceWindow
    runs: Sequence[Run]


def planned(actor: Actor, start: datetime, end: datetime) -> list[Planned]:
    """What is planned in this time, by its first run."""
    found = windows(actor).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start), starts_at__lt=end)
    rows = [Planned(each, runs_between(each.span, start, end)) for each in found.order_by("starts_at")[:MOST_PLANNED]]
    return sorted((row for row in rows if row.runs), key=lambda row: row.runs[0].begins)


def windows_for_engine(window_ids: Collection[int]) -> list[MaintenanceWindow]:
    """These windows, whoever may see them."""
    return list(MaintenanceWindow.objects.filter(pk__in=window_ids)) if window_ids else []


def begun(window: MaintenanceWindow, now: datetime, *, most: int) -> list[Run]:
    """Its latest runs that have begun within the last year, the newest first."""
    runs = runs_between(window.span, max(window.starts_at, now - LOOKED_BACK), now + timedelta(microseconds=1), 400)
    return runs[-most:][::-1]


def windows_of_service(actor: Actor, service_id: int, now: datetime) -> list[MaintenanceWindow]:
    """Windows that are not over and whose scope has the service just now."""
    configuration.visible_service(actor, service_id)
    graph: Graph | None = None
    found = []
    for window in windows(actor).current(now).prefetch_related("services", "items").order_by("holds_from", "pk"):
        chosen = chosen_of(window)
        if ("service", service_id) in chosen:
            found.append(window)
        elif window.dependants:
            graph = graph or Graph(*configuration.dependency_graph())
            if ("service", service_id) in reach(graph, chosen, dependants=True):
                found.append(window)
    return found
