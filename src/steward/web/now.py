"""What the home page shows, gathered from the rooms: is anything wrong, who is on it, what happened lately."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.incidents import queries as incidents
from steward.response.oncall import queries as oncall
from steward.signals.alerts import queries as alerts

SHOWN_INCIDENTS = 12
SHOWN_SERVICES = 16
TONES = {"SEV1": "down", "SEV2": "down", "SEV3": "degraded", "SEV4": "degraded"}


@dataclass(frozen=True, slots=True)
class ServiceTile:
    """One service on the home page."""

    service: Any
    state: str
    text: str

    @property
    def rank(self) -> tuple[int, int, str]:
        order = {"down": 0, "degraded": 1, "unknown": 2}
        return order.get(self.state, 9), self.service.tier, self.service.name


@dataclass(frozen=True, slots=True)
class OnCallRow:
    schedule: Any
    name: str
    until: datetime | None
    state: str
    people: tuple[str, ...] = ()


def gather(actor: Actor, now: datetime) -> dict[str, Any]:
    """Everything the page needs; what the actor may not see is empty."""
    pulse = incidents.pulse(actor, now)
    firing_services = alerts.firing_services(actor)
    tiles = _tiles(actor, pulse.by_service, firing_services)
    unhealthy = [tile for tile in tiles if tile.state != "healthy"]
    on_call = _on_call(actor, now)
    firing = _firing(tiles, firing_services)
    return {
        "now": now,
        "pulse": {
            "open": pulse.open,
            "unassigned": pulse.unacknowledged,
            "unreached": pulse.unreached,
            "services": len(tiles),
            "unhealthy": len(unhealthy),
            "tier_one": sum(1 for tile in unhealthy if tile.service.tier == 1),
            "firing": sum(row["count"] for row in firing),
            "fired_24h": alerts.fired_since(actor, now - timedelta(hours=24)),
            "opened_24h": pulse.opened_24h,
            "resolved_24h": pulse.resolved_24h,
            "acknowledge_seconds": pulse.acknowledge_seconds,
            "gaps": sum(1 for row in on_call if row.state == "nobody"),
        },
        "incidents": list(incidents.active(actor)[:SHOWN_INCIDENTS]),
        "services": sorted(tiles, key=lambda tile: tile.rank)[:SHOWN_SERVICES],
        "on_call": on_call,
        "firing": firing[:8],
        "hours_chart": hours_chart(pulse.hours),
        "may_declare": actor.can("incidents.declare"),
    }


def _tiles(actor: Actor, worst: dict[int, tuple[str, int]], firing: dict[int | None, int]) -> list[ServiceTile]:
    return [
        _tile(service, worst.get(service.pk), firing.get(service.pk, 0)) for service in configuration.services(actor)
    ]


def _tile(service: Any, incident: tuple[str, int] | None, firing: int) -> ServiceTile:
    """Down or degraded by its worst open incident; alerts alone degrade it."""
    if incident is not None:
        severity, number = incident
        state = TONES.get(severity, "degraded")
        text = _("%(severity)s · %(n)s open") % {"severity": severity, "n": number}
        return ServiceTile(service, state, text)
    if firing:
        return ServiceTile(service, "degraded", _("%(n)s firing") % {"n": firing})
    return ServiceTile(service, "healthy", _("Healthy"))


def _on_call(actor: Actor, now: datetime) -> list[OnCallRow]:
    rows = []
    for line in oncall.board(actor, now) if actor.can("oncall.view") else ():
        people = [str(user) for user in line.people]
        name = ", ".join(people) or _("Nobody")
        rows.append(OnCallRow(line.schedule, name, line.until, "on-call" if people else "nobody", tuple(people)))
    return rows


def _firing(tiles: list[ServiceTile], firing: dict[int | None, int]) -> list[dict[str, Any]]:
    """Firing alerts by service, most first; those of no service, or of one the reader does not see, are one line."""
    names: dict[int | None, str] = {tile.service.pk: tile.service.name for tile in tiles}
    counts: Counter[int | None] = Counter()
    for service_id, number in firing.items():
        counts[service_id if service_id in names else None] += number
    most = max(counts.values(), default=1)
    return [
        {"id": key, "name": names.get(key) or _("no service"), "count": n, "percent": round(100 * n / most)}
        for key, n in counts.most_common()
    ]


def hours_chart(hours: list[tuple[datetime, int]]) -> dict[str, Any]:
    """Options of the bar chart of incidents opened an hour."""
    return {
        "grid": {"left": 28, "right": 8, "top": 10, "bottom": 22},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [f"{at:%H}" for at, _n in hours], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "minInterval": 1, "splitNumber": 2},
        "series": [{"type": "bar", "data": [n for _at, n in hours], "barMaxWidth": 10}],
    }
