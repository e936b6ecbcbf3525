"""Reads of routes and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from steward.algorithms.matching import format_matchers, from_json
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.ui.spans import duration_words
from steward.response.oncall import queries as oncall
from steward.response.triage import rules
from steward.response.triage.document import document as document
from steward.response.triage.errors import RouteNotFound
from steward.response.triage.models import (
    Decision,
    GroupMember,
    Hold,
    InhibitionRule,
    Notice,
    Route,
    RouteQuerySet,
    Settings,
    TimeInterval,
)
from steward.response.triage.replaying import history as history
from steward.response.triage.replaying import replay as replay
from steward.signals.alerts import queries as alerts


def routes(actor: Actor) -> RouteQuerySet:
    """All routes in the order in which they are tried."""
    return (
        Route.objects.visible_to(actor)
        .select_related("service", "policy", "parent")
        .order_by("is_default", "position", "id")
    )


def route_by_id(actor: Actor, route_id: int) -> Route:
    """One route; RouteNotFound otherwise."""
    found = routes(actor).filter(pk=route_id).first()
    if found is None:
        raise RouteNotFound(_("There is no such route, or you may not see it."))
    return found


def spec(route: Route) -> rules.RouteSpec:
    """The route in the terms of the rules."""
    return rules.RouteSpec(
        id=route.pk,
        name=route.name,
        version=route.version,
        matchers=from_json(route.matchers),
        group_by=tuple(route.group_by),
        group_wait=route.group_wait,
        continues=route.continues,
        severity_map={str(k).lower(): str(v) for k, v in route.severity_map.items()},
        service_id=route.service_id,
        policy_id=route.policy_id,
        opens_incident=route.opens_incident,
        auto_resolve=route.auto_resolve,
        reopen_minutes=route.reopen_minutes,
        is_default=route.is_default,
        parent=route.parent_id,
        group_interval=route.group_interval,
        repeat_interval=route.repeat_interval,
        mute_times=tuple(route.mute_times),
        active_times=tuple(route.active_times),
        largest_group=route.largest_group,
        storm_groups=route.storm_groups,
    )


def active_specs() -> list[rules.RouteSpec]:
    """The enabled routes in order, for the pipeline."""
    return [spec(route) for route in Route.objects.filter(enabled=True).order_by("is_default", "position", "id")]


def text_of(matchers: Any) -> str:
    """Stored matchers as people write them, without the braces."""
    return format_matchers(from_json(matchers))[1:-1]


def inhibitions(actor: Actor) -> QuerySet[InhibitionRule]:
    """All inhibition rules by name."""
    return InhibitionRule.objects.visible_to(actor).order_by("name", "id")


def inhibition_by_id(actor: Actor, rule_id: int) -> InhibitionRule:
    found = inhibitions(actor).filter(pk=rule_id).first()
    if found is None:
        raise RouteNotFound(_("There is no such inhibition rule, or you may not see it."))
    return found


def intervals(actor: Actor) -> QuerySet[TimeInterval]:
    """The named times that routes can be mute or active in."""
    return TimeInterval.objects.visible_to(actor).order_by("name")


def interval_by_id(actor: Actor, interval_id: int) -> TimeInterval:
    found = intervals(actor).filter(pk=interval_id).first()
    if found is None:
        raise RouteNotFound(_("There are no such times, or you may not see them."))
    return found


def using(name: str) -> list[str]:
    """The names of the routes that are mute or active in these times."""
    found = Route.objects.filter(Q(mute_times__contains=[name]) | Q(active_times__contains=[name]))
    return list(found.order_by("name").values_list("name", flat=True))


def interval_names(actor: Actor) -> list[str]:
    return list(intervals(actor).values_list("name", flat=True))


def settings(actor: Actor) -> Settings:
    """What holds for every alert."""
    actor.require("routes.view")
    return Settings.objects.filter(pk=1).first() or Settings(pk=1)


def held_by(kind: str, ref_id: int) -> int:
    """How many alerts this holds now."""
    return Hold.objects.filter(kind=kind, ref_id=ref_id).count()


def held_counts(kind: str) -> dict[int, int]:
    """By rule, how many alerts it holds now."""
    rows = Hold.objects.filter(kind=kind).order_by().values_list("ref_id").annotate(number=Count("pk"))
    return dict(rows)


def matchers_text(route: Route) -> str:
    """The matchers as people write them, without the braces."""
    return format_matchers(from_json(route.matchers))[1:-1]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route as the list shows it: ``depth`` routes stand above it; whether it is the first or last below its own."""

    route: Route
    matchers: list[str]
    depth: int
    first: bool
    last: bool


def tree(actor: Actor) -> list[RouteRow]:
    """All routes from the top down, each followed by those below it; the default one last."""
    below: dict[int | None, list[Route]] = {}
    root: list[Route] = []
    for route in routes(actor):
        if route.is_default:
            root.append(route)
        else:
            below.setdefault(route.parent_id, []).append(route)
    found = _rows(below, None, 0)
    return found + [RouteRow(route, [], 0, True, True) for route in root]


def _rows(below: Mapping[int | None, list[Route]], parent: int | None, depth: int) -> list[RouteRow]:
    found: list[RouteRow] = []
    siblings = below.get(parent, [])
    for place, route in enumerate(siblings):
        matchers = [rules.written(matcher) for matcher in from_json(route.matchers)]
        found.append(RouteRow(route, matchers, depth, place == 0, place == len(siblings) - 1))
        found += _rows(below, route.pk, depth + 1)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the policy as it would go now."""

    kind: str
    label: str
    wait_minutes: int
    after: timedelta
    after_words: str
    people: tuple[Any, ...]
    problems: tuple[str, ...]
    skipped: bool
    words: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What one of the routes that take the labels would do."""

    route: rules.RouteSpec
    severity: str
    group: dict[str, str]
    service: str
    service_why: str
    then: str
    then_why: str
    pages: list[Step]


@dataclass(frozen=True, slots=True)
class Trial:
    """What would happen to an alert with some labels."""

    walked: list[rules.RouteMatch]
    outcomes: list[TrialOutcome]

    @property
    def unreached(self) -> int:
        return sum(1 for match in self.walked if not match.reached)


def try_labels(actor: Actor, labels: Mapping[str, str], now: datetime) -> Trial:
    """Which routes would take an alert with these labels, and (for who may see that) who would be paged now."""
    walked = rules.walk(active_specs(), labels)
    belongs = configuration.match([labels])[0]
    return Trial(walked, [_outcome(actor, match.route, labels, belongs, now) for match in walked if match.matched])


def _outcome(
    actor: Actor, route: rules.RouteSpec, labels: Mapping[str, str], belongs: configuration.Match, now: datetime
) -> TrialOutcome:
    own = route.service_id is not None
    service = configuration.service_by_id(route.service_id or belongs.service_id or 0)
    then, why = _then(route)
    pages = route.policy_id is not None and route.opens_incident and actor.can("oncall.view")
    return TrialOutcome(
        route=route,
        severity=rules.severity(route, labels.get("severity", "")),
        group=rules.labels_of(route, labels),
        service=service.name if service else "",
        service_why=_("the route says so") if own else belongs.why,
        then=then,
        then_why=why,
        pages=_pages(route.policy_id, now, rules.severity(route, labels.get("severity", ""))) if pages else [],
    )


def _then(route: rules.RouteSpec) -> tuple[str, str]:
    if not route.opens_incident:
        return _("It is recorded. No incident, nobody is paged."), _("the route only records")
    wait = duration_words(route.group_wait)
    why = _("unless an incident of this group is open already: then the alert joins it")
    if route.policy_id is None:
        then = (
            _("An incident opens after %(wait)s; nobody is paged.")
            if route.group_wait
            else _("An incident opens at once; nobody is paged.")
        )
        return then % {"wait": wait} if route.group_wait else then, why
    if route.group_wait:
        return _("An incident opens after %(wait)s, and people are paged:") % {"wait": wait}, why
    return _("An incident opens at once, and people are paged:"), why


def _pages(policy_id: int | None, now: datetime, severity: str) -> list[Step]:
    return [
        Step(
            step.kind, step.label, step.wait_minutes, step.after, duration_words(step.after), step.people,
            step.problems, step.skipped, step.words, step.note,
        )
        for step in oncall.who_would_be_paged(policy_id or 0, now, severity)
    ]  # fmt: skip


def decisions_on(actor: Actor, alert_id: int) -> QuerySet[Decision]:
    """The newest decisions on an alert, if the actor may see it and routes."""
    if not actor.can("routes.view") or not alerts.visible_ids(actor, [alert_id]):
        return Decision.objects.none()
    return Decision.objects.filter(alert_id=alert_id).select_related("route", "incident").order_by("-id")


def decisions_of_changes(actor: Actor, change_ids: Iterable[int]) -> QuerySet[Decision]:
    """What was decided on these changes of alerts that the actor sees, oldest first; for who may see routes."""
    if not actor.can("routes.view"):
        return Decision.objects.none()
    return (
        Decision.objects.filter(change_id__in=list(change_ids)).select_related("route", "incident").order_by("at", "id")
    )


def decisions_in(actor: Actor, incident_id: int) -> QuerySet[Decision]:
    """What was decided on alerts of an incident; for who may see routes."""
    if not actor.can("routes.view"):
        return Decision.objects.none()
    return Decision.objects.filter(incident_id=incident_id).select_related("route", "incident", "alert").order_by("id")


def notices_of(incident_ids: Iterable[int]) -> QuerySet[Notice]:
    """What groups told the responders of these incidents."""
    return Notice.objects.filter(incident_id__in=list(incident_ids)).order_by("at", "id")


def changes_of_incidents(change_ids: Iterable[int]) -> set[int]:
    """Which of these changes opened, joined or ended something in an incident."""
    found = Decision.objects.filter(change_id__in=change_ids, incident__isnull=False)
    return set(found.values_list("change_id", flat=True))


def alerts_waiting(alert_ids: Iterable[int]) -> set[int]:
    """Which of these alerts are in a group whose wait is not over."""
    found = GroupMember.objects.filter(alert_id__in=alert_ids, group__due_at__isnull=False)
    return set(found.values_list("alert_id", flat=True))


def notices_between(since: datetime, until: datetime, most: int) -> list[Notice]:
    """What groups told in that time, with their routes and policies."""
    found = Notice.objects.filter(at__gt=since, at__lte=until).select_related("group__route__policy")
    return list(found.order_by("at", "id")[:most])


def last_decisions(alert_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The newest decision on each of these alerts: its outcome, and the reason in the reader's language."""
    rows = Decision.objects.filter(alert_id__in=alert_ids).order_by("alert_id", "-id").distinct("alert_id")
    return {each.alert_id: (each.outcome, each.told) for each in rows}
