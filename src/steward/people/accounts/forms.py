"""Forms of the room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from steward.foundation.ui.zones import ZoneField
from steward.people.accounts.models import OrganisationKind, Role
from steward.people.accounts.permissions import ALL_PERMISSIONS

Choices = Sequence[tuple[int, str]]


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _zone_field() -> ZoneField:
    return ZoneField(initial="UTC", help_text=_("Such as Europe/Berlin; times are shown in it."))


def _language_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser says")), *settings.LANGUAGES],
        help_text=_("Without a choice pages follow the browser, and messages speak this Steward's own language."),
    )  # fmt: skip


def _new_password(label: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=required, strip=False,
        help_text=_("At least 12 characters, not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


class PersonForm(forms.Form):
    """A person as an administrator changes them."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=200)
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("Pages go there while the person has no contact method.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)
    time_zone = _zone_field()
    language = _language_field()


class NewPersonForm(PersonForm):
    """A new person; without a password they cannot sign in until one is set."""

    username = forms.CharField(
        label=_("User name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("What they type to sign in. It stays."),
    )  # fmt: skip
    organisation_id = forms.TypedChoiceField(label=_("Organisation"), coerce=int)
    password = _new_password(_("Password"), required=False)
    field_order = ["username", "name", "email", "organisation_id", "role"]

    def __init__(self, *args: Any, organisations: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation_id"].choices = list(organisations)  # type: ignore[attr-defined]


class PasswordForm(forms.Form):
    """A new password for somebody else."""

    password = _new_password(_("New password"))


class OwnPasswordForm(PasswordForm):
    """A new password for oneself: the present one is asked for, because a session may be left open."""

    current = forms.CharField(
        label=_("Present password"), max_length=500, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    field_order = ["current", "password"]


class ProfileForm(forms.Form):
    """What people change about themselves."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=200)
    time_zone = _zone_field()
    language = _language_field()


class TeamForm(forms.Form):
    """A team with its members."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    member_ids = forms.TypedMultipleChoiceField(
        label=_("Members"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member_ids"].choices = list(people)  # type: ignore[attr-defined]


class OrganisationForm(forms.Form):
    """An organisation's name."""

    name = forms.CharField(label=_("Name"), max_length=200)


class NewOrganisationForm(OrganisationForm):
    """A customer or supplier; there is one home organisation, made by Steward."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[choice for choice in OrganisationKind.choices if choice[0] != OrganisationKind.HOME],
        help_text=_("Customers' and suppliers' people see only what is theirs."),
    )  # fmt: skip


class ApiKeyForm(forms.Form):
    """A new key for a program."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Which program uses it."))
    role = forms.ChoiceField(
        label=_("Role"), initial=Role.VIEWER,
        choices=[choice for choice in Role.choices if choice[0] not in {Role.CUSTOMER, Role.SUPPLIER}],
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("Only these permissions"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(name, name) for name in sorted(ALL_PERMISSIONS)],
        help_text=_("None chosen: all that the role has."),
    )  # fmt: skip
    expires_at = forms.DateField(
        label=_("Expires on"), required=False, help_text=_("At the beginning of this day. Empty: never."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip
