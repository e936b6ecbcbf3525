"""Forms and list filters of incidents."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.ui.filters import BoolFilter, ChoiceFilter, FilterSet, Sort, TextFilter
from steward.people.accounts import queries as accounts
from steward.response.incidents import queries
from steward.response.incidents.models import IncidentStatus, Severity
from steward.response.oncall import queries as oncall

SEVERITIES = [
    (Severity.SEV1, _("SEV1: customers cannot work")),
    (Severity.SEV2, _("SEV2: badly limited")),
    (Severity.SEV3, _("SEV3: limited, there is a way round")),
    (Severity.SEV4, _("SEV4: hardly noticed")),
]
# A list in a form must stay readable; with more people than this, the API or a search is the better way.
MOST_PEOPLE = 300
Number = forms.TypedChoiceField


def _number(text: str) -> int | None:
    return int(text) if text else None


def people(actor: Actor) -> list[tuple[int, str]]:
    """Whom an incident can be given to."""
    return [(user.pk, str(user)) for user in accounts.users(actor).active().order_by("name", "id")[:MOST_PEOPLE]]


class DeclareForm(forms.Form):
    """An incident by hand."""

    title = forms.CharField(label=_("What is wrong"), max_length=300)
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES, initial=Severity.SEV3)
    service = Number(label=_("Service"), coerce=_number, empty_value=None, required=False)
    policy = Number(
        label=_("Who is paged"), coerce=_number, empty_value=None, required=False,
        help_text=_("The escalation policy starts at once. Without one nobody is paged."),
    )  # fmt: skip
    description = forms.CharField(
        label=_("What is known"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = configuration.services(actor).order_by("name").values_list("pk", "name")
        policies = oncall.policies(actor).order_by("name").values_list("pk", "name")
        self._offer("service", [("", _("none or not known")), *services])
        self._offer("policy", [("", _("nobody")), *policies])

    def _offer(self, name: str, choices: list[Any]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices


class AssignForm(forms.Form):
    assignee = Number(label=_("Person"), coerce=_number, empty_value=None, required=False)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["assignee"]).choices = [("", _("nobody")), *people(actor)]


class SeverityForm(forms.Form):
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES)
    why = forms.CharField(label=_("Why"), max_length=500, required=False)


class MergeForm(forms.Form):
    into = forms.CharField(label=_("Merge into"), max_length=40)
    why = forms.CharField(label=_("Why"), max_length=500, required=False)


class SplitForm(forms.Form):
    """What is split off. Alerts and groups are boxes of the page, so that it can show what they are."""

    title = forms.CharField(label=_("What is wrong"), max_length=300)
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES)
    policy = Number(label=_("Escalation policy"), coerce=_number, empty_value=None, required=False)
    pages = forms.BooleanField(label=_("Page people now"), required=False)
    why = forms.CharField(label=_("Why"), max_length=500, required=False)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policies = oncall.policies(actor).order_by("name").values_list("pk", "name")
        cast("forms.ChoiceField", self.fields["policy"]).choices = [("", _("nobody")), *policies]


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=10_000,
        widget=forms.Textarea(
            attrs={
                "rows": 2, "class": "form-control", "aria-label": _("Note"),
                "placeholder": _("What you see, what you tried, what comes next"),
            }
        ),
    )  # fmt: skip


def _assigned(queryset: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    if values[0] == "none":
        return queryset.filter(assignee__isnull=True)
    return queryset.filter(assignee_id=int(values[0]))


class IncidentFilters(FilterSet):
    """The list's filters; without any it shows what someone still works on."""

    q = TextFilter(_("Title or number"), apply=queries.matching)
    status = ChoiceFilter(
        _("Status"), choices=IncidentStatus.choices, multiple=True,
        default=[IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED],
    )  # fmt: skip
    severity = ChoiceFilter(_("Severity"), choices=Severity.choices, multiple=True)
    service = ChoiceFilter(_("Service"), field="service_id")
    team = ChoiceFilter(_("Team"), field="service__owner_team_id")
    assignee = ChoiceFilter(_("Assignee"), apply=_assigned)
    unreached = BoolFilter(_("Nobody reached"), field="unreached")
    sorts = {
        "worst": Sort(_("worst first"), ("severity", "-opened_at", "-id")),
        "newest": Sort(_("newest first"), ("-opened_at", "-id")),
        "oldest": Sort(_("oldest first"), ("opened_at", "id")),
    }


def filters(actor: Actor, data: QueryDict) -> IncidentFilters:
    """The filters of this request, with the services and people that this actor may see."""
    services = configuration.services(actor).order_by("name").values_list("pk", "name")
    teams = accounts.teams(actor).values_list("pk", "name")
    mine = [(actor.user_id, _("me"))] if actor.user_id else []
    others = [choice for choice in people(actor) if choice[0] != actor.user_id]
    assignees = [*mine, ("none", _("nobody")), *others]
    return IncidentFilters(data, choices={"service": services, "team": teams, "assignee": assignees})
