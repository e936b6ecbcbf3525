"""When something holds, as people say it: from, for how long, and whether it repeats. Times are in the reader's zone."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from steward.algorithms.matching import Matcher, MatcherError, parse_matchers
from steward.foundation.ui.zones import known_zone
from steward.response.suppression import actions
from steward.response.suppression.models import Planned
from steward.response.suppression.recurring import tidy

MONO = {"class": "form-control mono", "spellcheck": "false", "autocomplete": "off"}
_LOCAL = "%Y-%m-%dT%H:%M"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKLY = re.compile(rf"FREQ=WEEKLY;BYDAY=((?:{'|'.join(_DAYS)})(?:,(?:{'|'.join(_DAYS)}))*)")
OWN, UNTIL, MORNING = "own", "until", "morning"
LENGTHS = (
    ("60", gettext_lazy("1 hour")),
    ("240", gettext_lazy("4 hours")),
    (MORNING, gettext_lazy("until tomorrow 9:00")),
    ("1440", gettext_lazy("1 day")),
    ("10080", gettext_lazy("1 week")),
    (UNTIL, gettext_lazy("until the time below")),
)
REPEATS = (
    ("", gettext_lazy("once")),
    ("FREQ=DAILY", gettext_lazy("every day")),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", gettext_lazy("Monday to Friday")),
    ("FREQ=WEEKLY", gettext_lazy("every week, the same day")),
    ("FREQ=MONTHLY", gettext_lazy("every month, the same date")),
    (OWN, gettext_lazy("by the rule below")),
)


def moment(**options: Any) -> forms.DateTimeField:
    """A local time, chosen in the browser's calendar."""
    widget = forms.DateTimeInput(format=_LOCAL, attrs={"type": "datetime-local", "class": "form-control-short"})
    return forms.DateTimeField(input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S"], widget=widget, **options)


class PlanForm(forms.Form):
    """The part of both forms about time."""

    starts_at = moment(label=gettext_lazy("From"), required=False, help_text=gettext_lazy("Empty: from now."))
    length = forms.ChoiceField(
        label=gettext_lazy("For"), choices=LENGTHS, initial="60",
        widget=forms.RadioSelect,
    )  # fmt: skip
    ends_at = moment(label=pgettext_lazy("end", "Until"), required=False)
    repeat = forms.ChoiceField(label=gettext_lazy("Repeats"), choices=REPEATS, required=False)
    rrule = forms.CharField(
        label=gettext_lazy("Rule"), required=False, max_length=300,
        widget=forms.TextInput(attrs={**MONO, "placeholder": "FREQ=MONTHLY;BYDAY=1SU"}),
        help_text=gettext_lazy("RFC 5545: FREQ=MONTHLY;BYDAY=1SU is the first Sunday of each month."),
    )  # fmt: skip
    repeat_until = moment(
        label=gettext_lazy("Repeats until"), required=False, help_text=gettext_lazy("Empty: until somebody ends it.")
    )
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"), required=False, max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("What repeats keeps this zone's wall-clock time, summer and winter."),
    )  # fmt: skip

    WHEN = ("starts_at", "length", "ends_at")
    RECURRENCE = ("repeat", "rrule", "repeat_until", "time_zone")

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"]).strip() or timezone.get_current_timezone_name()
        known_zone(zone)
        return zone

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("length") == UNTIL and data.get("ends_at") is None and "ends_at" not in self.errors:
            self.add_error("ends_at", _("Say until when."))
        if data.get("repeat") == OWN and not data.get("rrule"):
            self.add_error("rrule", _("Write the rule, or choose another repetition."))
        return data

    def plan(self, now: datetime) -> actions.Plan:
        """What the action takes; only of a valid form."""
        data = self.cleaned_data
        start = data["starts_at"] or now
        end = _end(data["length"], data["ends_at"], start)
        rule = data["rrule"] if data["repeat"] == OWN else data["repeat"]
        if not rule:
            return actions.Plan(start, end)
        zone = ZoneInfo(data["time_zone"])
        wall = end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)
        return actions.Plan(start, data["repeat_until"], rule, wall, data["time_zone"])


def _end(length: str, ends_at: datetime | None, start: datetime) -> datetime:
    if length == UNTIL and ends_at is not None:
        return ends_at
    if length == MORNING:
        tomorrow = timezone.localtime(start).date() + timedelta(days=1)
        return timezone.make_aware(datetime.combine(tomorrow, time(9)))
    return start + timedelta(minutes=int(length))


def plan_values(row: Planned) -> dict[str, Any]:
    """A stored plan as the form shows it."""
    values: dict[str, Any] = {"starts_at": row.starts_at, "length": UNTIL, "ends_at": row.ends_at, "repeat": ""}
    if row.rrule:
        zone = ZoneInfo(row.time_zone)
        local = row.starts_at.astimezone(zone).replace(tzinfo=None) + (row.duration or timedelta())
        known = row.rrule in {value for value, _label in REPEATS}
        values |= {
            "ends_at": local.replace(tzinfo=zone), "repeat_until": row.ends_at, "time_zone": row.time_zone,
            "repeat": row.rrule if known else OWN, "rrule": "" if known else row.rrule,
        }  # fmt: skip
    return values


def read_matchers(text: str) -> tuple[Matcher, ...]:
    """Matchers as people write them; ValidationError with the place of what is wrong."""
    try:
        return tuple(parse_matchers(text.replace("\0", "")))
    except MatcherError as error:
        raise forms.ValidationError(error.words.said(_)) from error


def recurrence_words(row: Planned) -> str:
    """How it repeats, in words; the rule itself if there are none for it."""
    if not row.rrule:
        return ""
    rule = tidy(row.rrule)
    words = dict(REPEATS).get(rule) or _weekly(rule) or row.rrule
    return _("%(how)s, clock times of %(zone)s") % {"how": words, "zone": row.time_zone}


def _weekly(rule: str) -> str:
    """“every Sun, Mon”, for rules that say no more than that."""
    found = _WEEKLY.fullmatch(rule)
    if not found:
        return ""
    days = [str(WEEKDAYS_ABBR[_DAYS.index(day)]) for day in found[1].split(",")]
    return _("every %(days)s") % {"days": ", ".join(days)}
