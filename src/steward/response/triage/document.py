"""The live configuration as one document, and a document made live: what versions, drafts and imports are made of.

Everything in it is called by its name: a document outlives the rows, and moves from one installation to another. A route
of the same name is the same route, so its groups, incidents and decisions stay with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from steward.algorithms.intervals import IntervalError
from steward.algorithms.intervals import parse as parse_interval
from steward.algorithms.matching import MatcherError, from_json, to_json
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall import queries as oncall
from steward.response.triage import rules
from steward.response.triage.errors import BadRoute
from steward.response.triage.events import ConfigurationChanged
from steward.response.triage.models import InhibitionRule, Route, Settings, TimeInterval

ONLY = 1
# What the default route does not have: it takes everything, always.
OF_TAKING = ("enabled", "matchers", "continues", "mute_times", "active_times")
OF_ALL = (
    "group_by", "group_wait", "group_interval", "repeat_interval", "opens_incident", "auto_resolve", "reopen_minutes",
    "severity_map", "largest_group", "storm_groups",
)  # fmt: skip
Row = dict[str, Any]


def document() -> Row:
    """The configuration as it is in this transaction."""
    routes = list(Route.objects.select_related("policy", "service").order_by("is_default", "position", "id"))
    below: dict[int | None, list[Route]] = {}
    for route in routes:
        below.setdefault(route.parent_id, []).append(route)
    settings = Settings.objects.filter(pk=ONLY).first() or Settings(pk=ONLY)
    return {
        "default": next((_node(route) for route in routes if route.is_default), {}),
        "routes": _tree(below, None),
        "inhibitions": [
            {"name": rule.name, "enabled": rule.enabled, "source_matchers": rule.source_matchers,
             "target_matchers": rule.target_matchers, "equal": list(rule.equal)}
            for rule in InhibitionRule.objects.order_by("name")
        ],
        "time_intervals": [{"name": each.name, "spec": each.spec} for each in TimeInterval.objects.order_by("name")],
        "flapping": {"changes": settings.flap_changes, "window": settings.flap_window, "quiet": settings.flap_quiet},
        "topology": {"enabled": settings.topology, "delay": settings.topology_delay},
        "silences": [],
    }  # fmt: skip


def _tree(below: Mapping[int | None, Sequence[Route]], parent: int | None) -> list[Row]:
    return [
        {**_node(route), "children": _tree(below, route.pk)} for route in below.get(parent, ()) if not route.is_default
    ]


def _node(route: Route) -> Row:
    names = OF_ALL if route.is_default else (*OF_TAKING, *OF_ALL)
    values = {name: getattr(route, name) for name in names}
    return {
        "name": route.name, **values, "policy": route.policy.name if route.policy else None,
        "service": route.service.name if route.service else None,
    }  # fmt: skip


@transaction.atomic
def apply_document(*, actor: Actor, now: datetime, document: Mapping[str, Any]) -> bool:
    """Make this the live configuration, in one transaction; whether anything is different now. Silences in it are for
    replays only and are not made."""
    actor.require("routes.manage")
    # The settings' row is the lock of the whole configuration, the default route's the one of the order of routes.
    Settings.objects.get_or_create(pk=ONLY)
    settings = Settings.objects.select_for_update().get(pk=ONLY)
    Route.objects.select_for_update().filter(is_default=True).values_list("pk", flat=True).first()
    work = _Applying(actor, _names(document, actor))
    work.intervals(document.get("time_intervals", ()))
    work.routes(document.get("default", {}), document.get("routes", ()))
    work.inhibitions(document.get("inhibitions", ()))
    work.remove_intervals(document.get("time_intervals", ()))
    work.settings(settings, document)
    if work.entries:
        audit.record_all(actor=actor, now=now, entries=work.entries)
        changed(actor=actor, now=now)
    return bool(work.entries)


@transaction.atomic
def changed(*, actor: Actor, now: datetime) -> None:
    """The configuration is another one: whoever has read it reads it anew, and the rooms above hear of it."""
    Settings.objects.get_or_create(pk=ONLY)
    Settings.objects.filter(pk=ONLY).update(revision=F("revision") + 1, token=uuid4())
    revision = Settings.objects.values_list("revision", flat=True).get(pk=ONLY)
    publish(ConfigurationChanged(now, actor, revision))


@dataclass(frozen=True, slots=True)
class _Names:
    policies: Mapping[str, int]
    services: Mapping[str, int]


def _names(document: Mapping[str, Any], actor: Actor) -> _Names:
    rows = [document.get("default", {}), *(row for _parent, row in _every(document.get("routes", ()), None))]
    wanted = {kind: {row[kind] for row in rows if row.get(kind)} for kind in ("policy", "service")}
    policies = dict(oncall.policies(actor).filter(name__in=wanted["policy"]).values_list("name", "pk"))
    services = dict(configuration.services(actor).filter(name__in=wanted["service"]).values_list("name", "pk"))
    for name in sorted(wanted["policy"] - policies.keys()):
        raise BadRoute(_("There is no escalation policy “%(name)s”. Make it, or take it out.") % {"name": name})
    for name in sorted(wanted["service"] - services.keys()):
        raise BadRoute(_("There is no service “%(name)s”. Make it, or take it out.") % {"name": name})
    return _Names(policies, services)


def _every(rows: Sequence[Row], parent: str | None) -> Iterator[tuple[str | None, Row]]:
    for row in rows:
        yield parent, row
        yield from _every(row.get("children", ()), row["name"])


@dataclass(slots=True)
class _Applying:
    """Brings the rows to what the document says, and keeps what it did for the audit."""

    actor: Actor
    names: _Names
    entries: list[audit.Entry] = field(default_factory=list)

    def routes(self, default: Row, rows: Sequence[Row]) -> None:
        wanted = list(_every(rows, None))
        names = [row["name"] for _parent, row in wanted]
        if len({*names, default.get("name")}) < len(names) + 1:
            raise BadRoute(_("Two routes have the same name."))
        known = {route.name: route for route in Route.objects.select_for_update().filter(is_default=False)}
        moved = _moved(known, wanted)
        self._remove_routes(known, set(names))
        root = Route.objects.select_for_update().filter(is_default=True).first()
        if root is not None:
            self._save_route(root, {"name": default.get("name") or root.name, **self._values(default, OF_ALL)}, False)
        made: dict[str, Route] = {}
        for position, (parent, row) in enumerate(wanted, start=1):
            route = known.get(row["name"]) or Route(name=row["name"], is_default=False)
            values = self._values(row, (*OF_TAKING, *OF_ALL))
            values |= {"parent_id": made[parent].pk if parent is not None else None}
            if route.position != position:
                route.position = position
                if route.pk:
                    route.save(update_fields=["position"])
            self._save_route(route, values, row["name"] in moved)
            made[row["name"]] = route

    def _remove_routes(self, known: Mapping[str, Route], names: set[str]) -> None:
        gone = [route for name, route in known.items() if name not in names]
        # Those that stay must not go with a parent that goes.
        ids = [route.pk for route in gone]
        Route.objects.filter(parent_id__in=ids).exclude(pk__in=ids).update(parent=None)
        for route in gone:
            self._tell("route.delete", route, {"name": route.name}, {})
        Route.objects.filter(pk__in=ids).delete()

    def _save_route(self, route: Route, values: Row, moved: bool) -> None:
        before = {name: getattr(route, name) for name in values}
        if route.pk and before == values and not moved:
            return
        action = "route.update" if route.pk else "route.create"
        for name, value in values.items():
            setattr(route, name, value)
        route.version += 1 if route.pk else 0
        route.save()
        self._tell(
            action, route, before if action == "route.update" else {}, values | ({"moved": True} if moved else {})
        )

    def _values(self, row: Row, names: Sequence[str]) -> Row:
        found = {name: row[name] for name in names if name in row}
        if "matchers" in found:
            found["matchers"] = _matchers(row["name"], found["matchers"])
        for word, level in found.get("severity_map", {}).items():
            if level not in rules.SEVERITIES:
                text = _("“%(word)s” is mapped to “%(level)s”; use SEV1 to SEV4.")
                raise BadRoute(text % {"word": word, "level": level})
        policy, service = row.get("policy"), row.get("service")
        return found | {
            "policy_id": self.names.policies[policy] if policy else None,
            "service_id": self.names.services[service] if service else None,
        }

    def inhibitions(self, rows: Sequence[Row]) -> None:
        known = {rule.name: rule for rule in InhibitionRule.objects.select_for_update()}
        for row in rows:
            rule = known.pop(row["name"]) if row["name"] in known else InhibitionRule(name=row["name"])
            values = {
                "enabled": row.get("enabled", True), "equal": list(row.get("equal", ())),
                **{side: _matchers(row["name"], row.get(side, [])) for side in ("source_matchers", "target_matchers")},
            }  # fmt: skip
            self._save("inhibition", rule, values)
        for rule in known.values():
            self._tell("inhibition.delete", rule, {"name": rule.name}, {})
        InhibitionRule.objects.filter(pk__in=[rule.pk for rule in known.values()]).delete()

    def intervals(self, rows: Sequence[Row]) -> None:
        known = {each.name: each for each in TimeInterval.objects.select_for_update()}
        for row in rows:
            try:
                parse_interval(row.get("spec"))
            except IntervalError as error:
                raise BadRoute(f"{row['name']}: {error.words.said(_)}") from error
            interval = known.get(row["name"]) or TimeInterval(name=row["name"])
            self._save("timeinterval", interval, {"spec": row["spec"]})

    def remove_intervals(self, rows: Sequence[Row]) -> None:
        """After the routes that named them."""
        gone = list(TimeInterval.objects.exclude(name__in=[row["name"] for row in rows]))
        for each in gone:
            self._tell("timeinterval.delete", each, {"name": each.name}, {})
        TimeInterval.objects.filter(pk__in=[each.pk for each in gone]).delete()

    def _save(self, kind: str, row: InhibitionRule | TimeInterval, values: Row) -> None:
        before = {name: getattr(row, name) for name in values}
        if row.pk and before == values:
            return
        action = f"{kind}.update" if row.pk else f"{kind}.create"
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1 if row.pk else 0
        row.save()
        self._tell(action, row, before if action.endswith("update") else {}, values)

    def settings(self, settings: Settings, document: Mapping[str, Any]) -> None:
        flapping, topology = document.get("flapping", {}), document.get("topology", {})
        given = {
            "flap_changes": flapping.get("changes"), "flap_window": flapping.get("window"),
            "flap_quiet": flapping.get("quiet"), "topology": topology.get("enabled"),
            "topology_delay": topology.get("delay"),
        }  # fmt: skip
        values = {name: value for name, value in given.items() if value is not None}
        before = {name: getattr(settings, name) for name in values}
        if values != before:
            for name, value in values.items():
                setattr(settings, name, value)
            settings.save(update_fields=list(values))
            self.entries.append(audit.Entry("pipeline.update", None, "", before, values))

    def _tell(self, action: str, row: Route | InhibitionRule | TimeInterval, before: Row, after: Row) -> None:
        kind = action.partition(".")[0]
        self.entries.append(audit.Entry(action, SubjectRef(kind, row.pk), row.name, before, after))


def _moved(known: Mapping[str, Route], wanted: Sequence[tuple[str | None, Row]]) -> set[str]:
    """The routes that have another place among those that stay below the same route; a route that only gets another
    number is not changed."""
    by_id = {route.pk: name for name, route in known.items()}
    above = {name: by_id.get(route.parent_id or 0) for name, route in known.items()}
    new: dict[str | None, list[str]] = {}
    for parent, row in wanted:
        if row["name"] in known and above[row["name"]] == parent:
            new.setdefault(parent, []).append(row["name"])
    found: set[str] = set()
    for names in new.values():
        old = sorted(names, key=lambda name: (known[name].position, known[name].pk))
        wrong = [place for place, pair in enumerate(zip(old, names, strict=True)) if pair[0] != pair[1]]
        found |= set(names[wrong[0] : wrong[-1] + 1]) if wrong else set()
    return found


def _matchers(name: str, given: Any) -> list[dict[str, str]]:
    try:
        return to_json(from_json(given))
    except MatcherError as error:
        raise BadRoute(f"{name}: {error.words.said(_)}") from error
