"""Reads of the estate, and matching alerts to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from steward.estate.configuration.models import (
    ConfigurationItem,
    ItemQuerySet,
    Service,
    ServiceQuerySet,
)
from steward.foundation.actors import Actor
from steward.foundation.caching import Remembered
from steward.foundation.errors import NotFound

CACHE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Match:
    """What an alert belongs to, and why."""

    service_id: int | None
    item_id: int | None
    why: str


@dataclass(frozen=True, slots=True)
class _Rule:
    key: int
    name: str
    labels: tuple[tuple[str, str], ...]
    service_id: int | None


@dataclass(frozen=True, slots=True)
class _Index:
    """Rules by one of their labels, so that an alert is held against the few that can match at all."""

    services: Mapping[tuple[str, str], list[_Rule]]
    items: Mapping[tuple[str, str], list[_Rule]]


def match(labels_list: Sequence[Mapping[str, str]]) -> list[Match]:
    """For each label set, the item and the service whose labels it contains; the most labels win, then the first made.

    The rules are read at most once in 5 s a process, so a change of the estate counts for alerts a little later.
    """
    index = _remembered()
    return [_match_one(index, labels) for labels in labels_list]


def _match_one(index: _Index, labels: Mapping[str, str]) -> Match:
    item = _best(index.items, labels)
    service = _best(index.services, labels)
    if service is not None:
        why = _("labels contain those of service %(name)s: %(labels)s")
        return Match(service.key, item.key if item else None, why % {"name": service.name, "labels": _shown(service)})
    if item is not None:
        why = _("labels contain those of item %(name)s: %(labels)s")
        return Match(item.service_id, item.key, why % {"name": item.name, "labels": _shown(item)})
    return Match(None, None, _("no service's or item's labels are all among the alert's"))


def _best(rules: Mapping[tuple[str, str], list[_Rule]], labels: Mapping[str, str]) -> _Rule | None:
    found = [
        rule
        for pair in labels.items()
        for rule in rules.get(pair, ())
        if all(labels.get(name) == value for name, value in rule.labels)
    ]
    return min(found, key=lambda rule: (-len(rule.labels), rule.key), default=None)


def _shown(rule: _Rule) -> str:
    return ", ".join(f"{name}={value}" for name, value in rule.labels)


def _index() -> _Index:
    services = Service.objects.exclude(match_labels={}).values_list("pk", "name", "match_labels")
    items = ConfigurationItem.objects.exclude(labels={}).values_list("pk", "name", "labels", "service_id")
    return _Index(
        _by_label([_Rule(pk, name, _pairs(labels), pk) for pk, name, labels in services]),
        _by_label([_Rule(pk, name, _pairs(labels), service) for pk, name, labels, service in items]),
    )


_remembered = Remembered(_index, CACHE_SECONDS)


def forget() -> None:
    """Drop the cached rules (after a change in this process, and in tests)."""
    _remembered.forget()


def _pairs(labels: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in labels.items()))


def _by_label(rules: Sequence[_Rule]) -> dict[tuple[str, str], list[_Rule]]:
    # The last label of the sorted set is one of them; each rule stands once, so no rule is looked at twice.
    found: dict[tuple[str, str], list[_Rule]] = {}
    for rule in rules:
        found.setdefault(rule.labels[-1], []).append(rule)
    return found


def services(actor: Actor) -> ServiceQuerySet:
    return Service.objects.visible_to(actor)


def items(actor: Actor) -> ItemQuerySet:
    return ConfigurationItem.objects.visible_to(actor)


def service_by_slug(actor: Actor, slug: str) -> Service:
    """One service with its team and supplier; NotFound if the actor may not see it."""
    found = services(actor).select_related("owner_team", "supplier").filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no such service, or it is not yours to see."))
    return found


def service_by_id(service_id: int) -> Service | None:
    """For lower-level use by other rooms' actions: no visibility is checked."""
    return Service.objects.filter(pk=service_id).first()
