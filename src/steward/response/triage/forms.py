"""Forms of routes. Matchers are text in Alertmanager's syntax; a severity map is one line a word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.algorithms.matching import MatcherError, parse_matchers
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.triage import queries
from steward.response.triage.actions import LONGEST_REOPEN, LONGEST_WAIT
from steward.response.triage.models import Route
from steward.response.triage.text import (
    TextError,
    format_severity_map,
    parse_labels,
    parse_names,
    parse_severity_map,
)

MONO = {"class": "form-control mono", "spellcheck": "false", "autocomplete": "off"}
# What the default route does not have: it takes everything, always, and comes last.
NOT_OF_DEFAULT = ("matchers", "continues", "enabled")


def _key(text: str) -> int | None:
    return int(text) if text else None


class RouteForm(forms.Form):
    """A route as people write it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    matchers = forms.CharField(
        label=gettext_lazy("Takes alerts with"), required=False, max_length=20_000,
        widget=forms.Textarea(attrs={**MONO, "rows": 3, "placeholder": 'severity="critical", env=~"prod.*"'}),
        help_text=gettext_lazy(
            "Alertmanager's syntax: =, !=, =~ and !~, separated by commas; all must hold. Empty takes every alert."
        ),
    )  # fmt: skip
    continues = forms.BooleanField(
        label=gettext_lazy("Let later routes take the alert too"), required=False,
    )  # fmt: skip
    group_by = forms.CharField(
        label=gettext_lazy("Group by"), required=False, max_length=4000,
        widget=forms.TextInput(attrs={**MONO, "placeholder": "alertname, service"}),
        help_text=gettext_lazy(
            "Alerts with the same values of these labels share an incident. Empty: all of the route share one. "
            "“...”: every alert has its own."
        ),
    )  # fmt: skip
    group_wait = forms.IntegerField(
        label=gettext_lazy("Group wait (seconds)"), min_value=0, max_value=LONGEST_WAIT, initial=30,
        help_text=gettext_lazy("How long the first alert of a group waits for others. 0 opens the incident at once."),
    )  # fmt: skip
    opens_incident = forms.BooleanField(
        label=gettext_lazy("Open an incident"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise the route only records what it saw."),
    )  # fmt: skip
    policy = forms.TypedChoiceField(
        label=gettext_lazy("Escalation policy"), required=False, coerce=_key, empty_value=None,
        help_text=gettext_lazy("Who is paged, and who next. Without one nobody is."),
    )  # fmt: skip
    service = forms.TypedChoiceField(
        label=gettext_lazy("Service"), required=False, coerce=_key, empty_value=None,
        help_text=gettext_lazy("Empty: the service whose labels are among the alert's."),
    )  # fmt: skip
    severity_map = forms.CharField(
        label=gettext_lazy("Severities"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={**MONO, "rows": 4, "placeholder": "critical = SEV1\nwarning = SEV3\n* = SEV4"}),
        help_text=gettext_lazy(
            "The alert's severity label = the incident's severity, one a line; * is for all others. What is not "
            "listed: page, emergency and disaster are SEV1, critical, high and major SEV2, warning and error SEV3, "
            "minor and info SEV4."
        ),
    )  # fmt: skip
    auto_resolve = forms.BooleanField(
        label=gettext_lazy("Resolve the incident with its last alert"), required=False, initial=True
    )
    reopen_minutes = forms.IntegerField(
        label=gettext_lazy("Reopen within (minutes)"), min_value=0, max_value=LONGEST_REOPEN, initial=30,
        help_text=gettext_lazy("An alert that fires again this soon reopens the incident; later it opens a new one."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=gettext_lazy("On"), required=False, initial=True)

    def __init__(self, actor: Actor, *args: Any, is_default: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_default = is_default
        for name in NOT_OF_DEFAULT if is_default else ():
            del self.fields[name]
        services = configuration.services(actor).order_by("name").values_list("pk", "name")
        policies = oncall.policies(actor).order_by("name").values_list("pk", "name")
        self._offer("service", [("", gettext_lazy("as the alert's labels say")), *services])
        self._offer("policy", [("", gettext_lazy("nobody is paged")), *policies])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean_matchers(self) -> str:
        text: str = self.cleaned_data["matchers"]
        try:
            parse_matchers(text)
        except MatcherError as error:
            raise forms.ValidationError(error.words.said(_)) from error
        return text

    def clean_group_by(self) -> list[str]:
        return parse_names(self.cleaned_data["group_by"])

    def clean_severity_map(self) -> dict[str, str]:
        try:
            return parse_severity_map(self.cleaned_data["severity_map"])
        except TextError as error:
            text = _("“%(line)s” cannot be read. Write a severity, =, and SEV1 to SEV4: critical = SEV1")
            raise forms.ValidationError(text % {"line": error.line}) from error

    def values(self) -> dict[str, Any]:
        """What the actions take."""
        other = {"service": "service_id", "policy": "policy_id"}
        return {other.get(name, name): value for name, value in self.cleaned_data.items()}


def values_of(route: Route) -> dict[str, Any]:
    """A stored route as the form shows it."""
    return {
        "name": route.name, "matchers": queries.matchers_text(route), "continues": route.continues,
        "group_by": ", ".join(route.group_by), "group_wait": route.group_wait,
        "opens_incident": route.opens_incident, "policy": route.policy_id or "", "service": route.service_id or "",
        "severity_map": format_severity_map(route.severity_map), "auto_resolve": route.auto_resolve,
        "reopen_minutes": route.reopen_minutes, "enabled": route.enabled,
    }  # fmt: skip


class TryForm(forms.Form):
    """A label set to try."""

    labels = forms.CharField(
        label=gettext_lazy("Labels"), max_length=20_000,
        widget=forms.Textarea(
            attrs={**MONO, "rows": 5, "placeholder": 'alertname="UploadErrorRate"\nseverity="critical"\nenv="prod"'}
        ),
    )  # fmt: skip

    def clean_labels(self) -> dict[str, str]:
        try:
            return parse_labels(self.cleaned_data["labels"].replace("\0", ""))
        except TextError as error:
            text = _('“%(line)s” is not a label. Write name="value", one a line.')
            raise forms.ValidationError(text % {"line": error.line}) from error
        except MatcherError as error:
            raise forms.ValidationError(error.words.said(_)) from error
