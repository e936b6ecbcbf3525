"""Forms of how sources are read: the mapping of JSON, and by which labels alerts are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from steward.signals.alerts.ingest.sources.generic.mapping import MAX_EXPIRES, NAMED, SINGLE

CODE = {"class": "mono", "spellcheck": "false", "autocomplete": "off"}


class PairsField(forms.CharField):
    """Lines such as ``name = value``, as an object."""

    def __init__(self, **more: Any) -> None:
        rows = more.pop("rows", 4)
        super().__init__(widget=forms.Textarea(attrs={**CODE, "rows": rows}), max_length=40_000, **more)

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            if not line.strip():
                continue
            name, equals, expression = line.partition("=")
            if not (equals and name.strip() and expression.strip()):
                text = gettext("Line %(n)s: write name = expression.") % {"n": number}
                raise forms.ValidationError(text)
            found[name.strip()] = expression.strip()
        return found

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name} = {each}" for name, each in value.items()) if isinstance(value, Mapping) else value


def _one(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=1_000, help_text=help_text, widget=forms.TextInput(attrs=CODE)
    )


class MappingForm(forms.Form):
    """Expressions for the parts of an alert."""

    alerts = _one(_("Where the alerts are"), _("A list or one object. Empty: the whole payload."))
    labels = PairsField(
        label=_("Labels"), required=False, rows=5,
        help_text=_("One a line: name = expression. “$.” looks at the whole payload, “$query.” at the address."),
    )  # fmt: skip
    more_labels = _one(_("An object whose fields are labels too"))
    annotations = PairsField(label=_("Annotations"), required=False, help_text=_("What may change while it fires."))
    more_annotations = _one(_("An object whose fields are annotations too"))
    severity = _one(_("Severity"))
    status = _one(_("Status"), _("Empty: it fires until it is not heard of for the source's resolve timeout."))
    resolved = forms.CharField(
        label=_("Words that mean resolved"), required=False, max_length=1_000, help_text=_("With commas between them."),
        widget=forms.TextInput(attrs=CODE),
    )  # fmt: skip
    starts_at = _one(_("Start"))
    ends_at = _one(_("End"))
    url = _one(_("Link"))
    key = _one(_("Key of the sender"), _("Where it has one, alerts are known by it and not by their labels."))
    expires_in = forms.IntegerField(
        label=_("Ends by itself after (seconds)"), required=False, min_value=1, max_value=MAX_EXPIRES
    )
    note = forms.CharField(label=_("What is new"), required=False, max_length=300)

    def document(self) -> dict[str, Any]:
        """The mapping as it is stored, without what is empty."""
        data = self.cleaned_data
        found: dict[str, Any] = {name: data[name] for name in (*SINGLE, *NAMED, "expires_in") if data.get(name)}
        words = [word.strip() for word in data.get("resolved", "").split(",") if word.strip()]
        return {**found, "resolved": words} if words else found

    @staticmethod
    def initial_of(document: Mapping[str, Any] | None) -> dict[str, Any]:
        given = dict(document or {})
        return {**given, "resolved": ", ".join(given.get("resolved", []))}


class IdentityForm(forms.Form):
    """By which labels an alert is known."""

    mode = forms.ChoiceField(
        label=_("An alert is the same while these are the same"),
        choices=[
            ("all", _("all labels that the sender brings")), ("only", _("only the labels below")),
            ("except", _("all but the labels below")),
        ],
    )  # fmt: skip
    labels = forms.CharField(
        label=_("Labels"), required=False, max_length=4_000, help_text=_("With commas between them, such as pod, instance."),
        widget=forms.TextInput(attrs=CODE),
    )  # fmt: skip
    folds = forms.BooleanField(
        label=_("Several of the sender's alerts may be this one at the same time"), required=False,
        help_text=_("Then its other labels stay as they were first; else they follow the newest report."),
    )  # fmt: skip

    def names(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["labels"].split(",") if name.strip()]
