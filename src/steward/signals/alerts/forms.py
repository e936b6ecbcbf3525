"""Forms and list filters of alerts and sources."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import ChoiceFilter, Choices, FilterSet, Sort, TextFilter
from steward.signals.alerts import queries
from steward.signals.alerts.actions import LONGEST_TIMEOUT, SHORTEST_TIMEOUT
from steward.signals.alerts.errors import BadLabelSearch
from steward.signals.alerts.ingest.sources import KINDS, Kind
from steward.signals.alerts.models import AlertStatus

SEVERITIES = [
    ("critical", _("critical")),
    ("error", _("error")),
    ("high", _("high")),
    ("warning", _("warning")),
    ("info", _("info")),
    ("none", _("none")),
]


class LabelFilter(TextFilter):
    """Labels as ``name=value``; what cannot be read is noted and filters nothing."""

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[str, list[str]]:
        text, notes = super().read(data, choices)
        if text:
            try:
                queries.read_labels(text)
            except BadLabelSearch as error:
                return "", [*notes, error.message]
        return text, notes


def _with_labels(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return queries.labelled(queryset, queries.read_labels(text))  # type: ignore[arg-type]


def _named(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return queries.named(queryset, text)  # type: ignore[arg-type]


# What can hold an alert, as ``Alert.standing`` names it.
HELD = [
    ("any", _("anything")),
    ("silence", _("a silence")),
    ("maintenance", _("maintenance")),
    ("inhibition", _("an inhibition rule")),
    ("flapping", _("flap detection")),
    ("muted", _("the times of its route")),
]


def _held_by(queryset: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    return queries.held_by(queryset, values)  # type: ignore[arg-type]


class AlertFilters(FilterSet):
    """The list's filters; without any it shows what fires."""

    q = TextFilter(_("Name begins with"), apply=_named)
    labels = LabelFilter(_("Labels"), apply=_with_labels, placeholder=_("label=value"))
    status = ChoiceFilter(_("Status"), choices=AlertStatus.choices, multiple=True, default=[AlertStatus.FIRING])
    severity = ChoiceFilter(_("Severity"), choices=SEVERITIES, multiple=True)
    service = ChoiceFilter(_("Service"), field="service_id")
    source = ChoiceFilter(_("Source"), field="source_id")
    held = ChoiceFilter(_("Held by"), choices=HELD, multiple=True, apply=_held_by)
    sorts = {
        "changed": Sort(_("newest change first"), ("-changed_at", "-id")),
        "oldest": Sort(_("oldest change first"), ("changed_at", "id")),
        "name": Sort(_("by name"), ("name", "-changed_at", "-id")),
    }


def filters(actor: Actor, data: QueryDict) -> AlertFilters:
    """The filters of this request, with the services and sources that this actor may see."""
    services = configuration.services(actor).order_by("name").values_list("pk", "name")
    sources = queries.sources(actor).order_by("name").values_list("pk", "name")
    return AlertFilters(data, choices={"service": services, "source": sources})


SECRET = forms.PasswordInput(attrs={"autocomplete": "off"})
KINDS_BY_LABEL = sorted(KINDS.values(), key=lambda kind: (kind.name != "alertmanager", kind.label.lower()))


class SourceForm(forms.Form):
    """A new source. Choosing what sends asks for the form again: only some kinds have a secret."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("Such as “Prometheus, data centre north”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("What sends"), choices=lambda: [(kind.name, kind.label) for kind in KINDS_BY_LABEL],
        help_text=_("Decides which instructions are shown; every source takes every format."),
        widget=forms.Select(attrs={
            "hx-get": "", "hx-trigger": "change", "hx-include": "#id_name, #id_resolve_timeout",
            "hx-target": "#source-form", "hx-select": "#source-form", "hx-swap": "outerHTML",
        }),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("Signing secret or token"), required=False, max_length=4_000, widget=SECRET,
        help_text=_("With one, only what is signed with it or carries it is taken."),
    )  # fmt: skip
    resolve_timeout = forms.IntegerField(
        label=_("Resolve timeout (seconds)"), min_value=SHORTEST_TIMEOUT, max_value=LONGEST_TIMEOUT, initial=300,
        help_text=_(
            "An alert that brings no end of its own resolves when it is not heard of for so long. Prometheus brings one."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fit(KINDS.get(kind))

    def fit(self, kind: Kind | None) -> None:
        """Ask for a secret only where the kind has one, by the name that it has at the sender."""
        if kind is None or kind.verify is None:
            self.fields.pop("secret")
            self.fields.pop("forget_secret", None)
        elif kind.secret_label:
            named = _("Its name at %(kind)s: %(name)s.") % {"kind": kind.label, "name": kind.secret_label}
            self.fields["secret"].help_text = f"{named} {self.fields['secret'].help_text}"


class SourceEditForm(SourceForm):
    """What may change later: not the kind."""

    kind = None  # type: ignore[assignment]
    enabled = forms.BooleanField(
        label=_("Enabled"), required=False, help_text=_("A disabled source is answered 404, as if it did not exist.")
    )
    secret = forms.CharField(
        label=_("New signing secret or token"), required=False, max_length=4_000, widget=SECRET,
        help_text=_("Leave it empty to keep what there is."),
    )  # fmt: skip
    forget_secret = forms.BooleanField(
        label=_("Forget the secret"), required=False, help_text=_("The key in the address is enough from then on.")
    )
    field_order = ("name", "resolve_timeout", "secret", "forget_secret", "enabled")
