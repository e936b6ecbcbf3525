"""Pages of routes: the ordered list, a route, "try a label set", and the decisions on an alert."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.views import is_htmx, page
from steward.response.triage import actions, queries
from steward.response.triage.forms import RouteForm, TryForm, values_of
from steward.response.triage.models import Route
from steward.response.triage.text import format_labels
from steward.signals.alerts import queries as alerts

DECISIONS_SHOWN = 20
# Fields of actions that the form calls otherwise.
FORM_NAMES = {"service_id": "service", "policy_id": "policy", "parent_id": "parent"}


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("routes.view")
@require_safe
def route_list(request: HttpRequest) -> HttpResponseBase:
    """The routes in the order in which they are tried, and a label set to try on them."""
    actor = _actor(request)
    shown = queries.tree(actor)
    context = {
        "rows": shown, "may_manage": actor.can("routes.manage"),
        "try_form": TryForm(initial={"labels": request.GET.get("labels", "")[:20_000].replace("\0", "")}),
    }  # fmt: skip
    return render(request, "triage/list.html", context)


@page("routes.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """A new route, before the default one."""
    actor = _actor(request)
    form = RouteForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_route(actor=actor, now=clock.now(), **form.values())
        except StewardError as error:
            tell(form, error)
        else:
            messages.success(request, _("Route “%(name)s” is the last before the default one.") % {"name": made.name})
            return redirect("triage:list")
    return _form_page(request, form, None)


@page("routes.view")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, route_id: int) -> HttpResponseBase:
    """A route; who may not change routes reads it."""
    actor = _actor(request)
    route = queries.route_by_id(actor, route_id)
    form = RouteForm(actor, request.POST or None, initial=values_of(route), is_default=route.is_default, but=route.pk)
    if request.method == "POST":
        actor.require("routes.manage")
        if form.is_valid():
            try:
                saved = actions.update_route(actor=actor, now=clock.now(), route_id=route.pk, **form.values())
            except StewardError as error:
                tell(form, error)
            else:
                text = _("Saved. “%(name)s” is now version %(version)s.")
                messages.success(request, text % {"name": saved.name, "version": saved.version})
                return redirect("triage:list")
    return _form_page(request, form, route)


@page("routes.manage")
@require_POST
def move(request: HttpRequest, route_id: int) -> HttpResponseBase:
    """One place up or down."""
    actions.move_route(
        actor=_actor(request), now=clock.now(), route_id=route_id, up=request.POST.get("direction") != "down"
    )
    return redirect("triage:list")


@page("routes.manage")
@require_POST
def switch(request: HttpRequest, route_id: int) -> HttpResponseBase:
    """On or off."""
    enabled = request.POST.get("enabled") == "1"
    route = actions.enable_route(actor=_actor(request), now=clock.now(), route_id=route_id, enabled=enabled)
    text = _("“%(name)s” is on.") if enabled else _("“%(name)s” is off: alerts pass it by.")
    messages.success(request, text % {"name": route.name})
    return redirect("triage:list")


@page("routes.manage")
@require_POST
def delete(request: HttpRequest, route_id: int) -> HttpResponseBase:
    """Remove a route."""
    actions.delete_route(actor=_actor(request), now=clock.now(), route_id=route_id)
    messages.success(request, _("Removed. What the route decided stays on record."))
    return redirect("triage:list")


@page("routes.view")
@require_safe
def try_out(request: HttpRequest) -> HttpResponseBase:
    """Which route would take these labels, and who would be paged now."""
    form = TryForm(request.GET if "labels" in request.GET else None)
    context: dict[str, Any] = {"try_form": form}
    if form.is_bound and form.is_valid():
        labels = form.cleaned_data["labels"]
        context |= {"trial": queries.try_labels(_actor(request), labels, clock.now()), "labels": labels}
        context["text"] = format_labels(labels)
    template = "triage/trial.html" if is_htmx(request) else "triage/try.html"
    return render(request, template, context)


@page("routes.view")
@require_safe
def alert_panel(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """On an alert's page: what was decided on it and why."""
    actor = _actor(request)
    alert = alerts.alert_by_id(actor, alert_id)
    found = list(queries.decisions_on(actor, alert.pk)[: DECISIONS_SHOWN + 1])
    context = {
        "decisions": found[:DECISIONS_SHOWN], "more": len(found) > DECISIONS_SHOWN,
        "labels": format_labels({str(name): str(value) for name, value in alert.labels.items()}),
    }  # fmt: skip
    return render(request, "triage/alert_panel.html", context)


def _form_page(request: HttpRequest, form: RouteForm, route: Route | None) -> HttpResponse:
    context = {
        "form": form, "route": route, "may_manage": _actor(request).can("routes.manage"),
        "sections": _sections(form),
    }  # fmt: skip
    return render(request, "triage/form.html", context, status=422 if form.is_bound and form.errors else 200)


def _sections(form: RouteForm) -> list[tuple[str, list[Any]]]:
    """The form's fields under the questions they answer."""
    parts = (
        ("", ("name", "enabled")),
        (_("Which alerts"), ("matchers", "parent", "continues")),
        (_("Together"), ("group_by", "group_wait", "group_interval", "repeat_interval", "storm_groups")),
        (_("When"), ("mute_times", "active_times")),
        (_("What happens"), ("opens_incident", "policy", "service", "severity_map")),
        (_("Afterwards"), ("auto_resolve", "reopen_minutes")),
    )
    found = [(title, [form[name] for name in names if name in form.fields]) for title, names in parts]
    return [(title, fields) for title, fields in found if fields]


def tell(form: forms.BaseForm, error: StewardError) -> None:
    """Put an action's error beside its field."""
    for name, texts in error.fields.items():
        field = FORM_NAMES.get(name, name)
        form.add_error(field if field in form.fields else None, texts)
    if not error.fields:
        form.add_error(None, error.message)
