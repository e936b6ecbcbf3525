"""Forms of schedules, overrides and policies.

Rows that can be added, removed and moved (members, steps) are plain repeated fields, read in the order in which they
stand on the page: ``rows.js`` moves the rows, and without it the empty rows at the end do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.ui.zones import ZoneField
from steward.response.oncall import rules

WEEKDAYS = (
    (0, gettext_lazy("Monday")),
    (1, gettext_lazy("Tuesday")),
    (2, gettext_lazy("Wednesday")),
    (3, gettext_lazy("Thursday")),
    (4, gettext_lazy("Friday")),
    (5, gettext_lazy("Saturday")),
    (6, gettext_lazy("Sunday")),
)
_LOCAL = "%Y-%m-%dT%H:%M"
Choices = Sequence[tuple[int, str]]


class ScheduleForm(forms.Form):
    """A schedule, without its members."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    team = forms.TypedChoiceField(label=gettext_lazy("Team"), required=False, coerce=int, empty_value=None)
    time_zone = ZoneField(
        help_text=gettext_lazy("Handovers happen at this zone's wall-clock time, summer and winter."),
    )
    weeks = forms.IntegerField(
        label=gettext_lazy("Weeks a turn"), min_value=1, max_value=52, initial=1,
        widget=forms.NumberInput(attrs={"class": "form-control-short"}),
    )  # fmt: skip
    handover_weekday = forms.TypedChoiceField(
        label=gettext_lazy("Handover day"), choices=WEEKDAYS, coerce=int, initial=0
    )
    handover_time = forms.TimeField(
        label=gettext_lazy("Handover time"), initial="09:00",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "form-control-short"}),
    )  # fmt: skip
    start = forms.DateField(
        label=gettext_lazy("Turns are counted from"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control-short"}),
        help_text=gettext_lazy("The first person in the rotation has the turn that this day falls into."),
    )

    def __init__(self, *args: Any, teams: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", "—"), *teams]  # type: ignore[attr-defined]


class OverrideForm(forms.Form):
    """Somebody takes over for a while; times are in the reader's zone."""

    user = forms.TypedChoiceField(label=gettext_lazy("Who takes over"), coerce=int)
    start_at = forms.DateTimeField(
        label=gettext_lazy("From"), input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=_LOCAL, attrs={"type": "datetime-local"}),
    )  # fmt: skip
    end_at = forms.DateTimeField(
        label=gettext_lazy("To"), input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=_LOCAL, attrs={"type": "datetime-local"}),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = [("", "—"), *people]  # type: ignore[attr-defined]


class PolicyForm(forms.Form):
    """An escalation policy, without its steps."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    team = forms.TypedChoiceField(label=gettext_lazy("Team"), required=False, coerce=int, empty_value=None)
    repeat = forms.IntegerField(
        label=gettext_lazy("Repeat"), min_value=0, max_value=rules.MOST_REPEATS, initial=2,
        widget=forms.NumberInput(attrs={"class": "form-control-short"}),
        help_text=gettext_lazy("How many more times all steps are taken while nobody acknowledges."),
    )  # fmt: skip

    def __init__(self, *args: Any, teams: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", "—"), *teams]  # type: ignore[attr-defined]


@dataclass
class StepRow:
    """One step as the editor shows it, with what is wrong with it."""

    kind: str = ""
    schedule: str = ""
    user: str = ""
    team: str = ""
    minutes: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.kind

    def to_step(self) -> rules.Step:
        """The step that the row says; what is missing stays empty, for the action to complain about."""
        if self.kind == rules.WAIT:
            return rules.Step(self.kind, wait_minutes=_number(self.minutes) or 0)
        target = {rules.NOTIFY_SCHEDULE: self.schedule, rules.NOTIFY_USER: self.user, rules.NOTIFY_TEAM: self.team}
        return rules.Step(self.kind, _number(target.get(self.kind, "")))

    @classmethod
    def of(cls, step: rules.Step) -> StepRow:
        """The row of a stored step."""
        target = str(step.target_id or "")
        return cls(
            step.kind,
            schedule=target if step.kind == rules.NOTIFY_SCHEDULE else "",
            user=target if step.kind == rules.NOTIFY_USER else "",
            team=target if step.kind == rules.NOTIFY_TEAM else "",
            minutes=str(step.wait_minutes) if step.kind == rules.WAIT else "",
        )


def step_rows(data: QueryDict) -> list[StepRow]:
    """The rows of a posted editor, in the order of the page; rows without a kind are left out."""
    columns = [data.getlist(f"step_{name}") for name in ("kind", "schedule", "user", "team", "minutes")]
    rows = [StepRow(*(value.strip() for value in values)) for values in zip(*columns, strict=False)]
    return [row for row in rows[: rules.MOST_STEPS + 1] if not row.is_empty]


def member_ids(data: QueryDict) -> list[int]:
    """The members of a posted rotation, in the order of the page; empty rows are left out."""
    return [number for number in map(_number, data.getlist("member")) if number is not None][:200]


def kinds() -> list[tuple[str, str]]:
    """What a step can do, in the words of the editor."""
    return [
        (rules.NOTIFY_SCHEDULE, _("Notify who is on call")),
        (rules.NOTIFY_USER, _("Notify a person")),
        (rules.NOTIFY_TEAM, _("Notify a team")),
        (rules.WAIT, _("Wait")),
    ]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
