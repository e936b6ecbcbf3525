"""Forms of schedules, layers, overrides and policies."""

from steward.response.oncall.forms.calendars import CalendarForm
from steward.response.oncall.forms.layers import WEEKDAYS, HoursRow, LayerForm, TurnRow, hours_rows, turn_rows
from steward.response.oncall.forms.policies import PolicyForm, StepRow, kinds, step_rows
from steward.response.oncall.forms.schedules import CoverForm, OverrideForm, ReplaceForm, ScheduleForm

__all__ = [
    "WEEKDAYS",
    "CalendarForm",
    "CoverForm",
    "HoursRow",
    "LayerForm",
    "OverrideForm",
    "PolicyForm",
    "ReplaceForm",
    "ScheduleForm",
    "StepRow",
    "TurnRow",
    "hours_rows",
    "kinds",
    "step_rows",
    "turn_rows",
]
