"""Forms of contact methods."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from steward.response.notifications.models import Channel

# "Apprise" alone says nothing to somebody who wants to be reached on the phone.
KINDS = [(Channel.EMAIL, _("e-mail")), (Channel.APPRISE, _("push or chat, by an Apprise address"))]


class ContactMethodForm(forms.Form):
    """A new way to be reached. Whether the address can be used is for the action to say."""

    channel = forms.ChoiceField(label=_("Kind"), choices=KINDS, widget=forms.RadioSelect, initial="email")
    target = forms.CharField(
        label=_("Address"),
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_(
            "An e-mail address, or the Apprise address of a service: ntfy://…, slack://…, dingtalk://…, wecombot://…,"
            " feishu://…, tgram://… and a hundred more."
        ),
    )


class BundlingForm(forms.Form):
    """In how many seconds at most one message about incidents comes."""

    seconds = forms.IntegerField(
        label=_("At most one message about incidents in (seconds)"),
        required=False,
        widget=forms.NumberInput(attrs={"min": 0, "max": 3600, "inputmode": "numeric"}),
        help_text=_("The first page comes at once, what follows comes together. 0 sends every page by itself."),
    )
