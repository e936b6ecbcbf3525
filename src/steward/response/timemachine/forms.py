"""Forms of drafts and of versions to compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.ui.filters import ChoiceFilter, FilterSet, Sort, TextFilter
from steward.response.timemachine import queries
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.rules.loading import MOST_CHARACTERS

MONO = {"class": "form-control code", "spellcheck": "false", "autocomplete": "off", "wrap": "off"}
LIVE = "live"
VERSION = "version"
IMPORT = "alertmanager"
MOST_BYTES = 4 * MOST_CHARACTERS
NOBODY = "-"


class VersionFilters(FilterSet):
    """Of the list of versions."""

    q = TextFilter(
        gettext_lazy("Search"), fields=("author", "comment"), placeholder=gettext_lazy("Author or comment")
    )  # fmt: skip
    kind = ChoiceFilter(gettext_lazy("How"), choices=ConfigurationVersion.Kind.choices)
    sorts = {
        "newest": Sort(gettext_lazy("newest first"), ("-number",)),
        "oldest": Sort(gettext_lazy("oldest first"), ("number",)),
    }


class NewDraftForm(forms.Form):
    """A draft begins from something."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("What it is for")}),
    )  # fmt: skip
    origin = forms.ChoiceField(
        label=gettext_lazy("Begin with"), widget=forms.RadioSelect, initial=LIVE,
        choices=[
            (LIVE, gettext_lazy("the live configuration")), (VERSION, gettext_lazy("an older version")),
            (IMPORT, gettext_lazy("an alertmanager.yml")),
        ],
    )  # fmt: skip
    number = forms.IntegerField(
        label=gettext_lazy("Version"), required=False, min_value=1, max_value=2**31 - 1,
        help_text=gettext_lazy("The number of the older version."),
        widget=forms.NumberInput(attrs={"class": "form-control-short"}),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("alertmanager.yml"), required=False,
        help_text=gettext_lazy("Secrets in the file are not kept. Nothing changes live before you publish the draft."),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("or paste it"), required=False, max_length=MOST_CHARACTERS, strip=False,
        widget=forms.Textarea(attrs={**MONO, "rows": 10, "placeholder": "route:\n  receiver: team\n  routes: []"}),
    )  # fmt: skip

    def clean_file(self) -> str:
        """The file's text."""
        given = self.cleaned_data["file"]
        if given is None:
            return ""
        if given.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is too large to be an alertmanager.yml."))
        try:
            return str(given.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("This file is not text in UTF-8.")) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("origin") == VERSION and not data.get("number"):
            self.add_error("number", _("Say which version."))
        if data.get("origin") == IMPORT and not self.imported and "file" not in self.errors:
            self.add_error("text", _("Choose a file, or paste its text here."))
        return data

    @property
    def imported(self) -> str:
        """The text to import: of the file if there is one."""
        return self.cleaned_data.get("file") or self.cleaned_data.get("text") or ""


class DraftForm(forms.Form):
    """The draft's text as people edit it."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Configuration"), required=False, max_length=MOST_CHARACTERS, strip=False,
        widget=forms.Textarea(attrs={**MONO, "rows": 28, "data-editor": ""}),
    )  # fmt: skip


class PublishForm(forms.Form):
    """A note, and which revision the publisher has looked at."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    overwrite = forms.IntegerField(widget=forms.HiddenInput, required=False)
    comment = forms.CharField(
        label=gettext_lazy("What is it for?"), max_length=500, required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("For whoever asks later why this changed")}),
    )  # fmt: skip


class CommentForm(forms.Form):
    comment = forms.CharField(max_length=500, required=False)


class ReceiversForm(forms.Form):
    """For each receiver of an imported file the escalation policy that takes its place."""

    def __init__(self, found: Draft, policies: Iterable[str], data: Any = None) -> None:
        super().__init__(data, prefix="receiver")
        # Where no policy was put in its place yet, a receiver's name still stands where the policy's would.
        receivers, left = found.receivers, queries.policies_in(queries.parsed(found.text) or {})
        names = sorted(policies)
        choices = [("", _("decide later")), (NOBODY, _("nobody is paged")), *((name, name) for name in names)]
        self.receivers = [each for each in receivers if each["name"] in left]
        for number, each in enumerate(self.receivers):
            initial = each["name"] if each["name"] in names else ""
            self.fields[f"r{number}"] = forms.ChoiceField(
                label=each["name"], choices=choices, required=False, initial=initial, help_text=_used(each)
            )

    def chosen(self) -> dict[str, str | None]:
        """Receiver → policy, of those that were decided on."""
        found = {each["name"]: self.cleaned_data[f"r{number}"] for number, each in enumerate(self.receivers)}
        return {name: None if policy == NOBODY else policy for name, policy in found.items() if policy}


def _used(receiver: dict[str, Any]) -> str:
    kinds = ", ".join(receiver["kinds"]) or _("tells nobody")
    return _("line %(line)s: %(kinds)s; routes with it: %(used)s") % {
        "line": receiver["line"], "kinds": kinds, "used": receiver["used"]
    }  # fmt: skip


class CompareForm(forms.Form):
    """Any two versions."""

    left = forms.IntegerField(label=gettext_lazy("From version"), min_value=1, max_value=2**31 - 1)
    right = forms.IntegerField(label=gettext_lazy("to version"), min_value=1, max_value=2**31 - 1)
