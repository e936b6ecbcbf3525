"""PagerDuty: answers of its REST API v2 (``/users``, ``/teams``, ``/schedules/{id}``, ``/escalation_policies``).

Format: https://developer.pagerduty.com/api-reference/ (objects User, Team, Schedule, EscalationPolicy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.algorithms.calendars import ZoneError, get_zone
from steward.algorithms.rotation import Unit, Window
from steward.response.moving.comparing import Difference, differences
from steward.response.moving.foreign import (
    Act,
    Document,
    Entry,
    Foreign,
    Ladder,
    Person,
    Rota,
    StandIn,
    Team,
    Turns,
    clock,
    moment,
    rows,
    week_windows,
)

LABEL = "PagerDuty"
_UNITS: tuple[tuple[Unit, int], ...] = (("week", 604_800), ("day", 86_400), ("hour", 3_600))


def read(document: Document) -> Foreign:
    """What the export says."""
    found = Foreign()
    memberships: dict[str, list[str]] = {}
    for user in rows(document, "users"):
        found.people.append(
            Person(
                str(user["id"]), str(user.get("name", "")), str(user.get("email", "")), str(user.get("time_zone", ""))
            )
        )
        for team in user.get("teams") or ():
            memberships.setdefault(str(team["id"]), []).append(str(user["id"]))
    for team in rows(document, "teams"):
        key = str(team["id"])
        found.teams.append(Team(key, str(team.get("name") or team.get("summary", "")), tuple(memberships.get(key, ()))))
    for schedule in rows(document, "schedules"):
        _rota(schedule, found)
    for policy in rows(document, "escalation_policies"):
        _ladder(policy, found)
    for service in rows(document, "services"):
        found.cannot(
            "service", str(service.get("name", "")), _("Services are kept in the estate; give routes its policy.")
        )
    return found


def _rota(schedule: Mapping[str, Any], found: Foreign) -> None:
    name, zone = str(schedule.get("name", "")), str(schedule.get("time_zone", "UTC"))
    try:
        get_zone(zone)
    except ZoneError as error:
        found.cannot("schedule", name, str(error))
        return
    given = [_layer(layer, zone, name, found) for layer in schedule.get("schedule_layers") or ()]
    entries = _entries(schedule, "final_schedule")
    layers = _by_priority([layer for layer in given if layer is not None], zone, entries)
    if not given:
        found.cannot("schedule", name, _("The export has no layers of it: fetch each schedule, not the list."))
    found.rotas.append(
        Rota(
            str(schedule["id"]), name, zone, layers, _team(schedule, "schedule", name, found),
            tuple(_stand_in(entry) for entry in _entries(schedule, "overrides_subschedule")),
            tuple(entries),
        )
    )  # fmt: skip


def _by_priority(layers: Sequence[Turns], zone: str, entries: Sequence[Entry]) -> tuple[Turns, ...]:
    """The layers, the lowest first. The API answers the one that wins first; exports were seen the other way round too, so
    what PagerDuty itself rendered decides."""
    ways = [tuple(replace(each, priority=place) for place, each in enumerate(way)) for way in (layers[::-1], layers)]
    if not entries:
        return ways[0]
    return min(ways, key=lambda way: sum((each.end - each.start).total_seconds() for each in wrong(way, zone, entries)))


def wrong(layers: Sequence[Turns], zone: str, entries: Sequence[Entry]) -> list[Difference]:
    """Where these layers name others than PagerDuty's own rendering."""
    start, end = min(each.start for each in entries), max(each.end for each in entries)
    ours = rotation.resolve([each.layer(zone) for each in layers], [], start, end)
    return differences(
        [(each.start, each.end, each.person) for each in entries],
        [(shift.start, shift.end, str(shift.member)) for shift in ours], start, end,
    )  # fmt: skip


def _layer(layer: Mapping[str, Any], zone: str, schedule: str, found: Foreign) -> Turns | None:
    name, label = str(layer.get("name", "")), f"{schedule} / {layer.get('name', '')}"
    seconds = int(layer.get("rotation_turn_length_seconds") or 0)
    unit = next(((unit, seconds // size) for unit, size in _UNITS if seconds and seconds % size == 0), None)
    start = moment(layer.get("rotation_virtual_start")) or moment(layer.get("start"))
    if unit is None or start is None:
        found.cannot(
            "layer",
            label,
            _("A turn of %(n)s seconds is no whole number of hours, or it has no start.") % {"n": seconds},
        )
        return None
    local = start.astimezone(ZoneInfo(zone))
    people = [str(each["user"]["id"]) for each in layer.get("users") or ()]
    return Turns(
        name=name, start=local.date(), turns=tuple((key,) for key in people), unit=unit[0], length=unit[1],
        handover_weekday=local.weekday(), handover_time=local.time(),
        windows=_windows(layer.get("restrictions") or ()), begins_at=moment(layer.get("start")),
        ends_at=moment(layer.get("end")),
    )  # fmt: skip


def _windows(restrictions: Any) -> tuple[Window, ...]:
    found: list[Window] = []
    for each in restrictions:
        hours, minutes, seconds = (int(part) for part in str(each["start_time_of_day"]).split(":"))
        start, duration = hours * 3600 + minutes * 60 + seconds, int(each["duration_seconds"])
        if each.get("type") == "weekly_restriction":
            found += week_windows(int(each["start_day_of_week"]) - 1, start, duration)
        elif duration < 86_400:
            found.append(Window(start=clock(start), end=clock(start + duration)))
    return tuple(found)


def _entries(schedule: Mapping[str, Any], name: str) -> list[Entry]:
    part = schedule.get(name) or {}
    found = []
    for each in part.get("rendered_schedule_entries") or ():
        start, end = moment(each.get("start")), moment(each.get("end"))
        user = each.get("user") or {}
        if start and end and user.get("id"):
            found.append(Entry(start, end, str(user["id"])))
    return found


def _stand_in(entry: Entry) -> StandIn:
    return StandIn(entry.person, entry.start, entry.end)


def _ladder(policy: Mapping[str, Any], found: Foreign) -> None:
    name = str(policy.get("name", ""))
    acts: list[Act] = []
    for rule in policy.get("escalation_rules") or ():
        acts += _acts(rule, name, found)
        acts.append(Act("wait", minutes=max(1, int(rule.get("escalation_delay_in_minutes") or 30))))
    team = _team(policy, "policy", name, found)
    found.ladders.append(Ladder(str(policy["id"]), name, tuple(acts), int(policy.get("num_loops") or 0), team))


def _acts(rule: Mapping[str, Any], policy: str, found: Foreign) -> list[Act]:
    """Whom a rule notifies: all of its targets, or one of them each time."""
    known: list[tuple[str, str]] = []
    for target in rule.get("targets") or ():
        kind = str(target.get("type", "")).removesuffix("_reference")
        if kind in {"user", "schedule"}:
            known.append((kind, str(target["id"])))
        else:
            found.cannot("step", policy, _("A target of the type “%(kind)s” is not known.") % {"kind": kind})
    strategy = rule.get("escalation_rule_assignment_strategy")
    if (strategy.get("type") if isinstance(strategy, Mapping) else strategy) == "round_robin" and len(known) > 1:
        if all(kind == "user" for kind, _ref in known):
            return [Act("turn_people", people=tuple(dict.fromkeys(ref for _kind, ref in known)))]
        found.cannot("step", policy, _("Only people take turns here, not schedules; that step notifies all of them."))
    return [Act(f"notify_{kind}", ref) for kind, ref in known]


def _team(given: Mapping[str, Any], kind: str, name: str, found: Foreign) -> str:
    """The first team; there may be several there."""
    teams = given.get("teams") or ()
    if others := ", ".join(str(each.get("summary") or each["id"]) for each in teams[1:]):
        found.cannot(kind, name, _("It has one team here, so it does not belong to %(others)s.") % {"others": others})
    return str(teams[0]["id"]) if teams else ""
