"""Search across the rooms: a few hits of each kind, each kind asked only if the actor may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.incidents import queries as incidents
from steward.signals.alerts import queries as alerts

HITS = 8


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class HitGroup:
    kind: str
    label: str
    icon: str
    hits: list[Hit]


def search(actor: Actor, text: str) -> list[HitGroup]:
    """Groups with at least one hit, incidents first."""
    text = text.strip()[:200].replace("\0", "")
    if not text:
        return []
    groups = [
        HitGroup("incident", _("Incidents"), "urgent", list(_incidents(actor, text))),
        HitGroup("service", _("Services"), "sitemap", list(_services(actor, text))),
        HitGroup("item", _("Items"), "server", list(_items(actor, text))),
        HitGroup("alert", _("Alerts"), "bell", list(_alerts(actor, text))),
        HitGroup("person", _("People"), "users", list(_people(actor, text))),
    ]
    return [group for group in groups if group.hits]


def _incidents(actor: Actor, text: str) -> Iterator[Hit]:
    for incident in incidents.search(actor, text)[:HITS]:
        detail = f"{incident.ref} · {incident.severity} · {incident.get_status_display()}"
        yield Hit(incident.title, detail, reverse("incidents:detail", args=[incident.number]))


def _services(actor: Actor, text: str) -> Iterator[Hit]:
    for service in configuration.services(actor).filter(name__icontains=text)[:HITS]:
        detail = _("tier %(tier)s") % {"tier": service.tier}
        yield Hit(service.name, detail, reverse("configuration:service", args=[service.slug]))


def _items(actor: Actor, text: str) -> Iterator[Hit]:
    for item in configuration.items(actor).filter(name__icontains=text)[:HITS]:
        yield Hit(item.name, f"{item.type} {item.environment}", reverse("configuration:item", args=[item.pk]))


def _alerts(actor: Actor, text: str) -> Iterator[Hit]:
    # By the beginning of the name: an index serves it at a million alerts.
    found: Any = alerts.named(alerts.alerts(actor), text).order_by("-changed_at", "-id")[:HITS]
    for alert in found:
        yield Hit(
            alert.name, f"{alert.get_status_display()} · {alert.source.name}", reverse("alerts:detail", args=[alert.pk])
        )


def _people(actor: Actor, text: str) -> Iterator[Hit]:
    for user in accounts.users(actor).filter(name__icontains=text)[:HITS]:
        yield Hit(user.name, user.get_role_display(), reverse("accounts:person", args=[user.pk]))
