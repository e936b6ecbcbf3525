"""Form of named times: a name, and as many entries as it takes; a moment counts if it is in one of them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.algorithms.intervals import IntervalError, parse
from steward.foundation.ui.zones import ZoneField
from steward.response.triage.intervals import WEEKDAYS, BadTimes, fields_of, span_of, spans_of
from steward.response.triage.models import TimeInterval

MOST_ENTRIES = 20
MONO = {"class": "form-control mono", "spellcheck": "false", "autocomplete": "off"}


def _text(label: Any, placeholder: str, help_text: Any = "") -> forms.CharField:
    widget = forms.TextInput(attrs={**MONO, "placeholder": placeholder})
    return forms.CharField(label=label, required=False, max_length=500, widget=widget, help_text=help_text)


class IntervalForm(forms.Form):
    """The name by which routes know it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)


class SpanForm(forms.Form):
    """One entry; all that is filled in must hold."""

    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Days"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(day, DAY_NAMES[number]) for number, day in enumerate((*WEEKDAYS[1:], WEEKDAYS[0]))],
        help_text=gettext_lazy("None: every day."),
    )  # fmt: skip
    times = _text(
        gettext_lazy("Times"), "09:00-17:00, 22:00-06:00",
        gettext_lazy("From the first to before the second. A night over midnight counts for the days on which its hours lie."),
    )  # fmt: skip
    location = ZoneField(required=False, initial="UTC")
    days_of_month = _text(gettext_lazy("Days of the month"), "1:7, -1", gettext_lazy("-1 is the last one."))
    months = _text(gettext_lazy("Months"), "november:december")
    years = _text(gettext_lazy("Years"), "2027")

    def clean(self) -> dict[str, Any]:
        """Read the entry as it is stored, so that what is wrong is said here and not after saving."""
        values = super().clean() or {}
        self.span: dict[str, Any] = {}
        if self.errors:
            return values
        try:
            self.span = span_of(values)
        except BadTimes as error:
            text = _("“%(part)s” are no times. Write the first and the last, such as 09:00-17:00.")
            raise forms.ValidationError({"times": text % {"part": error.part}}) from error
        if self.span:
            try:
                parse([self.span])
            except IntervalError as error:
                raise forms.ValidationError(error.words.said(_)) from error
        return values


class BaseSpans(BaseFormSet):  # type: ignore[type-arg]
    """The entries; empty ones do not count, but one must be filled in."""

    def clean(self) -> None:
        if not any(self.errors) and not self.spec():
            raise forms.ValidationError(_("Fill in days, times or another field: what is always needs no name."))

    def spec(self) -> list[dict[str, Any]]:
        """What is stored."""
        return [form.span for form in self.forms if getattr(form, "span", None)]


Spans = formset_factory(
    SpanForm, formset=BaseSpans, extra=1, max_num=MOST_ENTRIES, absolute_max=MOST_ENTRIES, validate_max=True
)


def spans_form(data: Any, interval: TimeInterval | None) -> BaseSpans:
    """The entries of an interval, and an empty one."""
    initial = [fields_of(span) for span in spans_of(interval.spec)] if interval else []
    return cast("BaseSpans", Spans(data or None, initial=initial, prefix="span"))
