"""Every write of triage: routes by people, and routing of changed alerts by the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from steward.algorithms.matching import MatcherError, from_json, parse_matchers, to_json
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.history.registry import BATCH, Step, locked
from steward.foundation.language import listed
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall import queries as oncall
from steward.response.triage import rules
from steward.response.triage.document import apply_document, changed
from steward.response.triage.errors import BadRoute, DefaultRoute, RouteNotFound
from steward.response.triage.inhibiting import (
    delete_inhibition,
    delete_interval,
    save_inhibition,
    save_interval,
    save_settings,
)
from steward.response.triage.models import AlertGroup, Decision, Route, TimeInterval
from steward.response.triage.releasing import judge_anew, reconsider, suppression_changed
from steward.response.triage.routing import end_group_wait, end_group_waits, route_changes
from steward.response.triage.shadowing import shadow_begins, shadow_ends

__all__ = [
    "apply_document", "changed", "create_route", "delete_inhibition", "delete_interval", "delete_route",
    "enable_route", "end_group_wait", "end_group_waits", "forget_changes", "judge_anew", "move_route", "reconsider",
    "remove_empty_groups", "route_changes", "save_inhibition", "save_interval", "save_settings", "shadow_begins",
    "shadow_ends", "suppression_changed", "update_route",
]  # fmt: skip

FIELDS = (
    "name", "enabled", "matchers", "group_by", "group_wait", "continues", "service_id", "severity_map", "policy_id",
    "opens_incident", "auto_resolve", "reopen_minutes", "parent_id", "group_interval", "repeat_interval", "mute_times",
    "active_times", "largest_group", "storm_groups",
)  # fmt: skip
LONGEST_WAIT = 24 * 3600
LONGEST_REOPEN = 30 * 24 * 60
LONGEST_INTERVAL = 30 * 24 * 3600
MOST_STORM = 100_000
MOST_NAMES = 50


LIMITS = (
    ("group_wait", LONGEST_WAIT), ("reopen_minutes", LONGEST_REOPEN), ("group_interval", LONGEST_INTERVAL),
    ("repeat_interval", LONGEST_INTERVAL), ("largest_group", MOST_STORM), ("storm_groups", MOST_STORM),
)  # fmt: skip


@transaction.atomic
def create_route(*, actor: Actor, now: datetime, **values: Any) -> Route:
    """Add a route before the default one. ``matchers`` is text in Alertmanager's syntax or a list of objects."""
    actor.require("routes.manage")
    # The list's lock: two routes made at once must not get the same position.
    _ordered()
    top = Route.objects.filter(is_default=False).aggregate(top=Max("position"))["top"] or 0
    route = Route(position=top + 1, **_checked(values, actor))
    _check_name(route)
    _check_parent(route)
    route.save(force_insert=True)
    _record(actor, now, "route.create", route, {}, _shown(route))
    changed(actor=actor, now=now)
    return route


@transaction.atomic
def update_route(*, actor: Actor, now: datetime, route_id: int, **values: Any) -> Route:
    """Change a route; its version grows, and decisions name the version that took them."""
    actor.require("routes.manage")
    route = _lock(route_id)
    before = _shown(route)
    for name, value in _checked(values, actor).items():
        setattr(route, name, value)
    if route.is_default and (route.matchers or not route.enabled or route.continues):
        raise DefaultRoute(_("The default route catches everything: it has no matchers, is always on and the last."))
    _check_name(route)
    _check_parent(route)
    after = _shown(route)
    if after == before:
        return route
    differing = [name for name in FIELDS if before[name] != after[name]]
    route.version += 1
    route.save(update_fields=[*(name.removesuffix("_id") for name in differing), "version"])
    _record(actor, now, "route.update", route, before, after)
    changed(actor=actor, now=now)
    return route


def enable_route(*, actor: Actor, now: datetime, route_id: int, enabled: bool) -> Route:
    """Switch a route on or off."""
    return update_route(actor=actor, now=now, route_id=route_id, enabled=enabled)


@transaction.atomic
def delete_route(*, actor: Actor, now: datetime, route_id: int) -> None:
    """Remove a route; what it decided stays on record without it."""
    actor.require("routes.manage")
    route = _lock(route_id)
    if route.is_default:
        raise DefaultRoute(_("The default route cannot be removed."))
    _record(actor, now, "route.delete", route, _shown(route), {})
    # What stood below it moves up: nobody asked for it to go.
    Route.objects.filter(parent=route).update(parent=route.parent_id, version=F("version") + 1)
    route.delete()
    changed(actor=actor, now=now)


@transaction.atomic
def move_route(*, actor: Actor, now: datetime, route_id: int, up: bool) -> Route:
    """Swap a route with its neighbour. The place decides too, so both get a new version."""
    actor.require("routes.manage")
    ordered = _ordered()
    place = next((n for n, route in enumerate(ordered) if route.pk == route_id), None)
    if place is None:
        raise RouteNotFound(_("There is no such route, or it is the default one, which is always last."))
    siblings = [n for n, route in enumerate(ordered) if route.parent_id == ordered[place].parent_id]
    at = siblings.index(place) + (-1 if up else 1)
    if 0 <= at < len(siblings):
        other = siblings[at]
        ordered[place], ordered[other] = ordered[other], ordered[place]
        for position, route in enumerate(ordered, start=1):
            grows = 1 if route is ordered[place] or route is ordered[other] else 0
            if grows or route.position != position:
                Route.objects.filter(pk=route.pk).update(position=position, version=F("version") + grows)
        _record(actor, now, "route.move", ordered[other], {"position": place + 1}, {"position": other + 1})
        changed(actor=actor, now=now)
    return Route.objects.get(pk=route_id)


def _ordered() -> list[Route]:
    """All routes but the default one in their order; the default one is locked as the lock of the order."""
    Route.objects.select_for_update().filter(is_default=True).values_list("pk", flat=True).first()
    return list(Route.objects.select_for_update().filter(is_default=False).order_by("position", "id"))


def _checked(values: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The values as they are stored; BadRoute with the message beside its field otherwise."""
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise BadRoute(_("Unknown: %(names)s") % {"names": listed(sorted(unknown))})
    found = dict(values)
    if "matchers" in found:
        found["matchers"] = _matchers(found["matchers"])
    if "severity_map" in found:
        found["severity_map"] = _severity_map(found["severity_map"] or {})
    if "group_by" in found:
        found["group_by"] = _names(found["group_by"] or ())
    for name in ("mute_times", "active_times"):
        if name in found:
            found[name] = _times(name, found[name] or ())
    for name, longest in LIMITS:
        if name in found and not 0 <= found[name] <= longest:
            raise _bad(name, _("Between 0 and %(longest)s.") % {"longest": longest})
    if found.get("service_id") and not configuration.services(actor).filter(pk=found["service_id"]).exists():
        raise _bad("service_id", _("There is no such service."))
    if found.get("policy_id") and not oncall.policies(actor).filter(pk=found["policy_id"]).exists():
        raise _bad("policy_id", _("There is no such escalation policy."))
    return found


def _matchers(given: Any) -> list[dict[str, str]]:
    try:
        return to_json(parse_matchers(given) if isinstance(given, str) else from_json(given))
    except MatcherError as error:
        raise _bad("matchers", error.words.said(_)) from error


def _severity_map(given: Mapping[str, str]) -> dict[str, str]:
    for word, level in given.items():
        if level not in rules.SEVERITIES:
            text = _("“%(word)s” is mapped to “%(level)s”; use SEV1 to SEV4.")
            raise _bad("severity_map", text % {"word": word, "level": level})
    return {word.strip().lower(): level for word, level in given.items()}


def _times(field: str, given: Iterable[str]) -> list[str]:
    names = _names(given)
    known = set(TimeInterval.objects.filter(name__in=names).values_list("name", flat=True))
    for name in names:
        if name not in known:
            raise _bad(field, _("There is no time interval “%(name)s”.") % {"name": name})
    return names


def _names(given: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in given))
    if not all(0 < len(name) <= 200 for name in names) or len(names) > MOST_NAMES:
        raise _bad("group_by", _("At most %(n)s label names of 1 to 200 characters.") % {"n": MOST_NAMES})
    return names


def remove_empty_groups(before: datetime, after: int) -> Step:
    """Remove groups from before then whose alerts are gone. A group with an incident still has its alerts, because
    alerts of incidents stay."""
    empty = AlertGroup.objects.filter(created_at__lt=before, due_at__isnull=True, members__isnull=True)
    found = list(empty.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
    # Locked first, then asked again whether it is empty: an alert that came meanwhile is a member now.
    keys = locked(AlertGroup.objects.filter(pk__in=found))
    gone = list(empty.filter(pk__in=keys).values_list("pk", flat=True))
    AlertGroup.objects.filter(pk__in=gone).delete()
    return Step(len(gone), found[-1] if len(found) == BATCH else None)


def forget_changes(change_ids: Iterable[int]) -> None:
    """Remove the decisions on changes that are dropped, in the caller's transaction."""
    Decision.objects.filter(change_id__in=list(change_ids)).delete()


def _bad(field: str, text: str) -> BadRoute:
    return BadRoute(text, fields={field: [text]})


def _check_name(route: Route) -> None:
    route.name = route.name.strip()
    if not route.name or len(route.name) > 120:
        raise _bad("name", _("Write a name of at most 120 characters."))
    if Route.objects.filter(name=route.name).exclude(pk=route.pk).exists():
        raise _bad("name", _("Another route has this name."))


def _check_parent(route: Route) -> None:
    """A route stands below the root or below another one, and never below itself."""
    if route.parent_id is None:
        return
    parents = dict(Route.objects.filter(is_default=False).values_list("pk", "parent_id"))
    if route.is_default or route.parent_id not in parents:
        raise _bad("parent_id", _("There is no such route to stand below."))
    above: int | None = route.parent_id
    while above is not None:
        if above == route.pk:
            raise _bad("parent_id", _("A route cannot stand below itself."))
        above = parents.get(above)


def _lock(route_id: int) -> Route:
    route = Route.objects.select_for_update().filter(pk=route_id).first()
    if route is None:
        raise RouteNotFound(_("There is no such route."))
    return route


def _shown(route: Route) -> dict[str, Any]:
    return {name: getattr(route, name) for name in FIELDS}


def _record(
    actor: Actor, now: datetime, action: str, route: Route, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("route", route.pk), subject_label=route.name,
        before=before, after=after,
    )  # fmt: skip
