"""People: the list, one person, and an administrator's changes to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.people.accounts import actions, forms, listing, queries
from steward.people.accounts.models import User
from steward.people.accounts.pages.common import actor_of, show


@page("people.view")
@require_GET
def people(request: HttpRequest) -> HttpResponseBase:
    """Everybody the reader may see."""
    actor = actor_of(request)
    filters = listing.people(actor, request.GET)
    found = filters.apply(queries.users(actor).select_related("organisation").prefetch_related("teams"))
    shown = paginate(found, request_params=request.GET, order=filters.order)
    return render(request, "accounts/people.html", {"filters": filters, "page": shown})


@page("people.view")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same people as CSV."""
    actor = actor_of(request)
    filters = listing.people(actor, request.GET)
    found = filters.apply(queries.users(actor).select_related("organisation").prefetch_related("teams"))
    header = [
        "name",
        "user name",
        "e-mail",
        "role",
        "organisation",
        "teams",
        "state",
        "time zone",
        "language",
        "created",
    ]
    lines = (
        (
            each.name, each.username, each.email, each.role, each.organisation.name,
            ", ".join(sorted(team.name for team in each.teams.all())), "active" if each.is_active else "inactive",
            each.time_zone, each.language, each.created_at,
        )
        for each in found.order_by(*filters.order).iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("people.csv", header, lines, request=request)


@page("people.view")
@require_GET
def person(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """One person, with what other rooms know about them."""
    found = queries.visible_person(actor_of(request), user_id)
    context = {"person": found, "teams": found.teams.all(), "mine": actor_of(request).user_id == found.pk}
    return render(request, "accounts/person.html", context)


@sensitive_post_parameters("password")
@page("people.manage")
@require_http_methods(["GET", "POST"])
def new_person(request: HttpRequest) -> HttpResponseBase:
    """Create a person."""
    organisations = list(queries.organisations(actor_of(request)).order_by("kind", "name").values_list("pk", "name"))
    home = queries.home_organisation()
    form = forms.NewPersonForm(
        request.POST or None, organisations=organisations, initial={"organisation_id": home.pk if home else None}
    )
    if form.is_valid():
        values = {**form.cleaned_data, "password": form.cleaned_data["password"] or None}
        try:
            made = actions.create_user(actor=actor_of(request), now=clock.now(), **values)
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("%(person)s was added.") % {"person": made})
            return redirect("accounts:person", made.pk)
    return _form(request, form, _("New person"), None)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def edit_person(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Change a person."""
    found = queries.visible_person(actor_of(request), user_id)
    initial = {name: getattr(found, name) for name in forms.PersonForm.base_fields}
    form = forms.PersonForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            actions.update_user(actor=actor_of(request), now=clock.now(), user_id=user_id, **form.cleaned_data)
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:person", user_id)
    return _form(request, form, _("Edit person"), found)


@page("people.manage")
@require_POST
def switch_person(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Deactivate or reactivate a person."""
    active = request.POST.get("active") == "1"
    found = actions.update_user(actor=actor_of(request), now=clock.now(), user_id=user_id, is_active=active)
    text = _("%(person)s may sign in again.") if active else _("%(person)s cannot sign in any more and is not paged.")
    messages.success(request, text % {"person": found})
    return redirect("accounts:person", user_id)


@sensitive_post_parameters("password")
@page("people.manage")
@require_http_methods(["GET", "POST"])
def person_password(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Set somebody's password."""
    if user_id == actor_of(request).user_id:
        return redirect("accounts:profile")  # where the present password is asked for
    found = queries.visible_person(actor_of(request), user_id)
    form = forms.PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            actions.set_password(
                actor=actor_of(request), now=clock.now(), user_id=user_id, password=form.cleaned_data["password"]
            )
        except StewardError as error:
            show(error, form)
        else:
            messages.success(request, _("The password was set; all sessions of %(person)s ended.") % {"person": found})
            return redirect("accounts:person", user_id)
    return _form(request, form, _("Set a password"), found)


def _form(request: HttpRequest, form: Any, title: str, found: User | None) -> HttpResponseBase:
    context = {"form": form, "title": title, "person": found}
    return render(request, "accounts/person_form.html", context, status=422 if request.method == "POST" else 200)
