"""Forms of leave and of where a person works."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from steward.people.workforce import queries

_DAY = {"format": "%Y-%m-%d", "attrs": {"type": "date", "class": "form-control-short"}}


class LeaveForm(forms.Form):
    """Days of leave."""

    first_day = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput(**_DAY))  # type: ignore[arg-type]
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput(**_DAY))  # type: ignore[arg-type]
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=200,
        help_text=gettext_lazy("For you and for who manages people or on-call. Others only see that you are away."),
    )  # fmt: skip


class WorkplaceForm(forms.Form):
    """Whose public holidays a person has."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"), required=False,
        help_text=gettext_lazy("Its public holidays mark shifts that need cover, and count as burden."),
    )  # fmt: skip
    part = forms.CharField(
        label=gettext_lazy("Part of the country"), required=False, max_length=8,
        widget=forms.TextInput(attrs={"class": "form-control-short"}),
        help_text=gettext_lazy("Its code, such as BY for Bavaria, where holidays differ."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "—"), *((code, code) for code in sorted(queries.countries()))]  # type: ignore[attr-defined]
