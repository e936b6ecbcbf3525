"""Forms and list filters of services and items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from steward.estate.configuration import queries, rules
from steward.estate.configuration.models import RelationKind
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import ChoiceFilter, FilterSet, Sort, TextFilter
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
    """Lines of text that ``read`` turns into a value; its ValueError becomes the field's error."""

    def __init__(self, read: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(
            widget=forms.Textarea(attrs={"rows": 3, "class": "form-control mono"}), required=False, **kwargs
        )
        self._read = read

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return self._read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class ServiceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("What it is for"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    tier = forms.TypedChoiceField(label=_("Tier"), choices=TIERS, coerce=int, initial=3)
    owner_team_id = forms.TypedChoiceField(label=_("Owner team"), coerce=_number, empty_value=None, required=False)
    supplier_id = forms.TypedChoiceField(label=_("Supplier"), coerce=_number, empty_value=None, required=False)
    match_labels = LinesField(
        rules.read_labels, label=_("Labels of its alerts"),
        help_text=_("One name=value a line. An alert belongs to the service when it has all of them."),
    )  # fmt: skip
    links = LinesField(rules.read_links, label=_("Links"), help_text=_("One a line: title, a space, and the address."))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = accounts.teams(actor).order_by("name").values_list("pk", "name")
        suppliers = accounts.organisations(actor).filter(kind="supplier").order_by("name").values_list("pk", "name")
        cast("forms.ChoiceField", self.fields["owner_team_id"]).choices = [("", _("nobody")), *teams]
        cast("forms.ChoiceField", self.fields["supplier_id"]).choices = [("", _("none")), *suppliers]


class ItemForm(forms.Form):
    type = forms.CharField(label=_("Type"), max_length=60, help_text=_("Such as host, database or application."))
    name = forms.CharField(label=_("Name"), max_length=200)
    environment = forms.CharField(label=_("Environment"), max_length=40, required=False)
    service_id = forms.TypedChoiceField(label=_("Service"), coerce=_number, empty_value=None, required=False)
    labels = LinesField(
        rules.read_labels, label=_("Labels"),
        help_text=_("One name=value a line. An alert belongs to the item when it has all of them."),
    )  # fmt: skip

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = queries.services(actor).order_by("name").values_list("pk", "name")
        cast("forms.ChoiceField", self.fields["service_id"]).choices = [("", _("none")), *services]


class RelationForm(forms.Form):
    """A relation from the record whose page it stands on to a service or an item, by name."""

    kind = forms.ChoiceField(label=_("It"), choices=RelationKind.choices)
    target = forms.CharField(label=_("Name of the service or item"), max_length=200)


class ServiceFilters(FilterSet):
    q = TextFilter(_("Name"), fields=("name",))
    tier = ChoiceFilter(_("Tier"), choices=[(str(n), str(n)) for n in range(1, 5)], multiple=True)
    team = ChoiceFilter(_("Team"), field="owner_team_id")
    sorts = {"tier": Sort(_("tier"), ("tier", "name", "id")), "name": Sort(_("name"), ("name", "id"))}


class ItemFilters(FilterSet):
    q = TextFilter(_("Name"), fields=("name",))
    type = ChoiceFilter(_("Type"))
    environment = ChoiceFilter(_("Environment"))
    service = ChoiceFilter(_("Service"), field="service_id")
    sorts = {"name": Sort(_("name"), ("name", "id"))}


def service_filters(actor: Actor, data: QueryDict) -> ServiceFilters:
    return ServiceFilters(data, choices={"team": accounts.teams(actor).order_by("name").values_list("pk", "name")})


def item_filters(actor: Actor, data: QueryDict) -> ItemFilters:
    choices: dict[str, list[tuple[object, object]]] = {
        "type": [(word, word) for word in queries.item_types(actor)],
        "environment": [(word, word) for word in queries.environments(actor)],
        "service": list(queries.services(actor).order_by("name").values_list("pk", "name")),
    }
    return ItemFilters(data, choices=choices)
