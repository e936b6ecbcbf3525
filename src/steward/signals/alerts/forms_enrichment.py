"""Forms of enrichment: its rules, one form a kind, and lookup tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from steward.signals.alerts.enriching import FIELDS, SERVICE_FIELDS
from steward.signals.alerts.forms_reading import CODE, PairsField
from steward.signals.alerts.models import LookupTable, Source


class RuleForm(forms.Form):
    """What all kinds have; the fields of a kind stand between name and target."""

    kind = ""
    name = forms.CharField(label=_("Name"), max_length=120)
    match = forms.CharField(
        label=_("Only alerts whose labels match"), required=False, max_length=4_000,
        help_text=_("Matchers such as env=\"prod\", host=~\"db-.*\". Labels are as the rules before left them."),
        widget=forms.TextInput(attrs=CODE),
    )  # fmt: skip
    target = forms.ChoiceField(
        label=_("What it finds becomes"), choices=[("labels", _("labels")), ("annotations", _("annotations"))],
        help_text=_("Routes, silences and groups look at labels. Annotations are for people to read."),
    )  # fmt: skip
    overwrite = forms.BooleanField(
        label=_("Overwrite what the alert has already"), required=False,
        help_text=_("Else a value that is there stays, and the receipt says so."),
    )  # fmt: skip
    sources = forms.ModelMultipleChoiceField(
        label=_("Only alerts of these sources"), queryset=Source.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: those of all sources."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=_("In force"), required=False, initial=True)
    note = forms.CharField(label=_("What is new"), required=False, max_length=300)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        chosen: Any = self.fields["sources"]
        chosen.queryset = Source.objects.order_by("name")
        last: list[str] = [
            name for name in ("target", "overwrite", "sources", "enabled", "note") if name in self.fields
        ]
        self.order_fields([*(name for name in self.fields if name not in last), *last])

    def empty(self) -> set[str]:
        """Fields that are still to be filled: a rule that is only begun is no mistake."""
        return {name for name in self.fields if self.has_error(name, "required")}

    def rule(self) -> dict[str, Any]:
        """The rule as it is stored."""
        data = {**self.cleaned_data, "kind": self.kind}
        data["sources"] = [each.pk for each in data["sources"]]
        return {name: data[name] for name in FIELDS[self.kind] if name in data}

    @staticmethod
    def initial_of(rule: Mapping[str, Any]) -> dict[str, Any]:
        return dict(rule)


class LookupForm(RuleForm):
    """From a table."""

    kind = "lookup"
    table = forms.ChoiceField(label=_("Table"))
    keys = PairsField(
        label=_("A row is found by"), rows=2, help_text=_("One a line: column = label of the alert, such as host = instance.")
    )  # fmt: skip
    columns = PairsField(label=_("What it adds"), help_text=_("One a line: column = new name, such as owner = team."))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        table: Any = self.fields["table"]
        table.choices = [(name, name) for name in LookupTable.objects.values_list("name", flat=True)]
        if not table.choices:
            table.help_text = _("There is no table yet: upload one first.")


class RegexForm(RuleForm):
    """Out of a text."""

    kind = "regex"
    of = forms.ChoiceField(
        label=_("Where it looks"), choices=[("labels", _("a label")), ("annotations", _("an annotation"))]
    )
    pattern = forms.CharField(
        label=_("Pattern"), max_length=1_000, widget=forms.TextInput(attrs=CODE),
        help_text=_("RE2 syntax, against the whole value. Each named group is added: (?P&lt;rack&gt;r[0-9]+)-.*"),
    )  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # A word of the language, so it is no attribute of the class.
        self.fields["from"] = forms.CharField(
            label=_("Its name"), max_length=200, widget=forms.TextInput(attrs=CODE),
            help_text=_("Such as instance or summary."),
        )  # fmt: skip
        self.order_fields(["name", "match", "of", "from", "pattern", *self.fields])


class JmespathForm(RuleForm):
    """By expressions over the alert."""

    kind = "jmespath"
    values = PairsField(
        label=_("What it adds"), rows=5,
        help_text=_("One a line: new name = expression, over labels, annotations, name, severity, status and url."),
    )  # fmt: skip


class ServiceForm(RuleForm):
    """From the service or item that the alert belongs to."""

    kind = "service"
    values = PairsField(
        label=_("What it adds"),
        help_text=_("One a line: new name = one of %(names)s.") % {"names": ", ".join(SERVICE_FIELDS)},
    )  # fmt: skip


FORMS: dict[str, type[RuleForm]] = {each.kind: each for each in (LookupForm, RegexForm, JmespathForm, ServiceForm)}
KIND_WORDS = {
    "lookup": (_("Lookup table"), _("values of a row that is found by labels of the alert"), "table"),
    "regex": (_("Pattern"), _("named groups of a pattern, out of a label or an annotation"), "code"),
    "jmespath": (_("JMESPath"), _("expressions over the whole alert"), "template"),
    "service": (_("Service or item"), _("what the estate knows of what the alert belongs to"), "sitemap"),
}


class TableForm(forms.Form):
    """A CSV file, or its text; which columns find a row is chosen beside the preview."""

    file = forms.FileField(
        label=_("CSV file"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        help_text=_("UTF-8, the names of the columns in the first line; commas, semicolons or tabs. At most 2 MiB."),
    )  # fmt: skip
    content = forms.CharField(
        label=_("or its text"), required=False, strip=False, widget=forms.Textarea(attrs={**CODE, "rows": 6})
    )
    note = forms.CharField(label=_("What is new"), required=False, max_length=300)


class NewTableForm(TableForm):
    """With a name."""

    name = forms.SlugField(
        label=_("Name"), max_length=60, help_text=_("Letters, digits, - and _. Rules call it by this."),
        widget=forms.TextInput(attrs=CODE),
    )  # fmt: skip
    field_order = ("name", "file", "content", "note")
