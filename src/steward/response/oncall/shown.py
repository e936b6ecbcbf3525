"""Layers in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from steward.foundation.moments import written
from steward.response.oncall.models import Layer
from steward.response.oncall.queries import Roster
from steward.response.oncall.queries.layers import turns_of, windows_of

if TYPE_CHECKING:
    from steward.people.accounts.models import User

_MONDAY = date(2024, 1, 1)  # a Monday: only its weekday is read


def layers(
    roster: Roster, found: Sequence[Layer], now: datetime, colours: Mapping[int, int], reach: Mapping[int, int]
) -> list[dict[str, Any]]:
    """The layers of a schedule (``found``: also those of nobody) as its page shows them, the highest priority first."""
    people = {user.pk: user for user in roster.members}
    turns = {layer.pk: turns_of(layer) for layer in roster.layers}
    ordered = sorted(found, key=lambda layer: (-layer.priority, layer.position))
    return [
        {
            "layer": layer,
            "name": layer.name or _("Layer %(number)s") % {"number": layer.position + 1},
            "words": words(layer, roster.schedule.time_zone),
            "ended": bool(layer.ends_at and layer.ends_at <= now),
            "turns": [
                [_person(people[key], colours, reach) for key in turn] for turn in turns.get(layer.pk, ())
            ],
        }
        for layer in ordered
    ]  # fmt: skip


def words(layer: Layer, schedule_zone: str) -> list[str]:
    """When turns change and in which hours they hold, one phrase each."""
    found = [_turn(layer), _handover(layer)]
    if layer.time_zone and layer.time_zone != schedule_zone:
        found[-1] += f" {layer.time_zone}"
    found += [_hours(layer)] if layer.windows else []
    if layer.begins_at:
        found.append(_("from %(when)s") % {"when": written(layer.begins_at, "j F Y, H:i")})
    if layer.ends_at:
        found.append(_("until %(when)s") % {"when": written(layer.ends_at, "j F Y, H:i")})
    if layer.priority:
        found.append(_("priority %(n)s") % {"n": layer.priority})
    return found


def _turn(layer: Layer) -> str:
    number = layer.length
    if layer.unit == "hour":
        return ngettext("turns of %(n)s hour", "turns of %(n)s hours", number) % {"n": number}
    if layer.unit == "day":
        return ngettext("turns of %(n)s day", "turns of %(n)s days", number) % {"n": number}
    if layer.unit == "week":
        return ngettext("turns of %(n)s week", "turns of %(n)s weeks", number) % {"n": number}
    return ngettext("turns of %(n)s month", "turns of %(n)s months", number) % {"n": number}


def _handover(layer: Layer) -> str:
    time = f"{layer.handover_time:%H:%M}"
    if layer.unit == "week":
        return _("handover %(day)s %(time)s") % {"day": _day(layer.handover_weekday), "time": time}
    if layer.unit == "month":
        return _("handover on day %(day)s, %(time)s") % {"day": layer.start.day, "time": time}
    return _("handover %(time)s") % {"time": time}


def _hours(layer: Layer) -> str:
    spans = []
    for window in windows_of(layer.windows):
        time = "" if window.start == window.end else f" {window.start:%H:%M}–{window.end:%H:%M}"
        spans.append(_days(window.days) + time)
    text = ", ".join(spans)
    return text + " " + _("in each person's zone") if layer.own_zones else text


def _days(days: Iterable[int]) -> str:
    wanted = sorted(days)
    if len(wanted) == 7:
        return pgettext("hours of a layer", "daily")
    if len(wanted) > 2 and wanted == list(range(wanted[0], wanted[-1] + 1)):
        return f"{_day(wanted[0])}–{_day(wanted[-1])}"
    return " ".join(_day(each) for each in wanted)


def _day(number: int) -> str:
    return written(_MONDAY.replace(day=1 + number), "D")


def _person(user: User, colours: Mapping[int, int], reach: Mapping[int, int]) -> dict[str, Any]:
    return {"user": user, "unreachable": not reach.get(user.pk), "colour": colours[user.pk]}
