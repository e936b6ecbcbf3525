"""Forms and list filters of services and items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from steward.estate.configuration import queries, writing
from steward.estate.configuration.models import RelationKind
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import ChoiceFilter, Choices, FilterSet, Sort, TextFilter
from steward.people.accounts import queries as accounts

TIERS = [
    (1, _("1: the business stops without it")),
    (2, _("2: the business limps without it")),
    (3, _("3: some people wait")),
    (4, _("4: nobody waits")),
]


def _number(text: str) -> int | None:
    return int(text) if text else None


class LinesField(forms.CharField):
    """Lines of text that ``read`` turns into a value, which ``check`` may complain about; both end at the field."""

    def __init__(self, read: Callable[[str], Any], check: Callable[[Any], str], **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
        super().__init__(widget=widget, required=False, max_length=50_000, **kwargs)
        self._read, self._check = read, check

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = self._read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        problem = self._check(found)
        if problem:
            raise forms.ValidationError(problem)
        return found


class ServiceForm(forms.Form):
    """A service as people write it."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("What it is for"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    tier = forms.TypedChoiceField(label=_("Tier"), choices=TIERS, coerce=int, initial=3)
    owner_team_id = forms.TypedChoiceField(label=_("Owner team"), coerce=_number, empty_value=None, required=False)
    supplier_id = forms.TypedChoiceField(label=_("Supplier"), coerce=_number, empty_value=None, required=False)
    match_labels = LinesField(
        writing.read_labels, writing.label_problem, label=_("Labels of its alerts"),
        help_text=_("One name=value a line. An alert belongs to the service when it has all of them; without any, none does."),
    )  # fmt: skip
    links = LinesField(
        writing.read_links, writing.link_problem, label=_("Links"),
        help_text=_("One a line: title, a space, and the address."),
    )  # fmt: skip

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = accounts.teams(actor).filter(organisation__kind="home").order_by("name").values_list("pk", "name")
        cast("forms.ChoiceField", self.fields["owner_team_id"]).choices = [("", _("nobody")), *teams]
        cast("forms.ChoiceField", self.fields["supplier_id"]).choices = [("", _("none")), *_suppliers(actor)]


class ItemForm(forms.Form):
    """An item as people write it."""

    type = forms.CharField(label=_("Type"), max_length=60, help_text=_("Such as host, database or application."))
    name = forms.CharField(label=_("Name"), max_length=200)
    environment = forms.CharField(label=_("Environment"), max_length=40, required=False)
    service_id = forms.TypedChoiceField(label=_("Service"), coerce=_number, empty_value=None, required=False)
    labels = LinesField(
        writing.read_labels, writing.label_problem, label=_("Labels"),
        help_text=_("One name=value a line. An alert belongs to the item when it has all of them; without any, none does."),
    )  # fmt: skip

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = queries.services(actor).order_by("name").values_list("pk", "name")
        cast("forms.ChoiceField", self.fields["service_id"]).choices = [("", _("none")), *services]


# How a relation reads from the record on whose page it is made: (kind, does it start there).
DIRECTIONS = {
    "depends_on": (RelationKind.DEPENDS_ON, True, _("depends on")),
    "runs_on": (RelationKind.RUNS_ON, True, _("runs on")),
    "needed_by": (RelationKind.DEPENDS_ON, False, _("is needed by")),
    "carries": (RelationKind.RUNS_ON, False, _("carries")),
}


class RelationForm(forms.Form):
    """A relation between the record whose page it stands on and another, which is found by its name."""

    kind = forms.ChoiceField(label=_("It"), choices=[(key, words) for key, (_k, _o, words) in DIRECTIONS.items()])
    other = forms.CharField(
        label=_("Service or item"), max_length=300,
        widget=forms.TextInput(
            attrs={
                "list": "relation-ends", "autocomplete": "off", "placeholder": _("Its name"),
                "hx-get": reverse_lazy("configuration:relation-ends"), "hx-trigger": "input changed delay:200ms",
                "hx-target": "#relation-ends",
            }
        ),
    )  # fmt: skip

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._actor = actor

    def clean_other(self) -> queries.End:
        text: str = self.cleaned_data["other"]
        found = queries.ends_called(self._actor, text)
        if not found:
            raise forms.ValidationError(gettext("No service and no item is called “%(name)s”.") % {"name": text})
        if len(found) > 1:
            names = "; ".join(end.text for end in found[:5])
            raise forms.ValidationError(
                gettext("Several items are called so. Choose one of: %(names)s") % {"names": names}
            )
        return found[0]

    def values(self, side: str, pk: int) -> dict[str, Any]:
        """What ``actions.add_relation`` takes, for the record on whose page the form stands."""
        kind, outgoing, _words = DIRECTIONS[self.cleaned_data["kind"]]
        other: queries.End = self.cleaned_data["other"]
        here, there = ("source", "target") if outgoing else ("target", "source")
        return {
            "kind": kind, f"{here}_{side}_id": pk,
            f"{there}_service_id": other.service_id, f"{there}_item_id": other.item_id,
        }  # fmt: skip


class LabelFilter(TextFilter):
    """Labels as ``name=value``, several with spaces between them; what cannot be read is noted and filters nothing."""

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[str, list[str]]:
        text, notes = super().read(data, choices)
        if text and read_label_search(text) is None:
            note = gettext("“%(text)s” was ignored: write labels as name=value.") % {"text": text[:40]}
            return "", [*notes, note]
        return text, notes


def read_label_search(text: str) -> dict[str, str] | None:
    """The labels of a search; nothing if it cannot be read. Values with spaces need a search of their own."""
    for lines in ("\n".join(text.split()), text):
        try:
            return writing.read_labels(lines)
        except ValueError:
            continue
    return None


def _labelled(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return queries.with_labels(queryset, read_label_search(text) or {})  # type: ignore[arg-type]


class ServiceFilters(FilterSet):
    """Filters of the list of services."""

    q = TextFilter(_("Name"), fields=("name",))
    tier = ChoiceFilter(_("Tier"), choices=[(str(n), str(n)) for n in range(1, 5)], multiple=True)
    team = ChoiceFilter(_("Team"), field="owner_team_id")
    supplier = ChoiceFilter(_("Supplier"), field="supplier_id")
    sorts = {
        "tier": Sort(_("tier"), ("tier", "name", "id")),
        "name": Sort(_("name"), ("name", "id")),
        "newest": Sort(_("newest first"), ("-id",)),
    }


class ItemFilters(FilterSet):
    """Filters of the list of items."""

    q = TextFilter(_("Name"), fields=("name",))
    labels = LabelFilter(_("Labels"), placeholder=_("label=value"), apply=_labelled)
    type = ChoiceFilter(_("Type"))
    environment = ChoiceFilter(_("Environment"))
    service = ChoiceFilter(_("Service"), field="service_id")
    sorts = {
        "name": Sort(_("name"), ("name", "id")),
        "type": Sort(_("type"), ("type", "name", "id")),
        "newest": Sort(_("newest first"), ("-id",)),
    }


def service_filters(actor: Actor, data: QueryDict) -> ServiceFilters:
    choices = {
        "team": accounts.teams(actor).filter(organisation__kind="home").order_by("name").values_list("pk", "name"),
        "supplier": _suppliers(actor),
    }
    return ServiceFilters(data, choices=choices)


def _suppliers(actor: Actor) -> list[tuple[int, str]]:
    found = accounts.organisations(actor).filter(kind="supplier").order_by("name")
    return list(found.values_list("pk", "name"))


def item_filters(actor: Actor, data: QueryDict) -> ItemFilters:
    choices: dict[str, list[tuple[object, object]]] = {
        "type": [(word, word) for word in queries.item_types(actor)],
        "environment": [(word, word) for word in queries.environments(actor)],
        "service": list(queries.services(actor).order_by("name").values_list("pk", "name")),
    }
    return ItemFilters(data, choices=choices)
