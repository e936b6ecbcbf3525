"""Forms of escalation policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.response.oncall import rules
from steward.response.oncall.forms.common import Choices, number


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
            return rules.Step(self.kind, wait_minutes=number(self.minutes) or 0)
        target = {rules.NOTIFY_SCHEDULE: self.schedule, rules.NOTIFY_USER: self.user, rules.NOTIFY_TEAM: self.team}
        return rules.Step(self.kind, number(target.get(self.kind, "")))

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


def kinds() -> list[tuple[str, str]]:
    """What a step can do, in the words of the editor."""
    return [
        (rules.NOTIFY_SCHEDULE, _("Notify who is on call")),
        (rules.NOTIFY_USER, _("Notify a person")),
        (rules.NOTIFY_TEAM, _("Notify a team")),
        (rules.WAIT, _("Wait")),
    ]
