"""Forms of contact methods, of personal rules, and of the installation's channels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from steward.response.notifications import channels
from steward.response.notifications.channels.base import Field

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
DAYS = [
    (1, pgettext_lazy("day", "Mon")), (2, pgettext_lazy("day", "Tue")), (3, pgettext_lazy("day", "Wed")),
    (4, pgettext_lazy("day", "Thu")), (5, pgettext_lazy("day", "Fri")), (6, pgettext_lazy("day", "Sat")),
    (7, pgettext_lazy("day", "Sun")),
]  # fmt: skip


def field_of(given: Field, *, known: bool = False) -> forms.CharField:
    """A form field for something to fill in. A secret that is known need not be written again, and is not shown."""
    widget: forms.Widget = forms.TextInput(attrs=_PLAIN)
    if given.secret:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    elif given.lines:
        widget = forms.Textarea(attrs={**_PLAIN, "rows": 6})
    text = _("Known and not shown. Leave empty to keep it.") if given.secret and known else given.help
    required = given.required and not (given.secret and known)
    return forms.CharField(
        label=str(given.label), help_text=escape(text), required=required, max_length=8000, widget=widget
    )


class ContactMethodForm(forms.Form):
    """A new way to be reached. Whether the address can be used is for the action to say."""

    def __init__(self, data: Any = None, *, channel: str = "") -> None:
        choices = {name: each for name, each in channels.CHANNELS.items() if not each.by_device}
        chosen = (data or {}).get("channel", "") or channel
        self.chosen = choices.get(chosen) or choices["email"]
        super().__init__(data, initial={"channel": self.chosen.name})
        kinds = [(name, each.label) for name, each in choices.items()]
        self.fields["channel"] = forms.ChoiceField(widget=forms.HiddenInput, label=_("Kind"), choices=kinds)
        self.fields["target"] = field_of(self.chosen.address)
        for each in self.chosen.fields:
            self.fields[each.name] = field_of(each)

    def options(self) -> dict[str, str]:
        """What the channel takes beside the address."""
        return {each.name: self.cleaned_data.get(each.name, "") for each in self.chosen.fields}


class BundlingForm(forms.Form):
    """In how many seconds at most one message about incidents comes."""

    seconds = forms.IntegerField(
        label=_("At most one message about incidents in (seconds)"),
        required=False,
        widget=forms.NumberInput(attrs={"min": 0, "max": 3600, "inputmode": "numeric"}),
        help_text=_("The first page comes at once, what follows comes together. 0 sends every page by itself."),
    )


class QuietHoursForm(forms.Form):
    """When normal pages wait."""

    starts = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("In your own time zone; the next morning if it is not later. Leave both empty for none."),
    )  # fmt: skip
    days = forms.TypedMultipleChoiceField(
        label=_("Beginning on"), choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("No day chosen means every day."),
    )  # fmt: skip


class ChannelForm(forms.Form):
    """What a channel needs for the installation."""

    def __init__(
        self, data: Any = None, *, channel: channels.Channel, known: frozenset[str], initial: Any = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.channel = channel
        for each in channel.settings:
            if channel.made({}).keys() & {each.name}:
                continue
            self.fields[each.name] = field_of(each, known=each.name in known)
        self.fields["hourly"] = forms.IntegerField(
            label=_("At most so many messages a person and hour"), required=False, min_value=0, max_value=10_000,
            help_text=_("What is more comes in one message when the hour is over. 0: no limit; empty: as the channel has it."),
        )  # fmt: skip

    def values(self) -> dict[str, str]:
        """The settings, without the limit."""
        return {name: value for name, value in self.cleaned_data.items() if name != "hourly"}
