"""Customers and suppliers, and our own organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from steward.foundation import clock
from steward.foundation.errors import NotFound, StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.people.accounts import actions, forms, listing, queries
from steward.people.accounts.pages.common import actor_of, show


@page("people.view")
@require_GET
def organisations(request: HttpRequest) -> HttpResponseBase:
    """Every organisation with the number of its active people."""
    filters = listing.OrganisationFilters(request.GET)
    shown = paginate(_found(request, filters), request_params=request.GET, order=filters.order)
    return render(request, "accounts/organisations.html", {"filters": filters, "page": shown})


@page("people.view")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same organisations as CSV."""
    filters = listing.OrganisationFilters(request.GET)
    rows = _found(request, filters).order_by(*filters.order).values_list("name", "slug", "kind", "people", "created_at")
    header = ["name", "slug", "kind", "active people", "created"]
    return export_csv("organisations.csv", header, rows.iterator(chunk_size=500), request=request)


def _found(request: HttpRequest, filters: listing.OrganisationFilters) -> QuerySet[Any]:
    counted = queries.organisations(actor_of(request)).annotate(people=Count("users", Q(users__is_active=True)))
    return filters.apply(counted)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def new_organisation(request: HttpRequest) -> HttpResponseBase:
    """Create a customer or supplier."""
    form = forms.NewOrganisationForm(request.POST or None)
    if form.is_valid():
        try:
            made = actions.create_organisation(actor=actor_of(request), now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("%(organisation)s was added.") % {"organisation": made})
            return redirect("accounts:organisations")
    return _form(request, form, _("New organisation"))


@page("people.manage")
@require_http_methods(["GET", "POST"])
def edit_organisation(request: HttpRequest, organisation_id: int) -> HttpResponseBase:
    """Rename an organisation."""
    found = queries.organisations(actor_of(request)).filter(pk=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such organisation."))
    form = forms.OrganisationForm(request.POST or None, initial={"name": found.name})
    if form.is_valid():
        try:
            actions.update_organisation(
                actor=actor_of(request), now=clock.now(), organisation_id=found.pk, **form.cleaned_data
            )
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:organisations")
    return _form(request, form, _("Rename organisation"))


def _form(request: HttpRequest, form: forms.OrganisationForm, title: str) -> HttpResponseBase:
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/organisation_form.html", {"form": form, "title": title}, status=status)
