"""Reads of silences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from steward.algorithms.matching import Matcher, format_matchers, from_json, matches_all
from steward.foundation.actors import Actor
from steward.response.incidents import queries as incidents
from steward.response.suppression.errors import SilenceNotFound
from steward.response.suppression.models import Silence, SilenceQuerySet, SourceGrant
from steward.response.suppression.queries.standing import standing
from steward.response.suppression.rules import SilenceSpec
from steward.signals.alerts import queries as alerts

SHOWN = 50
# A preview looks at so many of the alerts that fire; more than that fire in a storm, when seconds count.
MOST_LOOKED_AT = 20_000


def silences(actor: Actor) -> SilenceQuerySet:
    """What this actor may see."""
    return Silence.objects.visible_to(actor).select_related("source", "created_by")  # type: ignore[return-value]


def silence_by_id(actor: Actor, silence_id: int) -> Silence:
    """One silence; SilenceNotFound if the actor may not see it."""
    found: Silence | None = silences(actor).select_related("replaced_by").filter(pk=silence_id).first()
    if found is None:
        raise SilenceNotFound(_("There is no such silence, or you may not see it."))
    return found


def silence_by_uuid(uuid: UUID) -> Silence | None:
    """By the id that Alertmanager's API uses; no visibility is checked."""
    return Silence.objects.filter(uuid=uuid).first()


def silences_of_source(source_id: int) -> QuerySet[Silence]:
    """What was made with the source's key, the newest first."""
    return Silence.objects.filter(source_id=source_id).order_by("-id")


def uuids_of(silence_ids: Iterable[int]) -> dict[int, UUID]:
    """The ids of Alertmanager's API by key."""
    wanted = list(silence_ids)
    return dict(Silence.objects.filter(pk__in=wanted).values_list("pk", "uuid")) if wanted else {}


def source_may_silence(source_id: int) -> bool:
    """Whether this source's key may manage silences."""
    return SourceGrant.objects.filter(source_id=source_id).exists()


def grant_of(source_id: int) -> SourceGrant | None:
    """Since when and by whom it is allowed."""
    return SourceGrant.objects.filter(source_id=source_id).first()


def matchers_text(silence: Silence) -> str:
    """Its matchers in Alertmanager's syntax, without the braces."""
    return format_matchers(silence.parsed)[1:-1]


@dataclass(frozen=True, slots=True)
class Held:
    """Which of the alerts that fire something holds (or would): how many, the first of them, and the open incidents
    that they are in. ``cut``: more fire than were looked at."""

    count: int
    alerts: Sequence[Any]
    incidents: Sequence[Any]
    cut: bool = False


def would_hold(actor: Actor, matchers: Sequence[Matcher], *, source_id: int | None = None) -> Held:
    """The alerts that fire now and satisfy the matchers, of those that the actor may see."""
    found = alerts.alerts(actor).firing().order_by("-changed_at", "-id")
    same = {each.name: each.value for each in matchers if each.op == "=" and each.value}
    if same:
        found = found.filter(labels__contains=same)
    if source_id is not None:
        found = found.filter(source_id=source_id)
    rows = list(found.values_list("pk", "labels")[: MOST_LOOKED_AT + 1])
    keys = [pk for pk, labels in rows[:MOST_LOOKED_AT] if matches_all(matchers, labels)]
    return held(actor, keys, cut=len(rows) > MOST_LOOKED_AT)


def held(actor: Actor, alert_ids: Sequence[int], *, cut: bool = False) -> Held:
    """These alerts and their open incidents, for a page."""
    rows = alerts.alerts(actor).in_bulk(list(alert_ids[:SHOWN]))
    shown = [rows[key] for key in alert_ids[:SHOWN] if key in rows]
    concerned = (
        incidents.incidents(actor).active().filter(memberships__alert_id__in=list(alert_ids), memberships__firing=True)
        .distinct().order_by("-opened_at")[:SHOWN]
    )  # fmt: skip
    return Held(len(alert_ids), shown, list(concerned) if alert_ids else [], cut)


@dataclass(frozen=True, slots=True)
class Version:
    """A silence or window as it was from ``at`` on."""

    at: datetime
    version: int
    row: Any
    matchers: str


def versions_of(row: Any) -> list[Version]:
    """Its history, newest first."""
    events = row.events.order_by("-pgh_id")[:SHOWN]
    return [
        Version(each.updated_at, each.version, each, format_matchers(from_json(each.matchers))[1:-1]) for each in events
    ]


def authors(actor: Actor) -> list[tuple[int, str]]:
    """The people who made silences that the actor may see, for a filter."""
    rows = Silence.objects.visible_to(actor).filter(created_by__isnull=False).order_by("created_by__name")
    found = rows.values_list("created_by_id", "created_by__name", "created_by__username").distinct()
    return [(key, name or username) for key, name, username in found]


def holding_alerts(actor: Actor, found: Iterable[Any], now: datetime) -> list[Silence]:
    """The silences that hold any of these alerts just now."""
    now_standing = standing(now)
    keys = {
        each.spec.id
        for alert in found
        for each in now_standing.holding(alert.labels, alert.service_id, alert.item_id, alert.source_id)
        if isinstance(each.spec, SilenceSpec)
    }
    return list(silences(actor).filter(pk__in=keys).order_by("pk")) if keys else []
