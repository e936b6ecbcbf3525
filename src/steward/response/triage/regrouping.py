"""What people merge and split stays so: groups and pinned alerts point to where their incident went.

Order of locks: alerts, groups, incidents. A split and the undoing of a merge therefore take their groups before the
incidents are locked. A merge cannot know them all before; it takes those that nobody holds, and whoever holds another
one finds on the incident's row, which it has to lock, where that went (`routing.follow`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from steward.response.incidents import actions as incidents
from steward.response.incidents import queries as incident_queries
from steward.response.incidents.events import (
    GroupsAsked,
    IncidentsMerged,
    IncidentSplit,
    MergeUndoing,
    MergeUndone,
    SplitPlanned,
)
from steward.response.triage.models import AlertGroup, GroupMember, Hold, Route, Storm
from steward.response.triage.opening import TRIAGE
from steward.response.triage.routing import hold
from steward.signals.alerts import actions as alerts

# What keeps an alert from paging for as long as something else lasts; a flapping one has told its people already.
QUIETING = ("maintenance", "silence", "inhibition")
MOST_GROUPS = 100


def merged(event: IncidentsMerged) -> None:
    """New alerts of the merged incident's groups join the other from now on."""
    left, into = event.incident_id, event.into_id
    groups = (
        AlertGroup.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(incident=left)
        .order_by("route_id", "key")
    )
    event.carried["groups"] = [group.pk for group in groups]
    storms = Storm.objects.select_for_update(no_key=True, skip_locked=True).filter(incident=left).order_by("route_id")
    event.carried["storms"] = [storm.pk for storm in storms]
    pins = GroupMember.objects.select_for_update(no_key=True, skip_locked=True).filter(incident=left).order_by("pk")
    event.carried["pins"] = [pin.pk for pin in pins]
    AlertGroup.objects.filter(pk__in=event.carried["groups"]).update(incident=into)
    Storm.objects.filter(pk__in=event.carried["storms"]).update(incident=into)
    members = GroupMember.objects.filter(pk__in=event.carried["pins"])
    members.filter(group__incident=into).update(incident=None)
    members.filter(incident=left).update(incident=into)
    settle_quiet([into], event.now)


def merge_undoing(event: MergeUndoing) -> None:
    """Hold the groups that came along, and name the alerts that have come to them meanwhile."""
    mine = AlertGroup.objects.filter(pk__in=event.carried.get("groups", ()), incident=event.into_id)
    members = GroupMember.objects.filter(group__in=[group.pk for group in hold(mine)], incident=None)
    event.alerts.update(members.values_list("alert_id", flat=True))
    pins = GroupMember.objects.filter(pk__in=event.carried.get("pins", ()), incident=event.into_id)
    event.alerts.update(pins.values_list("alert_id", flat=True))


def merge_undone(event: MergeUndone) -> None:
    """The groups and pins that came along go back."""
    left, into = event.incident_id, event.into_id
    back = list(
        AlertGroup.objects.filter(pk__in=event.carried.get("groups", ()), incident=into).values_list("pk", flat=True)
    )
    AlertGroup.objects.filter(pk__in=back).update(incident=left)
    pins = GroupMember.objects.filter(pk__in=event.carried.get("pins", ()))
    pins.filter(Q(incident=into) | Q(incident=None, group__incident=into)).update(incident=left)
    Storm.objects.filter(pk__in=event.carried.get("storms", ()), incident=into).update(incident=left)
    settle_quiet([left, into], event.now)


def split_planned(event: SplitPlanned) -> None:
    """Hold the alerts and their groups, and name the alerts of the whole groups."""
    theirs = AlertGroup.objects.filter(pk__in=event.groups, incident=event.incident_id)
    wanted = event.alerts | _members(theirs.values_list("pk", flat=True))
    alerts.lock_alerts(wanted)
    found = hold(AlertGroup.objects.filter(pk__in=GroupMember.objects.filter(alert_id__in=wanted).values("group")))
    whole = {group.pk for group in found if group.pk in event.groups and group.incident_id == event.incident_id}
    event.groups.intersection_update(whole)
    # Again, under the lock: nobody can join any more.
    event.alerts.update(_members(whole))
    routes = {group.route_id for group in found}
    event.stays_open = Route.objects.filter(pk__in=routes, auto_resolve=False).exists()


def split(event: IncidentSplit) -> None:
    """Whole groups lead to the new incident; single alerts are pinned to it, and their group stays where it was."""
    AlertGroup.objects.filter(pk__in=event.groups, incident=event.incident_id).update(incident=event.new_id)
    GroupMember.objects.filter(group__in=event.groups, incident=event.incident_id).update(incident=None)
    here = Q(incident=event.incident_id) | Q(incident=None, group__incident=event.incident_id)
    single = GroupMember.objects.filter(here, alert_id__in=event.alerts)
    GroupMember.objects.filter(pk__in=list(single.values_list("pk", flat=True))).update(incident=event.new_id)
    settle_quiet([event.incident_id, event.new_id], event.now)


def groups_asked(event: GroupsAsked) -> None:
    """The groups that the incident consists of, with their alerts: what can be split off as a whole."""
    found = AlertGroup.objects.filter(incident=event.incident_id).select_related("route").order_by("pk")
    groups = {group.pk: group for group in found[:MOST_GROUPS]}
    members: dict[int, list[int]] = {}
    rows = GroupMember.objects.filter(group__in=groups, incident=None).order_by("pk")
    for group_id, alert_id in rows.values_list("group_id", "alert_id"):
        members.setdefault(group_id, []).append(alert_id)
    for key, group in groups.items():
        labels = ", ".join(f"{name}={value}" for name, value in sorted(group.labels.items()))
        label = f"{group.route.name} · {labels}" if labels else group.route.name
        event.found.append({"id": key, "label": label, "alerts": members.get(key, [])})


def settle_quiet(incident_ids: Iterable[int], now: datetime) -> None:
    """Incidents whose alerts changed sides are quiet if all that fires in them is held, and speak if not."""
    members = incident_queries.firing_in(incident_ids)
    every = {alert for alerts_of in members.values() for alert in alerts_of}
    rows = Hold.objects.filter(alert_id__in=every, route=None, kind__in=QUIETING)
    held = set(rows.values_list("alert_id", flat=True))
    for incident_id, alerts_of in sorted(members.items()):
        if held.issuperset(alerts_of):
            incidents.quiet(actor=TRIAGE, now=now, incident_id=incident_id)
        else:
            incidents.unquiet(actor=TRIAGE, now=now, incident_id=incident_id)


def _members(group_ids: Iterable[int]) -> set[int]:
    rows = GroupMember.objects.filter(group__in=list(group_ids), incident=None)
    return set(rows.values_list("alert_id", flat=True))
