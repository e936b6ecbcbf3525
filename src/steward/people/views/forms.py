"""The form of a saved view."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from steward.foundation.actors import Actor
from steward.people.views.actions import LONGEST_NAME, LONGEST_QUERY


class ViewForm(forms.Form):
    """Its name, and who sees it."""

    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "placeholder": _("Such as “Night shift”")}),
    )  # fmt: skip
    shared = forms.BooleanField(
        label=_("Share it with colleagues"), required=False,
        help_text=_("Everybody of your organisation who may open this list sees it."),
    )  # fmt: skip

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not actor.can("views.share"):
            del self.fields["shared"]


class NewViewForm(ViewForm):
    """Also what it keeps, and whether the list opens with it."""

    first = forms.BooleanField(
        label=_("Open the list with it"), required=False, help_text=_("Only for you; others choose for themselves.")
    )
    list = forms.CharField(max_length=40, widget=forms.HiddenInput)
    query = forms.CharField(max_length=LONGEST_QUERY, required=False, widget=forms.HiddenInput)
