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
from steward.response.triage.actions import LONGEST_INTERVAL, LONGEST_REOPEN, LONGEST_WAIT, MOST_STORM
from steward.response.triage.inhibiting import LONGEST
from steward.response.triage.models import InhibitionRule, Route, Settings
from steward.response.triage.text import (
    TextError,
    format_severity_map,
    parse_labels,
    parse_names,
    parse_severity_map,
)

MONO = {"class": "form-control mono", "spellcheck": "false", "autocomplete": "off"}
# What the default route does not have: it takes everything, always, and comes last.
NOT_OF_DEFAULT = ("matchers", "parent", "continues", "enabled", "mute_times", "active_times")


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
    parent = forms.TypedChoiceField(
        label=gettext_lazy("Below route"), required=False, coerce=_key, empty_value=None,
        help_text=gettext_lazy("It is only asked about alerts that this route takes, and takes them from it."),
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
    group_interval = forms.IntegerField(
        label=gettext_lazy("Group interval (seconds)"), min_value=0, max_value=LONGEST_INTERVAL, initial=300,
        help_text=gettext_lazy("How often at most responders hear that more alerts joined. 0: never."),
    )  # fmt: skip
    repeat_interval = forms.IntegerField(
        label=gettext_lazy("Repeat interval (seconds)"), min_value=0, max_value=LONGEST_INTERVAL, initial=14_400,
        help_text=gettext_lazy("After so long they are told that it still fires. 0: never."),
    )  # fmt: skip
    storm_groups = forms.IntegerField(
        label=gettext_lazy("Storm from (incidents a minute)"), min_value=0, max_value=MOST_STORM, initial=50,
        help_text=gettext_lazy("If the route would open more than so many within a minute, they become one. 0: never."),
    )  # fmt: skip
    mute_times = forms.MultipleChoiceField(
        label=gettext_lazy("Pages nobody in"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("What fires then pages when the time is over."),
    )  # fmt: skip
    active_times = forms.MultipleChoiceField(
        label=gettext_lazy("Pages only in"), required=False, widget=forms.CheckboxSelectMultiple,
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

    def __init__(
        self, actor: Actor, *args: Any, is_default: bool = False, but: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_default = is_default
        for name in NOT_OF_DEFAULT if is_default else ():
            del self.fields[name]
        services = configuration.services(actor).order_by("name").values_list("pk", "name")
        policies = oncall.policies(actor).order_by("name").values_list("pk", "name")
        self._offer("service", [("", gettext_lazy("as the alert's labels say")), *services])
        self._offer("policy", [("", gettext_lazy("nobody is paged")), *policies])
        if not is_default:
            others = queries.routes(actor).filter(is_default=False).exclude(pk=but or 0).values_list("pk", "name")
            self._offer("parent", [("", gettext_lazy("at the top")), *others])
            times = [(name, name) for name in queries.interval_names(actor)]
            for name in ("mute_times", "active_times"):
                if times:
                    self._offer(name, times)
                else:
                    del self.fields[name]

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
        other = {"service": "service_id", "policy": "policy_id", "parent": "parent_id"}
        return {other.get(name, name): value for name, value in self.cleaned_data.items()}


def values_of(route: Route) -> dict[str, Any]:
    """A stored route as the form shows it."""
    return {
        "name": route.name, "matchers": queries.matchers_text(route), "continues": route.continues,
        "group_by": ", ".join(route.group_by), "group_wait": route.group_wait,
        "opens_incident": route.opens_incident, "policy": route.policy_id or "", "service": route.service_id or "",
        "severity_map": format_severity_map(route.severity_map), "auto_resolve": route.auto_resolve,
        "reopen_minutes": route.reopen_minutes, "enabled": route.enabled, "parent": route.parent_id or "",
        "group_interval": route.group_interval, "repeat_interval": route.repeat_interval,
        "storm_groups": route.storm_groups, "mute_times": route.mute_times, "active_times": route.active_times,
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


class InhibitionForm(forms.Form):
    """An inhibition rule as people write it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    source = forms.CharField(
        label=gettext_lazy("While an alert fires with"), max_length=20_000,
        widget=forms.Textarea(attrs={**MONO, "rows": 2, "placeholder": 'alertname="HostDown"'}),
        help_text=gettext_lazy("Alertmanager's syntax: =, !=, =~ and !~, separated by commas; all must hold."),
    )  # fmt: skip
    target = forms.CharField(
        label=gettext_lazy("Alerts page nobody that have"), max_length=20_000,
        widget=forms.Textarea(attrs={**MONO, "rows": 2, "placeholder": 'severity=~"warning|info"'}),
    )  # fmt: skip
    equal = forms.CharField(
        label=gettext_lazy("And the same values of"), required=False, max_length=4000,
        widget=forms.TextInput(attrs={**MONO, "placeholder": "instance, cluster"}),
        help_text=gettext_lazy("Labels. Empty: any alert of the one side mutes all of the other."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=gettext_lazy("On"), required=False, initial=True)

    def _clean(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        try:
            parse_matchers(text)
        except MatcherError as error:
            raise forms.ValidationError(error.words.said(_)) from error
        return text

    def clean_source(self) -> str:
        return self._clean("source")

    def clean_target(self) -> str:
        return self._clean("target")

    def clean_equal(self) -> list[str]:
        return parse_names(self.cleaned_data["equal"])


def values_of_inhibition(rule: InhibitionRule) -> dict[str, Any]:
    """A stored rule as the form shows it."""
    return {
        "name": rule.name, "source": queries.text_of(rule.source_matchers),
        "target": queries.text_of(rule.target_matchers), "equal": ", ".join(rule.equal), "enabled": rule.enabled,
    }  # fmt: skip


class PipelineForm(forms.Form):
    """What holds for every alert."""

    flap_changes = forms.IntegerField(
        label=gettext_lazy("Changes that make an alert flap"), min_value=0, max_value=1000,
        help_text=gettext_lazy("0: flapping alerts are treated like all others."),
    )  # fmt: skip
    flap_window = forms.IntegerField(label=gettext_lazy("Within (seconds)"), min_value=0, max_value=LONGEST)
    flap_quiet = forms.IntegerField(
        label=gettext_lazy("Quiet after (seconds)"), min_value=0, max_value=LONGEST,
        help_text=gettext_lazy("Then what the alert is at that moment counts."),
    )  # fmt: skip
    topology = forms.BooleanField(
        label=gettext_lazy("Alerts of dependants join the incident of what they depend on"), required=False,
        help_text=gettext_lazy("As symptoms, with the path shown; nobody is paged for them alone."),
    )  # fmt: skip
    topology_delay = forms.IntegerField(
        label=gettext_lazy("Dependants wait for it (seconds)"), min_value=0, max_value=LONGEST,
        help_text=gettext_lazy("So that the cause's alert can arrive first."),
    )  # fmt: skip


def values_of_settings(settings: Settings) -> dict[str, Any]:
    """The stored settings as the form shows them."""
    return {name: getattr(settings, name) for name in PipelineForm.base_fields}
