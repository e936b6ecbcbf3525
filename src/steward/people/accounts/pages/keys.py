"""API keys: made, shown once, revoked."""

from __future__ import annotations

from datetime import date, datetime, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.people.accounts import actions, forms, listing, queries
from steward.people.accounts.pages.common import actor_of, show


@page("apikeys.manage")
@require_GET
def keys(request: HttpRequest) -> HttpResponseBase:
    """Every key, newest first."""
    filters = listing.KeyFilters(request.GET)
    found = filters.apply(queries.api_keys(actor_of(request)))
    shown = paginate(found, request_params=request.GET, order=filters.order)
    return render(request, "accounts/keys.html", {"filters": filters, "page": shown, "now": clock.now()})


@page("apikeys.manage")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """What is known of the keys as CSV; the keys themselves nobody knows."""
    filters = listing.KeyFilters(request.GET)
    found = filters.apply(queries.api_keys(actor_of(request))).order_by(*filters.order)
    header = ["name", "prefix", "role", "scopes", "made", "made by", "expires", "revoked", "last used"]
    lines = (
        (
            key.name, key.prefix, key.role, ", ".join(key.scopes), key.created_at, key.created_by, key.expires_at,
            key.revoked_at, key.last_used_at,
        )
        for key in found.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("api-keys.csv", header, lines, request=request)


@page("apikeys.manage")
@require_http_methods(["GET", "POST"])
def new_key(request: HttpRequest) -> HttpResponseBase:
    """Make a key. The answer to the form shows it, and nothing can show it again: a redirect would have to keep it."""
    form = forms.ApiKeyForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            key, raw = actions.create_api_key(
                actor=actor_of(request), now=clock.now(), name=data["name"], role=data["role"], scopes=data["scopes"],
                expires_at=_beginning(data["expires_at"]),
            )  # fmt: skip
        except StewardError as error:
            show(error, form)
        else:
            return render(request, "accounts/key_made.html", {"key": key, "raw": raw}, status=201)
    return render(request, "accounts/key_form.html", {"form": form}, status=422 if request.method == "POST" else 200)


@page("apikeys.manage")
@require_POST
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponseBase:
    """Revoke a key."""
    key = actions.revoke_api_key(actor=actor_of(request), now=clock.now(), key_id=key_id)
    messages.success(request, _("%(key)s was revoked; programs that use it are refused from now on.") % {"key": key})
    return redirect("accounts:api-keys")


def _beginning(day: date | None) -> datetime | None:
    # In the reader's zone, in which the form was filled in.
    return datetime.combine(day, time(), timezone.get_current_timezone()) if day else None
