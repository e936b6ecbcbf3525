"""Opsgenie: answers of its REST API (``/v2/users``, ``/v2/teams``, ``/v2/schedules?expand=rotation``,
``/v2/escalations``), each ``data`` list under the name of its path, and ``timelines`` of ``/v2/schedules/{id}/timeline``.

Format: https://docs.opsgenie.com/docs/schedule-api, escalation-api, user-api, team-api.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from steward.algorithms.calendars import ZoneError, get_zone
from steward.algorithms.rotation import Unit, Window
from steward.response.moving.foreign import (
    Act,
    Document,
    Entry,
    Foreign,
    Ladder,
    Person,
    Rota,
    Team,
    Turns,
    clock,
    moment,
    rows,
    week_windows,
)

LABEL = "Opsgenie"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS: Mapping[str, Unit] = {"weekly": "week", "daily": "day", "hourly": "hour"}
_MINUTES = {"minutes": 1, "hours": 60, "days": 1440}


def read(document: Document) -> Foreign:
    """What the export says."""
    found = Foreign()
    for user in rows(document, "users"):
        name = str(user.get("fullName") or user.get("username", ""))
        found.people.append(Person(str(user["id"]), name, str(user.get("username", "")), str(user.get("timeZone", ""))))
    for team in rows(document, "teams"):
        members = [str(each["user"]["id"]) for each in team.get("members") or ()]
        found.teams.append(Team(str(team["id"]), str(team.get("name", "")), tuple(members)))
    timelines = {str(each.get("_parent", {}).get("id", "")): each for each in rows(document, "timelines")}
    for schedule in rows(document, "schedules"):
        _rota(schedule, timelines.get(str(schedule["id"]), {}), found)
    for escalation in rows(document, "escalations"):
        _ladder(escalation, found)
    return found


def _rota(schedule: Mapping[str, Any], timeline: Mapping[str, Any], found: Foreign) -> None:
    name, zone = str(schedule.get("name", "")), str(schedule.get("timezone", "UTC"))
    try:
        get_zone(zone)
    except ZoneError as error:
        found.cannot("schedule", name, str(error))
        return
    if schedule.get("enabled") is False:
        found.cannot("schedule", name, _("It is switched off in Opsgenie; it is made, and takes turns here."))
    layers = [_layer(rotation, zone, name, found) for rotation in schedule.get("rotations") or ()]
    owner = schedule.get("ownerTeam") or {}
    found.rotas.append(
        Rota(
            str(schedule["id"]), name, zone, tuple(layer for layer in layers if layer), str(owner.get("id", "")),
            entries=tuple(_entries(timeline)),
        )
    )  # fmt: skip


def _layer(rotation: Mapping[str, Any], zone: str, schedule: str, found: Foreign) -> Turns | None:
    label = f"{schedule} / {rotation.get('name', '')}"
    start, unit = moment(rotation.get("startDate")), _UNITS.get(str(rotation.get("type", "")))
    if start is None or unit is None:
        found.cannot("rotation", label, _("It has no start, or is neither hourly, daily nor weekly."))
        return None
    local = start.astimezone(ZoneInfo(zone))
    turns = []
    for each in rotation.get("participants") or ():
        if each.get("type") == "user":
            turns.append((str(each["id"]),))
        else:
            found.cannot(
                "rotation",
                label,
                _("A participant of the type “%(kind)s” has no turn here.") % {"kind": each.get("type")},
            )
    return Turns(
        name=str(rotation.get("name", "")), start=local.date(), turns=tuple(turns), unit=unit,
        length=int(rotation.get("length") or 1), handover_weekday=local.weekday(), handover_time=local.time(),
        windows=_windows(rotation.get("timeRestriction") or {}), begins_at=start, ends_at=moment(rotation.get("endDate")),
    )  # fmt: skip


def _windows(restriction: Mapping[str, Any]) -> tuple[Window, ...]:
    if restriction.get("type") == "time-of-day":
        one = restriction["restriction"]
        return (Window(start=clock(_second(one, "start")), end=clock(_second(one, "end"))),)
    found: list[Window] = []
    for each in restriction.get("restrictions") or ():
        first, last = (_DAYS.index(str(each[f"{side}Day"]).lower()) for side in ("start", "end"))
        start, end = _second(each, "start"), _second(each, "end")
        duration = ((last - first) * 86_400 + end - start) % (7 * 86_400)
        found += week_windows(first, start, duration or 7 * 86_400)
    return tuple(found)


def _second(restriction: Mapping[str, Any], side: str) -> int:
    return int(restriction.get(f"{side}Hour") or 0) * 3600 + int(restriction.get(f"{side}Min") or 0) * 60


def _entries(timeline: Mapping[str, Any]) -> list[Entry]:
    found = []
    for rotation in (timeline.get("finalTimeline") or {}).get("rotations") or ():
        for each in rotation.get("periods") or ():
            start, end = moment(each.get("startDate")), moment(each.get("endDate"))
            who = each.get("recipient") or {}
            if start and end and who.get("type") == "user":
                found.append(Entry(start, end, str(who["id"])))
    return found


def _ladder(escalation: Mapping[str, Any], found: Foreign) -> None:
    name = str(escalation.get("name", ""))
    acts: list[Act] = []
    passed = 0
    for rule in sorted(escalation.get("rules") or (), key=_after):
        # Each delay is counted from the alert, ours from the step before.
        if _after(rule) > passed:
            acts.append(Act("wait", minutes=_after(rule) - passed))
            passed = _after(rule)
        who, how = rule.get("recipient") or {}, str(rule.get("notifyType", "default"))
        if rule.get("condition") == "if-not-closed":
            found.cannot("step", name, _("“if not closed” goes on after an acknowledgement; ours ends with it."))
        if who.get("type") == "schedule" and how in {"next", "previous"}:
            acts.append(Act(f"notify_{how}", str(who["id"])))
        elif who.get("type") in {"user", "schedule", "team"}:
            if how not in {"default", "all"}:
                found.cannot(
                    "step", name, _("“%(how)s” is not told apart; everybody it means is notified.") % {"how": how}
                )
            acts.append(Act(f"notify_{who['type']}", str(who["id"])))
        else:
            found.cannot("step", name, _("A target of the type “%(kind)s” is not known.") % {"kind": who.get("type")})
    again = escalation.get("repeat") or {}
    repeat = int(again.get("count") or 0)
    if acts and acts[-1].kind != "wait":
        acts.append(Act("wait", minutes=max(1, int(again.get("waitInterval") or 0) or 10)))
    owner = escalation.get("ownerTeam") or {}
    found.ladders.append(Ladder(str(escalation["id"]), name, tuple(acts), repeat, str(owner.get("id", ""))))


def _after(rule: Mapping[str, Any]) -> int:
    delay = rule.get("delay") or {}
    return int(delay.get("timeAmount") or 0) * _MINUTES.get(str(delay.get("timeUnit", "minutes")), 1)
