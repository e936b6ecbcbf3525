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


# What the condition of a row says about hours.
ANY_TIME, WITHIN, OUTSIDE = "", "within", "outside"
# Columns of the editor: one field of each for each row, in the order of the page.
_COLUMNS = (
    "kind", "schedule", "user", "team", "minutes", "importance", "runbook", "url", "raise", "skip", "when", "from",
    "to", "zone", "severity", "alerts", "alert_minutes",
)  # fmt: skip
_OTHER_NAMES = {"raise": "raise_to", "from": "start", "to": "end"}
_FIELDS = tuple(_OTHER_NAMES.get(name, name) for name in _COLUMNS)


@dataclass
class StepRow:
    """One step as the editor shows it, with what is wrong with it. ``mark`` tells the boxes of several choices (days,
    people) of one row from those of another."""

    kind: str = ""
    schedule: str = ""
    user: str = ""
    team: str = ""
    minutes: str = ""
    importance: str = "important"
    runbook: str = ""
    url: str = ""
    raise_to: str = ""
    skip: str = ""
    when: str = ""
    start: str = ""
    end: str = ""
    zone: str = ""
    severity: str = ""
    alerts: str = ""
    alert_minutes: str = ""
    days: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    people: list[int] = field(default_factory=list)
    mark: str = "__row__"
    errors: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.kind

    @property
    def is_open(self) -> bool:
        """Whether the condition is shown: there is one, or something may be wrong with it."""
        conditional = self.when or self.severity or self.alerts or self.kind in (rules.CONTINUE_IF, rules.WAIT_HOURS)
        return bool(conditional or (self.errors and self.start))

    def to_step(self) -> rules.Step:
        """The step that the row says; what is missing stays empty, for the action to complain about."""
        target = (
            self.schedule if self.kind in rules.OF_SCHEDULES else self.team if self.kind in rules.OF_TEAMS
            else self.user if self.kind == rules.NOTIFY_USER else ""
        )  # fmt: skip
        waits_for_hours = self.kind == rules.WAIT_HOURS
        return rules.Step(
            self.kind, number(target), self.runbook if self.kind == rules.RUNBOOK else "",
            wait_minutes=(number(self.minutes) or 0) if self.kind == rules.WAIT else 0,
            important=self.importance != "normal" or self.kind not in rules.NOTIFYING,
            people=tuple(self.people) if self.kind == rules.TURN_PEOPLE else (),
            hours=self._hours() if waits_for_hours else None,
            skip=(number(self.skip) or 0) if self.kind == rules.CONTINUE_IF else 0,
            severity=self.raise_to if self.kind == rules.RAISE_SEVERITY else "",
            url=self.url if self.kind == rules.WEBHOOK else "",
            only_if=rules.Condition(
                self._hours() if self.when and not waits_for_hours else None,
                outside=self.when == OUTSIDE and not waits_for_hours, severity=self.severity,
                alerts=number(self.alerts) if self.alerts else None,
                minutes=(number(self.alert_minutes) or 0) if self.alerts else 0,
            ),
        )  # fmt: skip

    def _hours(self) -> rules.Hours:
        return rules.Hours(tuple(self.days), self.start[:5], self.end[:5], self.zone)

    @classmethod
    def of(cls, step: rules.Step, mark: str = "0") -> StepRow:
        """The row of a stored step."""
        target, condition = str(step.target_id or ""), step.only_if
        row = cls(
            step.kind,
            schedule=target if step.kind in rules.OF_SCHEDULES else "",
            user=target if step.kind == rules.NOTIFY_USER else "",
            team=target if step.kind in rules.OF_TEAMS else "",
            minutes=str(step.wait_minutes) if step.kind == rules.WAIT else "", importance=step.importance,
            runbook=step.label if step.kind == rules.RUNBOOK else "", url=step.url, raise_to=step.severity,
            skip=str(step.skip) if step.skip else "", severity=condition.severity, people=list(step.people), mark=mark,
        )  # fmt: skip
        if condition.alerts is not None:
            row.alerts, row.alert_minutes = str(condition.alerts), str(condition.minutes)
        if condition.hours is not None:
            row.when = OUTSIDE if condition.outside else WITHIN
        if hours := step.hours or condition.hours:
            row.days, row.start, row.end, row.zone = list(hours.days), hours.start, hours.end, hours.zone
        return row


def step_rows(data: QueryDict) -> list[StepRow]:
    """The rows of a posted editor, in the order of the page; rows without a kind are left out."""
    columns = [data.getlist(f"step_{name}") for name in _COLUMNS]
    tokens = data.getlist("step_row")
    rows = []
    for index in range(min(len(columns[0]), rules.MOST_STEPS * 2)):
        values = [column[index].strip() if index < len(column) else "" for column in columns]
        mark = tokens[index] if index < len(tokens) else str(index)
        row = StepRow(days=_numbers(data, f"step_days_{mark}"), people=_numbers(data, f"step_people_{mark}"), mark=mark)
        for name, value in zip(_FIELDS, values, strict=True):
            setattr(row, name, value)
        rows.append(row)
    return [row for row in rows if not row.is_empty][: rules.MOST_STEPS + 1]


def _numbers(data: QueryDict, name: str) -> list[int]:
    return [found for text in data.getlist(name) if (found := number(text)) is not None]


def kinds(runbooks: bool = False) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a step can do, in the words of the editor, by groups. A runbook can be started only where something runs
    runbooks."""
    do = [
        (rules.WEBHOOK, _("Call a webhook")),
        (rules.RAISE_SEVERITY, _("Raise the severity")),
        *([(rules.RUNBOOK, _("Start a runbook"))] if runbooks else []),
    ]
    return [
        (
            _("Notify"),
            [
                (rules.NOTIFY_SCHEDULE, _("Notify who is on call")),
                (rules.NOTIFY_USER, _("Notify a person")),
                (rules.NOTIFY_TEAM, _("Notify a team")),
                (rules.TURN_TEAM, _("Notify a team's members in turn")),
                (rules.TURN_PEOPLE, _("Notify people in turn")),
                (rules.NOTIFY_PREVIOUS, _("Notify who was on call before")),
                (rules.NOTIFY_NEXT, _("Notify who is on call next")),
            ],
        ),
        (_("Wait"), [(rules.WAIT, _("Wait")), (rules.WAIT_HOURS, _("Wait until hours begin"))]),
        (_("Decide"), [(rules.CONTINUE_IF, _("Continue only if")), (rules.END, _("End"))]),
        (_("Do"), do),
    ]
