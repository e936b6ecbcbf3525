"""Forms of schedules and of stepping in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from steward.foundation.ui.zones import ZoneField
from steward.response.oncall.forms.common import LOCAL, Choices


class ScheduleForm(forms.Form):
    """A schedule, without its layers."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    team = forms.TypedChoiceField(label=gettext_lazy("Team"), required=False, coerce=int, empty_value=None)
    time_zone = ZoneField(
        help_text=gettext_lazy("Handovers happen at this zone's wall-clock time, summer and winter."),
    )

    def __init__(self, *args: Any, teams: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", "—"), *teams]  # type: ignore[attr-defined]


def _moment(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label, input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
    )  # fmt: skip


class OverrideForm(forms.Form):
    """Somebody takes over for a while; times are in the reader's zone."""

    user = forms.TypedChoiceField(label=gettext_lazy("Who takes over"), coerce=int)
    replaces = forms.TypedChoiceField(
        label=gettext_lazy("In the place of"), coerce=int, required=False, empty_value=None,
        help_text=gettext_lazy("Whenever this person would be on call. Everybody: only who takes over is on call."),
    )  # fmt: skip
    start_at = _moment(gettext_lazy("From"))
    end_at = _moment(gettext_lazy("To"))
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = [("", "—"), *people]  # type: ignore[attr-defined]
        self.fields["replaces"].choices = [("", gettext_lazy("everybody")), *people]  # type: ignore[attr-defined]


class ReplaceForm(forms.Form):
    """Somebody stands in for somebody else in all schedules."""

    replaces = forms.TypedChoiceField(label=gettext_lazy("Who is away"), coerce=int)
    user = forms.TypedChoiceField(label=gettext_lazy("Who stands in"), coerce=int)
    start_at = _moment(gettext_lazy("From"))
    end_at = _moment(gettext_lazy("To"))
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("user", "replaces"):
            self.fields[name].choices = [("", "—"), *people]  # type: ignore[attr-defined]


class CoverForm(forms.Form):
    """Somebody asks for cover; times are in the reader's zone."""

    offered_to = forms.TypedChoiceField(
        label=gettext_lazy("Who is asked"), coerce=int, required=False, empty_value=None,
        help_text=gettext_lazy("A person is told, and may decline. Anybody: it stands open for all."),
    )  # fmt: skip
    start_at = _moment(gettext_lazy("From"))
    end_at = _moment(gettext_lazy("To"))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)
    user = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["offered_to"].choices = [("", gettext_lazy("anybody")), *people]  # type: ignore[attr-defined]
