"""The filters of this room's lists."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from steward.foundation.actors import Actor
from steward.foundation.ui.filters import ChoiceFilter, FilterSet, Sort, TextFilter
from steward.people.accounts import queries
from steward.people.accounts.models import OrganisationKind, Role

NAME = Sort(_("by name"), ("name", "id"))
NEWEST = Sort(_("newest first"), ("-id",))
IN_USE = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


class PeopleFilters(FilterSet):
    q = TextFilter(_("Search"), fields=("name", "username", "email"))
    role = ChoiceFilter(_("Role"), choices=Role.choices, multiple=True)
    team = ChoiceFilter(_("Team"), field="memberships__team_id")
    organisation = ChoiceFilter(_("Organisation"), field="organisation_id")
    state = ChoiceFilter(
        _("State"), default=["active"], choices=[("active", _("active")), ("inactive", _("inactive"))],
        apply=lambda queryset, values: queryset.filter(is_active=values[0] == "active"),
    )  # fmt: skip
    sorts = {"name": NAME, "newest": NEWEST}


class TeamFilters(FilterSet):
    q = TextFilter(_("Name"), fields=("name", "description"))
    organisation = ChoiceFilter(_("Organisation"), field="organisation_id")
    sorts = {"name": NAME, "newest": NEWEST}


class OrganisationFilters(FilterSet):
    q = TextFilter(_("Name"), fields=("name",))
    kind = ChoiceFilter(_("Kind"), choices=OrganisationKind.choices, multiple=True)
    sorts = {"name": NAME, "newest": NEWEST}


def _in_use(queryset: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    return queryset.filter(IN_USE if values[0] == "active" else ~IN_USE)


class KeyFilters(FilterSet):
    q = TextFilter(_("Name"), fields=("name", "prefix"))
    role = ChoiceFilter(_("Role"), choices=Role.choices, multiple=True)
    state = ChoiceFilter(
        _("State"), choices=[("active", _("active")), ("over", _("revoked or expired"))], apply=_in_use
    )
    sorts = {"newest": Sort(_("newest first"), ("-created_at", "-id")), "name": NAME}


def people(actor: Actor, data: QueryDict) -> PeopleFilters:
    """The filters of this request, with the teams and organisations that this actor may see."""
    choices = {"team": queries.teams(actor).values_list("pk", "name"), "organisation": _organisations(actor)}
    return PeopleFilters(data, choices=choices)


def teams(actor: Actor, data: QueryDict) -> TeamFilters:
    return TeamFilters(data, choices={"organisation": _organisations(actor)})


def _organisations(actor: Actor) -> Any:
    return queries.organisations(actor).values_list("pk", "name")
