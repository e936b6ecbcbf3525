"""The form of a maintenance window."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.algorithms.matching import Matcher
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.suppression import actions, queries
from steward.response.suppression.forms.plans import MONO, UNTIL, PlanForm, plan_values, read_matchers
from steward.response.suppression.models import MaintenanceWindow
from steward.response.suppression.scope import Node

MOST_LINES = 50


class WindowForm(PlanForm):
    """Maintenance as people plan it."""

    title = forms.CharField(label=gettext_lazy("What is done"), max_length=200)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
    link = forms.URLField(
        label=gettext_lazy("Link"), required=False, max_length=500, assume_scheme="https",
        help_text=gettext_lazy("To the change or the plan."),
    )  # fmt: skip
    services = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Services"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    items = forms.CharField(
        label=gettext_lazy("Items"), required=False, max_length=20_000,
        widget=forms.Textarea(attrs={**MONO, "rows": 3, "placeholder": "db-3\nlb-1 (host, production)"}),
        help_text=gettext_lazy("Hosts, databases…, one name a line."),
    )  # fmt: skip
    dependants = forms.BooleanField(
        label=gettext_lazy("And what depends on them"), required=False,
        help_text=gettext_lazy("Whatever says in the estate that it depends on or runs on them, and so on."),
    )  # fmt: skip
    matchers = forms.CharField(
        label=gettext_lazy("Only alerts with"), required=False, max_length=20_000,
        widget=forms.TextInput(attrs={**MONO, "placeholder": 'severity!="critical"'}),
        help_text=gettext_lazy("Alertmanager's syntax. Empty: every alert in the scope."),
    )  # fmt: skip
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        offered = configuration.services(actor).order_by("name").values_list("pk", "name")
        self.fields["services"].choices = list(offered)  # type: ignore[attr-defined]

    def clean_items(self) -> list[int]:
        lines = [line.strip() for line in self.cleaned_data["items"].replace("\0", "").splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(_("At most %(n)s items here; the API takes more.") % {"n": MOST_LINES})
        return [self._item(line) for line in lines]

    def _item(self, line: str) -> int:
        found = [end for end in configuration.ends_called(self.actor, line) if end.item_id is not None]
        if not found:
            raise forms.ValidationError(_("There is no item “%(name)s”.") % {"name": line[:80]})
        if len(found) > 1:
            text = _("Several items are called “%(name)s”. Write one of: %(names)s")
            names = "; ".join(end.text for end in found[:5])
            raise forms.ValidationError(text % {"name": line[:80], "names": names})
        return found[0].item_id or 0

    def clean_matchers(self) -> tuple[Matcher, ...]:
        return read_matchers(self.cleaned_data["matchers"])

    def chosen(self) -> list[Node]:
        """What was chosen, as far as it can be read."""
        services: list[Node] = [("service", key) for key in self.cleaned_data.get("services") or []]
        return [*services, *(("item", key) for key in self.cleaned_data.get("items") or [])]

    def work(self, now: datetime) -> actions.Work:
        """What the actions take."""
        data = self.cleaned_data
        return actions.Work(
            title=data["title"], plan=self.plan(now), service_ids=data["services"], item_ids=data["items"],
            dependants=data["dependants"], matchers=data["matchers"], reason=data["reason"], link=data["link"],
        )  # fmt: skip

    def sections(self) -> list[tuple[str, list[Any]]]:
        """The fields in the order in which one plans."""
        return [
            ("", [self[name] for name in ("title", "reason", "link")]),
            (_("When"), [self[name] for name in (*self.WHEN, *self.RECURRENCE)]),
            (_("Scope"), [self[name] for name in ("services", "items", "dependants", "matchers")]),
        ]


def window_values(window: MaintenanceWindow) -> dict[str, Any]:
    """A stored window as the form shows it."""
    items = (f"{each.name} ({', '.join(p for p in (each.type, each.environment) if p)})" for each in window.items.all())
    return {
        "title": window.title, "reason": window.reason, "link": window.link, "dependants": window.dependants,
        "services": [each.pk for each in window.services.all()], "items": "\n".join(items),
        "matchers": queries.window_matchers_text(window), "version": window.version, **plan_values(window),
    }  # fmt: skip


def new_values(now: datetime) -> dict[str, Any]:
    """Where an empty form begins: planned work is written with its times."""
    return {"length": UNTIL, "starts_at": now}
