"""Forms of reports, notes, guards and pay."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from steward.response.burden.models import PayRule

RATINGS = (
    ("", "—"),
    ("1", _("1 quiet")),
    ("2", _("2 easy")),
    ("3", _("3 busy")),
    ("4", _("4 hard")),
    ("5", _("5 awful")),
)


class ReportForm(forms.Form):
    """How a shift was."""

    rating = forms.TypedChoiceField(
        label=_("How was it?"), choices=RATINGS, coerce=int, empty_value=None, required=False
    )
    hours_worked = forms.DecimalField(
        label=_("Hours worked"), min_value=0, decimal_places=1, max_digits=5, required=False,
        widget=forms.NumberInput(attrs={"class": "form-control-short", "step": "0.5"}),
    )  # fmt: skip
    comment = forms.CharField(label=_("Comment"), max_length=500, required=False)


class NoteForm(forms.Form):
    """What whoever comes next should know."""

    text = forms.CharField(label=_("Handoff note"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))


class GuardForm(forms.Form):
    """When the next shift is offered for cover."""

    pages = forms.IntegerField(
        label=_("More pages a night than"), min_value=0, max_value=50,
        widget=forms.NumberInput(attrs={"class": "form-control-short"}),
        help_text=_("Then the person's next shift is offered for cover. Night is 22:00 to 07:00 of their own clock. 0: never."),
    )  # fmt: skip


class PayForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an organisation pays."""

    class Meta:
        model = PayRule
        exclude = ("organisation",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control-short"


class MonthForm(forms.Form):
    """Which days are exported."""

    first = forms.DateField()
    last = forms.DateField()
