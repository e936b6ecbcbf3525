"""Grafana OnCall: answers of its HTTP API (``/api/v1/users``, ``teams``, ``schedules``, ``on_call_shifts``,
``escalation_chains``, ``escalation_policies``), each ``results`` list under the name of its path, and
``final_shifts`` with the key of the schedule.

Format: https://grafana.com/docs/oncall/latest/oncall-api-reference/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
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
    StandIn,
    Team,
    Turns,
    clock,
    moment,
    rows,
    week_windows,
)

LABEL = "Grafana OnCall"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNITS: Mapping[str, Unit] = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_DAY = 86_400


def read(document: Document) -> Foreign:
    """What the export says."""
    found = Foreign()
    for user in rows(document, "users"):
        name = str(user.get("name") or user.get("username", ""))
        found.people.append(Person(str(user["id"]), name, str(user.get("email", "")), str(user.get("timezone", ""))))
    members: dict[str, list[str]] = {}
    for user in rows(document, "users"):
        for team in user.get("teams") or ():
            members.setdefault(str(team), []).append(str(user["id"]))
    for team in rows(document, "teams"):
        key = str(team["id"])
        found.teams.append(Team(key, str(team.get("name", "")), tuple(members.get(key, ()))))
    shifts = {str(each["id"]): each for each in rows(document, "on_call_shifts")}
    final: dict[str, list[Mapping[str, Any]]] = {}
    for each in rows(document, "final_shifts"):
        final.setdefault(str(each.get("schedule_id", "")), []).append(each)
    for schedule in rows(document, "schedules"):
        _rota(schedule, shifts, final.get(str(schedule["id"]), ()), found)
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for each in rows(document, "escalation_policies"):
        steps.setdefault(str(each.get("escalation_chain_id", "")), []).append(each)
    for chain in rows(document, "escalation_chains"):
        _ladder(chain, steps.get(str(chain["id"]), ()), found)
    return found


def _rota(
    schedule: Mapping[str, Any], shifts: Mapping[str, Mapping[str, Any]], final: Sequence[Mapping[str, Any]],
    found: Foreign,
) -> None:  # fmt: skip
    name, zone = str(schedule.get("name", "")), str(schedule.get("time_zone") or "UTC")
    try:
        get_zone(zone)
    except ZoneError as error:
        found.cannot("schedule", name, str(error))
        return
    if schedule.get("type") == "ical":
        found.cannot("schedule", name, _("It reads a calendar: give the same calendar's address to the schedule here."))
    layers: list[Turns] = []
    stand_ins: list[StandIn] = []
    for key in schedule.get("shifts") or ():
        shift = shifts.get(str(key))
        if shift is None:
            found.cannot("shift", f"{name} / {key}", _("The export has no such shift."))
        elif shift.get("type") in {"override", "single_event"}:
            stand_ins += _once(shift, zone)
        else:
            made = _layer(shift, zone, name, found)
            layers += [made] if made else []
    found.rotas.append(
        Rota(
            str(schedule["id"]), name, zone, tuple(layers), str(schedule.get("team_id") or ""), tuple(stand_ins),
            tuple(_entries(final)),
        )
    )  # fmt: skip


def _layer(shift: Mapping[str, Any], schedule_zone: str, schedule: str, found: Foreign) -> Turns | None:
    label, zone = f"{schedule} / {shift.get('name', '')}", str(shift.get("time_zone") or schedule_zone)
    start, unit = _local(shift.get("start"), zone), _UNITS.get(str(shift.get("frequency", "")))
    if start is None or unit is None:
        found.cannot("shift", label, _("It has no start, or is not hourly, daily, weekly or monthly."))
        return None
    duration, days = int(shift.get("duration") or 0), [str(day) for day in shift.get("by_day") or ()]
    turns = [tuple(str(key) for key in people) for people in shift.get("rolling_users") or ()]
    if shift.get("type") != "rolling_users":
        turns = [tuple(str(key) for key in shift.get("users") or ())]
    first = int(shift.get("start_rotation_from_user_index") or 0) % max(1, len(turns))
    handover, weekday = start.time(), start.weekday()
    if days and unit == "week":
        # With days of the week, turns change when the week begins.
        handover, weekday = time(0), _DAYS.index(str(shift.get("week_start") or "MO"))
    windows = _windows(unit, start, duration, days)
    if windows is None:
        found.cannot("shift", label, _("Hours that are shorter than an hourly or monthly turn are not known here."))
        return None
    until = _local(shift.get("until"), zone)
    return Turns(
        name=str(shift.get("name", "")), start=start.date(), turns=tuple(turns[first:] + turns[:first]), unit=unit,
        length=int(shift.get("interval") or 1), handover_weekday=weekday, handover_time=handover,
        priority=max(0, min(99, int(shift.get("level") or shift.get("priority_level") or 0))),
        time_zone=zone if zone != schedule_zone else "", windows=windows,
        begins_at=_local(shift.get("rotation_start"), zone) or start, ends_at=until,
    )  # fmt: skip


def _windows(unit: str, start: datetime, duration: int, days: Sequence[str]) -> tuple[Window, ...] | None:
    second = start.hour * 3600 + start.minute * 60 + start.second
    if days:
        chosen = [_DAYS.index(day) for day in days]
        if duration < _DAY:
            return (Window(frozenset(chosen), clock(second), clock(second + duration)),)
        return tuple(window for day in chosen for window in week_windows(day, second, duration))
    if unit == "day":
        return () if duration >= _DAY else (Window(start=clock(second), end=clock(second + duration)),)
    if unit == "week":
        return week_windows(start.weekday(), second, duration)
    whole = 3600 if unit == "hour" else 28 * _DAY
    return () if duration >= whole else None


def _once(shift: Mapping[str, Any], schedule_zone: str) -> list[StandIn]:
    start = _local(shift.get("start"), str(shift.get("time_zone") or schedule_zone))
    people = [*(shift.get("users") or ()), *(key for turn in shift.get("rolling_users") or () for key in turn)]
    if start is None:
        return []
    end = start + timedelta(seconds=int(shift.get("duration") or 0))
    return [StandIn(str(key), start, end) for key in people[:1]]


def _entries(final: Sequence[Mapping[str, Any]]) -> list[Entry]:
    found = []
    for each in final:
        start, end = moment(each.get("shift_start")), moment(each.get("shift_end"))
        if start and end:
            found.append(Entry(start, end, str(each.get("user_pk", ""))))
    return found


def _ladder(chain: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], found: Foreign) -> None:
    name = str(chain.get("name", ""))
    acts: list[Act] = []
    repeat = 0
    for step in sorted(steps, key=lambda each: int(each.get("position") or 0)):
        kind, important = str(step.get("type", "")), bool(step.get("important"))
        if kind == "wait":
            acts.append(Act("wait", minutes=max(1, int(step.get("duration") or 60) // 60)))
        elif kind == "notify_persons":
            acts += [Act("notify_user", str(key), 0, important) for key in step.get("persons_to_notify") or ()]
        elif kind == "notify_persons_next_each_time":
            people = tuple(str(key) for key in step.get("persons_to_notify") or ())
            acts.append(Act("turn_people", important=important, people=people))
        elif kind == "notify_on_call_from_schedule":
            acts.append(Act("notify_schedule", str(step.get("notify_on_call_from_schedule", "")), 0, important))
        elif kind == "notify_team_members":
            acts.append(Act("notify_team", str(step.get("notify_to_team_members", "")), 0, important))
        elif kind == "repeat_escalation":
            repeat = 5
        else:
            found.cannot("step", name, _("A step of the type “%(kind)s” is not taken over.") % {"kind": kind})
    if acts and acts[-1].kind != "wait":
        acts.append(Act("wait", minutes=5))
    found.ladders.append(Ladder(str(chain["id"]), name, tuple(acts), repeat, str(chain.get("team_id") or "")))


def _local(text: Any, zone: str) -> datetime | None:
    """The API writes local times without an offset, in the shift's zone."""
    aware = moment(text)
    if aware is not None:
        return aware.astimezone(ZoneInfo(zone))
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=ZoneInfo(zone)) if text else None
    except ValueError:
        return None
