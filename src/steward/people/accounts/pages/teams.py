"""Teams and their members."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from steward.foundation import clock
from steward.foundation.errors import NotFound, StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.people.accounts import actions, forms, listing, queries
from steward.people.accounts.models import Organisation, Team, User
from steward.people.accounts.pages.common import actor_of, show


@page("people.view")
@require_GET
def teams(request: HttpRequest) -> HttpResponseBase:
    """Every team with its members."""
    members = Prefetch("members", User.objects.active().order_by("name", "pk"))
    actor = actor_of(request)
    filters = listing.teams(actor, request.GET)
    found = filters.apply(queries.teams(actor).select_related("organisation").prefetch_related(members))
    shown = paginate(found, request_params=request.GET, order=filters.order)
    return render(request, "accounts/teams.html", {"filters": filters, "page": shown})


@page("people.view")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same teams as CSV, a line for each member."""
    actor = actor_of(request)
    filters = listing.teams(actor, request.GET)
    found = filters.apply(queries.teams(actor)).order_by(*filters.order)
    rows = found.values_list("name", "description", "organisation__name", "members__name", "members__username")
    header = ["team", "description", "organisation", "member", "user name"]
    return export_csv("teams.csv", header, rows.iterator(chunk_size=500), request=request)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def new_team(request: HttpRequest) -> HttpResponseBase:
    """Create a team of the home organisation."""
    return _edit(request, None, queries.home_organisation())


@page("people.manage")
@require_http_methods(["GET", "POST"])
def edit_team(request: HttpRequest, team_id: int) -> HttpResponseBase:
    """Change a team and its members."""
    found = queries.teams(actor_of(request)).select_related("organisation").filter(pk=team_id).first()
    if found is None:
        raise NotFound(_("There is no such team."))
    return _edit(request, found, found.organisation)


def _edit(request: HttpRequest, found: Team | None, organisation: Organisation | None) -> HttpResponseBase:
    present = list(found.memberships.values_list("user_id", flat=True)) if found else []
    people = queries.users(actor_of(request)).filter(organisation=organisation).order_by("name", "pk")
    # Who is in the team stays selectable after they were deactivated; otherwise saving would drop them unseen.
    choices = [(each.pk, str(each)) for each in people if each.is_active or each.pk in present]
    initial = {"name": found.name, "description": found.description, "member_ids": present} if found else None
    form = forms.TeamForm(request.POST or None, people=choices, initial=initial)
    if form.is_valid():
        try:
            saved = _save(request, found, form.cleaned_data)
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("%(team)s was saved.") % {"team": saved})
            return redirect("accounts:teams")
    context = {"form": form, "team": found}
    return render(request, "accounts/team_form.html", context, status=422 if request.method == "POST" else 200)


def _save(request: HttpRequest, found: Team | None, values: dict[str, Any]) -> Team:
    if found is None:
        return actions.create_team(actor=actor_of(request), now=clock.now(), **values)
    return actions.update_team(actor=actor_of(request), now=clock.now(), team_id=found.pk, **values)
