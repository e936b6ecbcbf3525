"""Filters of the list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import ChoiceFilter, Choices, FilterSet, Sort, Text, TextFilter
from steward.people.accounts import queries as accounts
from steward.response.debt import wording
from steward.response.debt.queries import DEFAULT_DAYS

PERIOD_WORDS = [("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days"))]
SEVERITIES = [
    ("critical", _("critical")), ("error", _("error")), ("high", _("high")), ("warning", _("warning")),
    ("info", _("info")),
]  # fmt: skip


def _beginning(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return queryset.filter(name__istartswith=text)


class PeriodFilter(ChoiceFilter):
    """A choice that is always made: figures without a period mean nothing."""

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[list[str], list[str]]:
        values, notes = super().read(data, choices)
        return values or list(self.default), notes

    def canonical(self, data: QueryDict) -> list[str]:
        return [each for each in super().canonical(data) if each]

    def shown(self, value: list[str], choices: Choices | None) -> list[tuple[str, Text]]:
        """No chip: there is nothing to take away."""
        return []


class DebtFilters(FilterSet):
    """The list's filters; the period is one of them, and always set."""

    q = TextFilter(_("Name begins with"), apply=_beginning)
    days = PeriodFilter(_("Period"), choices=PERIOD_WORDS, field="days", default=[str(DEFAULT_DAYS)])
    service = ChoiceFilter(_("Service"), field="service_id")
    team = ChoiceFilter(_("Owner"), field="service__owner_team_id")
    severity = ChoiceFilter(_("Severity"), choices=SEVERITIES, field="severity", multiple=True)
    actionability = ChoiceFilter(
        _("Needed"), choices=list(wording.ACTIONABILITY.items()), field="actionability", multiple=True
    )
    advice = ChoiceFilter(_("Suggestion"), choices=list(wording.KINDS.items()), field="advice", multiple=True)
    sorts = {
        "cost": Sort(_("most expensive first"), ("-cost", "-id")),
        "pages": Sort(_("most pages first"), ("-pages", "-id")),
        "wakeups": Sort(_("most wake-ups first"), ("-wakeups", "-id")),
        "noise": Sort(_("most noise first"), ("-noisy", "-id")),
        "fired": Sort(_("most firings first"), ("-fired", "-id")),
    }


def filters(actor: Actor, data: QueryDict) -> DebtFilters:
    """The filters of this request, with the services and teams that this actor may see."""
    services = configuration.services(actor).order_by("name").values_list("pk", "name")
    return DebtFilters(data, choices={"service": services, "team": accounts.teams(actor).values_list("pk", "name")})


def period(chosen: DebtFilters) -> int:
    """The period that the filters name; exactly one is always meant."""
    value = chosen.values["days"]
    return int(value[0]) if value else DEFAULT_DAYS
