"""The form of a calendar that a schedule takes shifts from."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy


class CalendarForm(forms.Form):
    """An address or a file. Without either, what is there stays."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    url = forms.CharField(
        label=gettext_lazy("Address"), required=False, max_length=2000,
        help_text=gettext_lazy("Such as the secret iCal address of a Google or Outlook calendar. Read every 15 minutes."),
        widget=forms.TextInput(attrs={"placeholder": "https://…/basic.ics", "autocomplete": "off", "inputmode": "url"}),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("or a file"), required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".ics,text/calendar"}),
    )  # fmt: skip
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"), min_value=0, max_value=9, initial=0,
        help_text=gettext_lazy("Of events without a prefix. “[L2] Ann” has the priority 2, whatever stands here."),
    )  # fmt: skip
    as_overrides = forms.BooleanField(
        label=gettext_lazy("These are overrides"), required=False,
        help_text=gettext_lazy("They cover every layer. Overrides that are made here still win."),
    )  # fmt: skip
