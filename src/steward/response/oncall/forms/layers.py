"""The form of a layer: its turns and hours are rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.algorithms import rotation
from steward.foundation.ui.zones import ZoneInput, known_zone
from steward.response.oncall.forms.common import LOCAL, number

WEEKDAYS = (
    (0, gettext_lazy("Monday")),
    (1, gettext_lazy("Tuesday")),
    (2, gettext_lazy("Wednesday")),
    (3, gettext_lazy("Thursday")),
    (4, gettext_lazy("Friday")),
    (5, gettext_lazy("Saturday")),
    (6, gettext_lazy("Sunday")),
)
UNITS = (
    ("hour", gettext_lazy("hours")),
    ("day", gettext_lazy("days")),
    ("week", gettext_lazy("weeks")),
    ("month", gettext_lazy("months")),
)
MOST_ROWS = 110
_SHORT = {"class": "form-control-short"}


class LayerForm(forms.Form):
    """A layer without its turns and hours."""

    name = forms.CharField(
        label=gettext_lazy("Name of the layer"), max_length=80, required=False,
        help_text=gettext_lazy("Such as “Nights”. Pages say it when there are several."),
    )  # fmt: skip
    length = forms.IntegerField(
        label=gettext_lazy("A turn lasts"), min_value=1, initial=1, widget=forms.NumberInput(attrs=_SHORT)
    )
    unit = forms.ChoiceField(label=gettext_lazy("Counted in"), choices=UNITS, initial="week")
    handover_weekday = forms.TypedChoiceField(
        label=gettext_lazy("Handover day"), choices=WEEKDAYS, coerce=int, initial=0
    )
    handover_time = forms.TimeField(
        label=gettext_lazy("Handover time"), initial="09:00",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", **_SHORT}),
    )  # fmt: skip
    start = forms.DateField(
        label=gettext_lazy("Turns are counted from"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **_SHORT}),
        help_text=gettext_lazy("The first turn is the one that this day falls into."),
    )
    own_zones = forms.BooleanField(
        label=gettext_lazy("These hours are in each person's own time zone (follow the sun)"), required=False
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"), min_value=0, max_value=99, initial=0, widget=forms.NumberInput(attrs=_SHORT),
        help_text=gettext_lazy("A higher layer covers those below it. Layers of one priority are on call together."),
    )  # fmt: skip
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone of the layer"), max_length=64, required=False, validators=[known_zone],
        widget=ZoneInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Empty: that of the schedule."),
    )  # fmt: skip
    begins_at = forms.DateTimeField(
        label=gettext_lazy("The layer begins"), required=False, input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("In your time zone. Empty: it has always held."),
    )  # fmt: skip
    ends_at = forms.DateTimeField(
        label=gettext_lazy("The layer ends"), required=False, input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
    )  # fmt: skip


@dataclass
class TurnRow:
    """One person in the editor: with a turn of their own, or together with the person above."""

    user: int = 0
    together: bool = False


@dataclass
class HoursRow:
    """One stretch of hours in the editor: from a day to a day, from a time to a time."""

    first: int = 0
    last: int = 6
    start: str = ""
    end: str = ""


def turn_rows(data: QueryDict) -> list[TurnRow]:
    """The people of a posted editor, in the order of the page; empty rows are left out."""
    people, marks = data.getlist("member"), data.getlist("member_with")
    marks += [""] * (len(people) - len(marks))
    rows = [TurnRow(number(user) or 0, bool(mark)) for user, mark in zip(people, marks, strict=False)]
    return [row for row in rows if row.user][:MOST_ROWS]


def rows_of_turns(turns: Iterable[Sequence[int]]) -> list[TurnRow]:
    """The rows of stored turns."""
    return [TurnRow(user, place > 0) for turn in turns for place, user in enumerate(turn)]


def turns_of_rows(rows: Iterable[TurnRow]) -> list[list[int]]:
    """The turns that the rows say."""
    turns: list[list[int]] = []
    for row in rows:
        if row.together and turns:
            turns[-1].append(row.user)
        else:
            turns.append([row.user])
    return turns


def hours_rows(data: QueryDict) -> list[HoursRow]:
    """The hours of a posted editor; rows without any time are left out."""
    columns = [data.getlist(f"hours_{name}") for name in ("first", "last", "start", "end")]
    rows = [
        HoursRow(number(first) or 0, number(last) or 0, start.strip()[:8], end.strip()[:8])
        for first, last, start, end in zip(*columns, strict=False)
    ]
    return [row for row in rows if row.start or row.end][:MOST_ROWS]


def rows_of_windows(windows: Iterable[rotation.Window]) -> list[HoursRow]:
    """The rows of stored hours: one for each run of days."""
    found = []
    for window in windows:
        start, end = window.start.isoformat("minutes"), window.end.isoformat("minutes")
        found += [HoursRow(first, last, start, end) for first, last in _runs(window.days)]
    return found


def windows_of_rows(rows: Iterable[HoursRow]) -> tuple[list[rotation.Window], list[str]]:
    """The hours that the rows say, and what is wrong with them."""
    found, errors = [], []
    for row in rows:
        try:
            start, end = time.fromisoformat(row.start), time.fromisoformat(row.end)
        except ValueError:
            errors.append(_("Write both times of the hours, such as 09:00 and 17:00."))
            continue
        days = frozenset((row.first + step) % 7 for step in range((row.last - row.first) % 7 + 1))
        found.append(rotation.Window(days, start.replace(tzinfo=None), end.replace(tzinfo=None)))
    return found, list(dict.fromkeys(errors))


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Days of the week as runs that may go over Sunday: {0, 5, 6} is Saturday to Monday."""
    wanted = set(days)
    if len(wanted) == 7:
        return [(0, 6)]
    runs = []
    for day in sorted(wanted):
        if (day - 1) % 7 not in wanted:
            last = day
            while (last + 1) % 7 in wanted:
                last = (last + 1) % 7
            runs.append((day, last))
    return runs
