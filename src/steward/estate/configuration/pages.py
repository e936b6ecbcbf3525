"""Pages of services and items."""

from __future__ import annotations

from typing import Any, cast

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.estate.configuration import actions, queries, rules
from steward.estate.configuration.forms import ItemForm, RelationForm, ServiceForm, item_filters, service_filters
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import NotFound, StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page

SHOWN_ITEMS = 50


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("estate.view")
@require_safe
def services(request: HttpRequest) -> HttpResponseBase:
    """All services, tier 1 first."""
    actor = _actor(request)
    chosen = service_filters(actor, request.GET)
    found = chosen.apply(queries.services(actor).select_related("owner_team", "supplier"))
    context = {
        "filters": chosen,
        "page": paginate(found, request_params=request.GET.dict(), order=chosen.order),
        "may_manage": actor.can("estate.manage"),
    }
    return render(request, "configuration/services.html", context)


@page("estate.view")
@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One service: facts, items, what it depends on and what depends on it."""
    actor = _actor(request)
    found = queries.service_by_slug(actor, slug)
    outgoing, incoming = queries.relations(actor, service_id=found.pk)
    context = {
        "service": found,
        "items": queries.items(actor).filter(service=found).order_by("name", "id")[:SHOWN_ITEMS],
        "outgoing": outgoing,
        "incoming": incoming,
        "relation_form": RelationForm(),
        "may_manage": actor.can("estate.manage"),
    }
    return render(request, "configuration/service.html", context)


@page("estate.manage")
@require_http_methods(["GET", "POST"])
def service_new(request: HttpRequest) -> HttpResponseBase:
    actor = _actor(request)
    form = ServiceForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_service(actor=actor, now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("%(name)s is made.") % {"name": made.name})
            return redirect("configuration:service", made.slug)
    return _form(request, form, _("New service"), "configuration:services")


@page("estate.manage")
@require_http_methods(["GET", "POST"])
def service_edit(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = _actor(request)
    found = queries.service_by_slug(actor, slug)
    initial = {
        **{name: getattr(found, name) for name in ("name", "description", "tier", "owner_team_id", "supplier_id")},
        "match_labels": rules.write_labels(found.match_labels),
        "links": rules.write_links(found.links),
    }
    form = ServiceForm(actor, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_service(actor=actor, now=clock.now(), service_id=found.pk, **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("configuration:service", found.slug)
    return _form(request, form, found.name, "configuration:services")


@page("estate.view")
@require_safe
def items(request: HttpRequest) -> HttpResponseBase:
    """All items by name."""
    actor = _actor(request)
    chosen = item_filters(actor, request.GET)
    found = chosen.apply(queries.items(actor).select_related("service"))
    context = {
        "filters": chosen,
        "page": paginate(found, request_params=request.GET.dict(), order=chosen.order),
        "may_manage": actor.can("estate.manage"),
    }
    return render(request, "configuration/items.html", context)


@page("estate.view")
@require_safe
def items_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = _actor(request)
    chosen = item_filters(actor, request.GET)
    rows = chosen.apply(queries.items(actor).select_related("service")).order_by(*chosen.order)
    lines = (
        (
            each.type,
            each.name,
            each.environment,
            each.service.name if each.service else "",
            rules.write_labels(each.labels),
        )
        for each in rows.iterator(chunk_size=500)
    )
    return export_csv("items.csv", ["type", "name", "environment", "service", "labels"], lines, request=request)


@page("estate.view")
@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One item."""
    actor = _actor(request)
    found = queries.item_by_id(actor, pk)
    outgoing, incoming = queries.relations(actor, item_id=pk)
    context = {
        "item": found,
        "outgoing": outgoing,
        "incoming": incoming,
        "relation_form": RelationForm(),
        "may_manage": actor.can("estate.manage"),
    }
    return render(request, "configuration/item.html", context)


@page("estate.manage")
@require_http_methods(["GET", "POST"])
def item_new(request: HttpRequest) -> HttpResponseBase:
    actor = _actor(request)
    form = ItemForm(actor, request.POST or None, initial={"service_id": request.GET.get("service", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_item(actor=actor, now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("%(name)s is made.") % {"name": made.name})
            return redirect("configuration:item", made.pk)
    return _form(request, form, _("New item"), "configuration:items")


@page("estate.manage")
@require_http_methods(["GET", "POST"])
def item_edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    actor = _actor(request)
    found = queries.item_by_id(actor, pk)
    initial = {name: getattr(found, name) for name in ("type", "name", "environment", "service_id")}
    form = ItemForm(actor, request.POST or None, initial={**initial, "labels": rules.write_labels(found.labels)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_item(actor=actor, now=clock.now(), item_id=pk, **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("configuration:item", pk)
    return _form(request, form, found.name, "configuration:items")


@page("estate.manage")
@require_POST
def relation_add(request: HttpRequest, side: str, pk: int) -> HttpResponseBase:
    """Relate a service (``side`` is ``service``) or an item to another one, found by its name."""
    actor = _actor(request)
    form = RelationForm(request.POST)
    if form.is_valid():
        try:
            target = _target(actor, form.cleaned_data["target"])
            actions.add_relation(
                actor=actor, now=clock.now(), kind=form.cleaned_data["kind"], **{f"source_{side}_id": pk}, **target
            )
            messages.success(request, _("Related."))
        except StewardError as error:
            messages.error(request, error.message)
    else:
        messages.error(request, _("Write the name of a service or an item."))
    return _back(actor, side, pk)


@page("estate.manage")
@require_POST
def relation_remove(request: HttpRequest, side: str, pk: int, relation_id: int) -> HttpResponseBase:
    actor = _actor(request)
    actions.remove_relation(actor=actor, now=clock.now(), relation_id=relation_id)
    messages.success(request, _("The relation is removed."))
    return _back(actor, side, pk)


def _target(actor: Actor, name: str) -> dict[str, Any]:
    service = queries.services(actor).filter(name__iexact=name.strip()).first()
    if service is not None:
        return {"target_service_id": service.pk}
    item = queries.items(actor).filter(name__iexact=name.strip()).order_by("pk").first()
    if item is None:
        raise NotFound(_("No service and no item is called “%(name)s”.") % {"name": name})
    return {"target_item_id": item.pk}


def _back(actor: Actor, side: str, pk: int) -> HttpResponseBase:
    if side == "item":
        return redirect("configuration:item", pk)
    found = queries.services(actor).filter(pk=pk).first()
    return redirect("configuration:service", found.slug) if found else redirect("configuration:services")


def _form(request: HttpRequest, form: django_forms.Form, heading: str, back: str) -> HttpResponseBase:
    context = {"form": form, "heading": heading, "back": back}
    return render(request, "configuration/form.html", context, status=422 if request.method == "POST" else 200)


def _add_errors(form: django_forms.Form, error: StewardError) -> None:
    for name, texts in (error.fields or {"": [error.message]}).items():
        known = next((each for each in (name, f"{name}_id") if each in form.fields), None)
        form.add_error(known, texts)
