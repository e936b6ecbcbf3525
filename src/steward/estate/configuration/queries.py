"""Reads of the estate, and matching alerts to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from steward.estate.configuration.models import (
    ConfigurationItem,
    ItemQuerySet,
    Relation,
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


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of the service and the item that labels belong to, as it was when this was made; asks no database.
    ``stamp`` is another one when anything of it changed."""

    stamp: str
    _index: _Index
    _facts: Mapping[int, Mapping[str, str]]
    _items: Mapping[int, Mapping[str, str]]

    def of(self, labels: Mapping[str, str]) -> Mapping[str, str] | None:
        """The service's name, slug, tier and owner team's name, and the item's name, type and environment, as far as
        the labels belong to any; None if they belong to neither."""
        item = _best(self._index.items, labels)
        found = _best(self._index.services, labels) or item
        service = self._facts.get(found.service_id) if found is not None and found.service_id is not None else None
        of_item = self._items.get(item.key) if item is not None else None
        return {**(service or {}), **(of_item or {})} if service or of_item else None


def service_facts() -> ServiceFacts:
    """Services and how labels belong to them, for who asks for every alert."""
    rows = Service.objects.order_by("pk").values_list("pk", "name", "slug", "tier", "owner_team__name")
    facts = {
        pk: {"name": name, "slug": slug, "tier": str(tier), "owner_team": team or ""}
        for pk, name, slug, tier, team in rows
    }
    found = ConfigurationItem.objects.exclude(labels={}).order_by("pk").values_list("pk", "name", "type", "environment")
    items = {pk: {"item": name, "item_type": kind, "environment": where} for pk, name, kind, where in found}
    index = _remembered()
    rules = [sorted((pair, [rule.key for rule in found]) for pair, found in each.items())
             for each in (index.services, index.items)]  # fmt: skip
    mark = blake2b(repr((facts, items, rules)).encode(), digest_size=8).hexdigest()
    return ServiceFacts(mark, index, facts, items)


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
    _needs.forget()


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


def item_by_id(actor: Actor, item_id: int) -> ConfigurationItem:
    """One item with its service; NotFound if the actor may not see it."""
    found = items(actor).select_related("service").filter(pk=item_id).first()
    if found is None:
        raise NotFound(_("There is no such item, or it is not yours to see."))
    return found


def visible_service(actor: Actor, service_id: int) -> Service:
    """One service by its key; NotFound if the actor may not see it."""
    found = services(actor).filter(pk=service_id).first()
    if found is None:
        raise NotFound(_("There is no such service, or it is not yours to see."))
    return found


def relations(
    actor: Actor, *, service_id: int | None = None, item_id: int | None = None
) -> tuple[list[Relation], list[Relation]]:
    """What a service or an item depends on or runs on, and what depends on or runs on it (outgoing, incoming)."""
    ends = ("source_service", "source_item", "target_service", "target_item")
    found = Relation.objects.visible_to(actor).select_related(*ends).order_by("kind", "id")
    if service_id is not None:
        return list(found.filter(source_service_id=service_id)), list(found.filter(target_service_id=service_id))
    return list(found.filter(source_item_id=item_id)), list(found.filter(target_item_id=item_id))


def with_labels(found: ItemQuerySet, labels: Mapping[str, str]) -> ItemQuerySet:
    """The items that carry all these labels."""
    return found.filter(labels__contains=dict(labels)) if labels else found


def item_counts(actor: Actor, service_ids: Iterable[int]) -> dict[int, int]:
    """How many items each of these services has; one without any is left out."""
    rows = items(actor).filter(service_id__in=list(service_ids)).order_by()
    return dict(rows.values_list("service_id").annotate(number=Count("pk")))


@dataclass(frozen=True, slots=True)
class End:
    """A service or an item as the other end of a relation, and how it is written in the form."""

    text: str
    service_id: int | None = None
    item_id: int | None = None


def ends(actor: Actor, text: str, limit: int = 10) -> list[End]:
    """Services and items whose name holds the text, services first."""
    found = [End(each.name, each.pk) for each in services(actor).filter(name__icontains=text)[:limit]]
    named = items(actor).filter(name__icontains=_plain(text))[:limit]
    return found + [End(_item_text(each), item_id=each.pk) for each in named]


def ends_called(actor: Actor, text: str) -> list[End]:
    """The service of this name or short name; else the items written so or, if none is, the items of this name."""
    service = services(actor).filter(Q(name__iexact=text) | Q(slug__iexact=text)).first()
    if service is not None:
        return [End(service.name, service.pk)]
    named = items(actor).filter(Q(name__iexact=text) | Q(name__iexact=_plain(text)))[:50]
    found = [(each.name, End(_item_text(each), item_id=each.pk)) for each in named]
    exact = [end for _name, end in found if end.text.lower() == text.lower()]
    return exact or [end for name, end in found if name.lower() == text.lower()]


def _item_text(item: ConfigurationItem) -> str:
    """Name, type and environment: what makes an item one of its kind."""
    return f"{item.name} ({', '.join(part for part in (item.type, item.environment) if part)})"


def _plain(text: str) -> str:
    """The name in what ``_item_text`` wrote; other text as it is."""
    return text.rpartition(" (")[0] or text


GraphNode = tuple[Literal["service", "item"], int]


def dependency_graph() -> tuple[dict[int, list[int]], dict[GraphNode, list[tuple[GraphNode, str]]]]:
    """The items of each service, and for each end of a relation who depends on it or runs on it, and which of the two.

    For rooms that walk the estate themselves: no visibility is checked, what comes of it must be shown with care.
    """
    parts: dict[int, list[int]] = {}
    for service, item in ConfigurationItem.objects.filter(service__isnull=False).values_list("service_id", "pk"):
        parts.setdefault(service, []).append(item)
    dependants: dict[GraphNode, list[tuple[GraphNode, str]]] = {}
    columns = ("source_service_id", "source_item_id", "target_service_id", "target_item_id", "kind")
    for from_service, from_item, to_service, to_item, kind in Relation.objects.order_by("pk").values_list(*columns):
        dependants.setdefault(_node(to_service, to_item), []).append((_node(from_service, from_item), kind))
    return parts, dependants


def _node(service_id: int | None, item_id: int | None) -> GraphNode:
    return ("service", service_id) if service_id is not None else ("item", item_id or 0)


def item_types(actor: Actor) -> list[str]:
    """The types in use, for filters."""
    return list(items(actor).order_by("type").values_list("type", flat=True).distinct())


def environments(actor: Actor) -> list[str]:
    """The environments in use, for filters."""
    found = items(actor).exclude(environment="").order_by("environment")
    return list(found.values_list("environment", flat=True).distinct())


def upstream(service_ids: Iterable[int]) -> dict[int, dict[int, tuple[str, ...]]]:
    """For each service, the other services that it depends on or runs on, directly or through others and their items,
    each with the shortest path of names to it. Read at most once in 5 s a process; cycles end."""
    graph = _needs()
    return {key: _reached(graph, key) for key in service_ids}


@dataclass(frozen=True, slots=True)
class _Needs:
    """What each service or item needs; the names of both; the service of each item."""

    edges: Mapping[tuple[str, int], list[tuple[str, int]]]
    names: Mapping[tuple[str, int], str]
    owner: Mapping[int, int]


def _reached(graph: _Needs, service_id: int) -> dict[int, tuple[str, ...]]:
    start = ("service", service_id)
    paths: dict[tuple[str, int], tuple[str, ...]] = {start: (graph.names.get(start, ""),)}
    waiting = deque([start])
    found: dict[int, tuple[str, ...]] = {}
    while waiting:
        node = waiting.popleft()
        for other in graph.edges.get(node, ()):
            if other in paths:
                continue
            paths[other] = (*paths[node], graph.names.get(other, ""))
            waiting.append(other)
            owner = other[1] if other[0] == "service" else graph.owner.get(other[1])
            if owner is not None and owner != service_id and owner not in found:
                found[owner] = paths[other]
    return found


def _read_needs() -> _Needs:
    edges: dict[tuple[str, int], list[tuple[str, int]]] = {}
    owner: dict[int, int] = {}
    names: dict[tuple[str, int], str] = {}
    for key, name in Service.objects.values_list("pk", "name"):
        names["service", key] = name
    for key, name, service in ConfigurationItem.objects.values_list("pk", "name", "service_id"):
        names["item", key] = name
        if service is not None:
            owner[key] = service
            edges.setdefault(("service", service), []).append(("item", key))
    rows = Relation.objects.order_by("pk").values_list("source_service", "source_item", "target_service", "target_item")
    for source_service, source_item, target_service, target_item in rows:
        source = ("service", source_service) if source_service else ("item", source_item or 0)
        target = ("service", target_service) if target_service else ("item", target_item or 0)
        edges.setdefault(source, []).append(target)
    return _Needs(edges, names, owner)


_needs = Remembered(_read_needs, CACHE_SECONDS)
