"""The form of a silence, and the filters of their list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from steward.algorithms.matching import Matcher, format_matchers
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import BoolFilter, ChoiceFilter, FilterSet, Sort, TextFilter
from steward.response.suppression import actions, queries
from steward.response.suppression.forms.plans import MONO, PlanForm, plan_values, read_matchers
from steward.response.suppression.models import Silence

# Labels that say which of many like it an alert is about; a silence of one alert is rarely about its severity.
LESS = {"severity", "priority"}
Labels = Mapping[str, str]


class SilenceForm(PlanForm):
    """A silence. From an alert's page its labels are boxes to tick; further matchers are text."""

    picked = forms.MultipleChoiceField(
        label=gettext_lazy("Alerts with all of"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Fewer ticks silence more alerts."),
    )  # fmt: skip
    matchers = forms.CharField(
        label=gettext_lazy("Matchers"), required=False, max_length=20_000,
        widget=forms.Textarea(attrs={**MONO, "rows": 3, "placeholder": 'alertname="DiskFull", instance=~"db-.*"'}),
        help_text=gettext_lazy("Alertmanager's syntax: =, !=, =~ and !~, separated by commas; all must hold."),
    )  # fmt: skip
    comment = forms.CharField(
        label=gettext_lazy("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For whoever wonders at night why nobody was paged."),
    )  # fmt: skip
    notice_minutes = forms.IntegerField(
        label=gettext_lazy("Tell me before it ends (minutes)"), required=False, min_value=0, max_value=10_080,
        widget=forms.NumberInput(attrs={"class": "form-control-short"}),
    )  # fmt: skip
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    WHAT = ("picked", "matchers")
    WHY = ("comment",)

    def __init__(self, *args: Any, labels: Labels | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labels = dict(sorted((labels or {}).items()))
        if not self.labels:
            del self.fields["picked"]
            return
        choices = [(name, f'{name}="{value}"') for name, value in self.labels.items()]
        self.fields["picked"].choices = choices  # type: ignore[attr-defined]
        self.fields["picked"].initial = [name for name in self.labels if name not in LESS]
        self.fields["matchers"].label = gettext_lazy("And also")

    def clean_matchers(self) -> tuple[Matcher, ...]:
        return read_matchers(self.cleaned_data["matchers"])

    def all_matchers(self) -> tuple[Matcher, ...]:
        """The ticked labels and the written matchers."""
        picked = [Matcher(name, "=", self.labels[name]) for name in self.cleaned_data.get("picked") or []]
        return (*picked, *self.cleaned_data.get("matchers", ()))

    def wish(self, now: datetime) -> actions.Wish:
        """What the actions take."""
        data = self.cleaned_data
        return actions.Wish(self.all_matchers(), data["comment"], self.plan(now), data["notice_minutes"] or None)

    def sections(self) -> list[tuple[str, list[Any]]]:
        """The fields in the order in which one thinks of them; what is asked at night comes first."""
        return [
            ("", [self[name] for name in (*self.WHAT, *self.WHY, "length", "ends_at") if name in self.fields]),
            (_("Later, again, and a notice"), [self[n] for n in ("starts_at", *self.RECURRENCE, "notice_minutes")]),
        ]


def silence_values(silence: Silence) -> dict[str, Any]:
    """A stored silence as the form shows it."""
    return {
        "matchers": format_matchers(silence.parsed)[1:-1], "comment": silence.comment,
        "notice_minutes": silence.notice_minutes, "version": silence.version, **plan_values(silence),
    }  # fmt: skip


def _in_states(queryset: Any, states: list[str]) -> Any:
    now = clock.now()
    found = queryset.none()
    for state in states:
        found = found | getattr(queryset, state)(now)
    return found


STATES = (
    ("active", gettext_lazy("active")),
    ("pending", pgettext_lazy("silence", "pending")),
    ("expired", gettext_lazy("expired")),
)


class SilenceFilters(FilterSet):
    """Of the list of silences; without an address what is not over."""

    q = TextFilter(
        gettext_lazy("Search"),
        fields=("comment", "author", "matchers"),
        placeholder=gettext_lazy("Comment, author, label"),
    )
    state = ChoiceFilter(
        gettext_lazy("State"), choices=STATES, apply=_in_states, multiple=True, default=("active", "pending")
    )
    author = ChoiceFilter(gettext_lazy("Made by"), field="created_by_id")
    recurring = BoolFilter(gettext_lazy("Recurring only"), apply=lambda queryset: queryset.exclude(rrule=""))
    sorts = {
        "newest": Sort(gettext_lazy("newest first"), ("-id",)),
        "oldest": Sort(gettext_lazy("oldest first"), ("id",)),
    }


def filters(actor: Actor, data: QueryDict) -> SilenceFilters:
    """The filters of this request; whoever reads is the first of the authors."""
    mine = [(actor.user_id, _("me"))] if actor.user_id else []
    others = [each for each in queries.authors(actor) if each[0] != actor.user_id]
    return SilenceFilters(data, choices={"author": [*mine, *others]})
