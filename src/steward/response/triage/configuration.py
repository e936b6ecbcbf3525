"""The live configuration of the pipeline, read anew only when its revision has grown."""

from __future__ import annotations

import threading
from collections.abc import Collection
from uuid import UUID

from steward.algorithms.intervals import parse
from steward.algorithms.matching import from_json
from steward.response.triage import queries, rules
from steward.response.triage.models import InhibitionRule, Route, Settings, TimeInterval

ONLY = 1
_lock = threading.Lock()
_live: tuple[UUID, rules.Configuration] | None = None


def live() -> rules.Configuration:
    """The configuration as it is in this transaction. One small query if it is known already."""
    global _live
    token = Settings.objects.filter(pk=ONLY).values_list("token", flat=True).first()
    remembered = _live
    if token is not None and remembered is not None and remembered[0] == token:
        return remembered[1]
    found = read()
    if token is not None:
        # Written by whoever read it last; under a token that is not the row's any more it is read again the next time.
        with _lock:
            _live = token, found
    return found


def forget() -> None:
    """Drop what is remembered (tests that write past the actions)."""
    global _live
    with _lock:
        _live = None


def read() -> rules.Configuration:
    """Read all of it. The revision is read first: a change that commits meanwhile is seen as newer later."""
    settings = Settings.objects.filter(pk=ONLY).first() or Settings(pk=ONLY, revision=0)
    routes = Route.objects.filter(enabled=True).order_by("is_default", "position", "id")
    return rules.Configuration(
        revision=settings.revision,
        routes=tuple(queries.spec(route) for route in routes),
        inhibitions=tuple(inhibition(each) for each in InhibitionRule.objects.filter(enabled=True).order_by("id")),
        intervals={each.name: parse(each.spec) for each in TimeInterval.objects.all()},
        flapping=rules.FlappingSpec(settings.flap_changes, settings.flap_window, settings.flap_quiet),
        topology=rules.TopologySpec(settings.topology, settings.topology_delay),
    )


def specs_of(route_ids: Collection[int]) -> dict[int, rules.RouteSpec]:
    """These routes, whether or not they are switched on: their groups still stand."""
    return {route.pk: queries.spec(route) for route in Route.objects.filter(pk__in=route_ids)}


def inhibition(rule: InhibitionRule) -> rules.InhibitionSpec:
    """The rule in the terms of the rules."""
    return rules.InhibitionSpec(
        id=rule.pk, name=rule.name, version=rule.version, source=from_json(rule.source_matchers),
        target=from_json(rule.target_matchers), equal=tuple(rule.equal),
    )  # fmt: skip
