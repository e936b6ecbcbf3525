"""Every write of triage: routes by people, and routing of changed alerts by the engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from steward.algorithms.matching import MatcherError, from_json, parse_matchers, to_json
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.triage import rules
from steward.response.triage.errors import BadRoute, DefaultRoute, RouteNotFound
from steward.response.triage.models import Route
from steward.response.triage.routing import end_group_wait, route_changes

__all__ = ["create_route", "delete_route", "end_group_wait", "move_route", "route_changes", "update_route"]

FIELDS = (
    "name",
    "enabled",
    "matchers",
    "group_by",
    "group_wait",
    "continues",
    "service_id",
    "severity_map",
    "policy_id",
    "opens_incident",
    "auto_resolve",
    "reopen_minutes",
)


@transaction.atomic
def create_route(*, actor: Actor, now: datetime, **values: Any) -> Route:
    """Add a route before the default one. ``matchers`` is text in Alertmanager's syntax or a list of objects."""
    actor.require("routes.manage")
    route = Route(position=_next_position(), **_checked(values))
    _check_name(route)
    route.save()
    _record(actor, now, "route.create", route, {}, _shown(route))
    return route


@transaction.atomic
def update_route(*, actor: Actor, now: datetime, route_id: int, **values: Any) -> Route:
    """Change a route; its version grows, and decisions name the version that took them."""
    actor.require("routes.manage")
    route = _lock(route_id)
    before = _shown(route)
    for name, value in _checked(values).items():
        setattr(route, name, value)
    if route.is_default and (route.matchers or not route.enabled):
        raise DefaultRoute(_("The default route catches everything: it has no matchers and is always on."))
    _check_name(route)
    after = _shown(route)
    if after == before:
        return route
    route.version += 1
    route.save()
    _record(actor, now, "route.update", route, before, after)
    return route


@transaction.atomic
def delete_route(*, actor: Actor, now: datetime, route_id: int) -> None:
    """Remove a route; what it decided stays on record without it."""
    actor.require("routes.manage")
    route = _lock(route_id)
    if route.is_default:
        raise DefaultRoute(_("The default route cannot be removed."))
    _record(actor, now, "route.delete", route, _shown(route), {})
    route.delete()


@transaction.atomic
def move_route(*, actor: Actor, now: datetime, route_id: int, up: bool) -> Route:
    """Swap a route with its neighbour."""
    actor.require("routes.manage")
    ordered = list(Route.objects.select_for_update().filter(is_default=False).order_by("position", "id"))
    place = next((n for n, route in enumerate(ordered) if route.pk == route_id), None)
    if place is None:
        raise RouteNotFound(_("There is no such route, or it is the default one, which is always last."))
    other = place - 1 if up else place + 1
    if 0 <= other < len(ordered):
        ordered[place], ordered[other] = ordered[other], ordered[place]
        for position, route in enumerate(ordered, start=1):
            if route.position != position:
                Route.objects.filter(pk=route.pk).update(position=position)
        _record(actor, now, "route.move", ordered[other], {"position": place + 1}, {"position": other + 1})
    return Route.objects.get(pk=route_id)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values with matchers parsed; raises BadRoute with the field's message."""
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise BadRoute(_("Unknown: %(names)s") % {"names": ", ".join(sorted(unknown))})
    found = dict(values)
    if "matchers" in found:
        try:
            given = found["matchers"]
            parsed = parse_matchers(given) if isinstance(given, str) else from_json(given)
            found["matchers"] = to_json(parsed)
        except MatcherError as error:
            raise BadRoute(str(error), fields={"matchers": [str(error)]}) from error
    for word, level in (found.get("severity_map") or {}).items():
        if level not in rules.SEVERITIES:
            text = _("“%(word)s” is mapped to “%(level)s”; use SEV1 to SEV4.") % {"word": word, "level": level}
            raise BadRoute(text, fields={"severity_map": [text]})
    return found


def _check_name(route: Route) -> None:
    route.name = route.name.strip()
    if not route.name:
        raise BadRoute(_("A route needs a name."), fields={"name": [_("Write a name.")]})
    if Route.objects.filter(name=route.name).exclude(pk=route.pk).exists():
        text = _("Another route has this name.")
        raise BadRoute(text, fields={"name": [text]})


def _lock(route_id: int) -> Route:
    route = Route.objects.select_for_update().filter(pk=route_id).first()
    if route is None:
        raise RouteNotFound(_("There is no such route."))
    return route


def _next_position() -> int:
    return (Route.objects.filter(is_default=False).aggregate(top=Max("position"))["top"] or 0) + 1


def _shown(route: Route) -> dict[str, Any]:
    return {name: getattr(route, name) for name in FIELDS}


def _record(
    actor: Actor, now: datetime, action: str, route: Route, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        subject=SubjectRef("route", route.pk),
        subject_label=route.name,
        before=before,
        after=after,
    )
