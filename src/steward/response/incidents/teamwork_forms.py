"""Forms of who is on an incident: terms, rest, handing over, more hands. Made for a thumb: few choices, all named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.actors import Actor
from steward.response.incidents.forms import people
from steward.response.oncall import queries as oncall

MINUTES = (
    ("", gettext_lazy("until it is resolved")),
    ("15", gettext_lazy("15 minutes")),
    ("30", gettext_lazy("30 minutes")),
    ("60", gettext_lazy("1 hour")),
    ("120", gettext_lazy("2 hours")),
    ("480", gettext_lazy("8 hours")),
)
REMINDERS = (
    ("", gettext_lazy("not")),
    ("15", gettext_lazy("every 15 minutes")),
    ("30", gettext_lazy("every 30 minutes")),
    ("60", gettext_lazy("every hour")),
)
RESTS = (
    ("30", gettext_lazy("30 minutes")),
    ("60", gettext_lazy("1 hour")),
    ("120", gettext_lazy("2 hours")),
    ("240", gettext_lazy("4 hours")),
    ("morning", gettext_lazy("until 09:00 tomorrow")),
    ("monday", gettext_lazy("until 09:00 on Monday")),
    ("at", gettext_lazy("until a time of your own")),
)
LOCAL = "%Y-%m-%dT%H:%M"


def _number(text: str) -> int | None:
    return int(text) if text else None


class TermsForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("I am on it for"), choices=MINUTES, coerce=_number, empty_value=None, required=False,
        help_text=gettext_lazy("If nothing is noted for so long it opens again, and others are paged."),
    )  # fmt: skip
    remind_minutes = forms.TypedChoiceField(
        label=gettext_lazy("Remind me"), choices=REMINDERS, coerce=_number, empty_value=None, required=False,
        help_text=gettext_lazy("While nothing is noted. Before it opens again you are reminded anyway."),
    )  # fmt: skip


class SnoozeForm(forms.Form):
    rest = forms.ChoiceField(label=gettext_lazy("Let it rest for"), choices=RESTS, initial="60")
    until = forms.DateTimeField(
        label=gettext_lazy("Until"), required=False, input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("In your time zone; only for a time of your own."),
    )  # fmt: skip
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("rest") == "at" and not data.get("until") and "until" not in self.errors:
            self.add_error("until", ValidationError(_("Choose until when.")))
        return data

    def until_from(self, now: datetime) -> datetime:
        """The chosen time as an instant, by the clocks of the reader."""
        rest = self.cleaned_data["rest"]
        if rest == "at":
            return cast("datetime", self.cleaned_data["until"])
        if rest.isdigit():
            return now + timedelta(minutes=int(rest))
        local = timezone.localtime(now)
        days = 1 if rest == "morning" else (7 - local.weekday())
        morning = datetime(local.year, local.month, local.day, 9) + timedelta(days=days)  # noqa: DTZ001
        return timezone.make_aware(morning)


class HandoverForm(forms.Form):
    to = forms.TypedChoiceField(label=gettext_lazy("Who takes over"), coerce=int)
    note = forms.CharField(
        label=gettext_lazy("What they need to know"), max_length=2000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("They have"), choices=MINUTES[1:4], coerce=int, initial="15",
        help_text=gettext_lazy("It stays yours until they accept. If they do not answer you are told."),
    )  # fmt: skip

    def __init__(self, actor: Actor, assignee: int | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(key, name) for key, name in people(actor) if key != assignee]
        cast("forms.ChoiceField", self.fields["to"]).choices = [("", "—"), *choices]


class HelpForm(forms.Form):
    people = forms.TypedMultipleChoiceField(
        label=gettext_lazy("People"), coerce=int, required=False, widget=forms.SelectMultiple(attrs={"size": 6})
    )
    policy = forms.TypedChoiceField(
        label=gettext_lazy("Or whom a policy finds"), coerce=_number, empty_value=None, required=False,
        help_text=gettext_lazy("It pages step by step until the first says that they are coming."),
    )  # fmt: skip
    why = forms.CharField(
        label=gettext_lazy("What for"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policies = oncall.policies(actor).order_by("name").values_list("pk", "name")
        others = [(key, name) for key, name in people(actor) if key != actor.user_id]
        cast("forms.MultipleChoiceField", self.fields["people"]).choices = others
        cast("forms.ChoiceField", self.fields["policy"]).choices = [("", "—"), *policies]
