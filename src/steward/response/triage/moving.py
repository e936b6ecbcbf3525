"""Alerts that belong to another group than before: their labels changed while they fire, or the routes did.

An alert fires in the groups that its labels lead to and in no others. What else it still fires in is left with the
change that shows it: there it counts as resolved, under the same locks and in the same order as everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from steward.response.triage import queries, rules
from steward.response.triage.models import GroupMember, Route
from steward.signals.alerts.events import ChangedAlert

Place = tuple[int, str]
LEFT = "left"
# For who reads the stored data; pages say it in the reader's language.
TEXT = "its labels or the routes changed: it belongs to another group now"


@dataclass(slots=True)
class Leaving:
    """A group that alerts leave: ``changes`` are theirs, as the group has to see them."""

    route: rules.RouteSpec
    key: str
    labels: dict[str, str]
    changes: list[ChangedAlert] = field(default_factory=list)


def leaving(changes: Sequence[ChangedAlert], belongs: Callable[[ChangedAlert], set[Place]]) -> dict[Place, Leaving]:
    """The groups, by route and key, in which alerts of these changes still fire though they do not belong there any
    more; ``belongs`` says where a change does. The alerts are locked by the caller."""
    newest = {change.alert_id: change for change in changes if change.reason.get("code") != "new"}
    rows = _firing(newest)
    if not rows:
        return {}
    right = {alert_id: belongs(newest[alert_id]) for alert_id in {row[0] for row in rows}}
    wrong = [row for row in rows if (row[1], row[2]) not in right[row[0]]]
    specs = {route.pk: queries.spec(route) for route in Route.objects.filter(pk__in={row[1] for row in wrong})}
    found: dict[Place, Leaving] = {}
    for alert_id, route_id, key, labels in wrong:
        place = found.setdefault((route_id, key), Leaving(specs[route_id], key, labels))
        place.changes.append(_as_left(newest[alert_id]))
    return found


def has_left(change: ChangedAlert) -> bool:
    """Whether this is how a group sees a change of an alert that leaves it."""
    return change.reason.get("code") == LEFT


def _firing(alerts: dict[int, ChangedAlert]) -> list[tuple[int, int, str, dict[str, str]]]:
    if not alerts:
        return []
    members = GroupMember.objects.filter(alert_id__among=alerts, firing=True)
    return list(members.values_list("alert_id", "group__route_id", "group__key", "group__labels"))


def _as_left(change: ChangedAlert) -> ChangedAlert:
    if change.status != "firing":
        return change
    return replace(change, status="resolved", reason={"code": LEFT, "text": TEXT})
