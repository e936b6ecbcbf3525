"""Pages of named times."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.views import page
from steward.response.triage import actions, queries
from steward.response.triage.interval_forms import IntervalForm, spans_form
from steward.response.triage.models import TimeInterval
from steward.response.triage.pages import tell


@page("routes.manage")
@require_http_methods(["GET", "POST"])
def create_interval(request: HttpRequest) -> HttpResponseBase:
    """New named times."""
    return _edit(request, None)


@page("routes.view")
@require_http_methods(["GET", "POST"])
def edit_interval(request: HttpRequest, interval_id: int) -> HttpResponseBase:
    """Named times; who may not change routes reads them."""
    return _edit(request, queries.interval_by_id(_actor(request), interval_id))


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _edit(request: HttpRequest, interval: TimeInterval | None) -> HttpResponseBase:
    actor = _actor(request)
    form = IntervalForm(request.POST or None, initial={"name": interval.name} if interval else None)
    if interval:
        form.fields["name"].disabled = True  # routes, versions and drafts know it by its name
    spans = spans_form(request.POST, interval)
    if request.method == "POST":
        actor.require("routes.manage")
        if form.is_valid() and spans.is_valid():
            try:
                saved = actions.save_interval(
                    actor=actor, now=clock.now(), name=form.cleaned_data["name"], spec=spans.spec(), new=not interval
                )
            except StewardError as error:
                tell(form, error)
            else:
                text = _("Saved. “%(name)s” is now version %(version)s.")
                messages.success(request, text % {"name": saved.name, "version": saved.version})
                return redirect("triage:pipeline")
    wrong = form.is_bound and not (form.is_valid() and spans.is_valid())
    context = {
        "form": form, "spans": spans, "interval": interval, "may_manage": actor.can("routes.manage"),
        "used_by": queries.using(interval.name) if interval else [],
    }  # fmt: skip
    return render(request, "triage/interval.html", context, status=422 if wrong or form.errors else 200)


@page("routes.manage")
@require_POST
def delete_interval(request: HttpRequest, interval_id: int) -> HttpResponseBase:
    """Remove named times that no route uses."""
    actions.delete_interval(actor=_actor(request), now=clock.now(), interval_id=interval_id)
    messages.success(request, _("Removed."))
    return redirect("triage:pipeline")
