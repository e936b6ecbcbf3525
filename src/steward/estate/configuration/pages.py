"""Pages of services and items."""

from __future__ import annotations

from typing import cast

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.estate.configuration import actions, queries, writing
from steward.estate.configuration.forms import ItemForm, RelationForm, ServiceForm, item_filters, service_filters
from steward.estate.configuration.models import ConfigurationItem, Service
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page

SHOWN_ITEMS = 50
Text = str | Promise
SERVICES = (gettext_lazy("Services"), reverse_lazy("configuration:services"))
ITEMS = (gettext_lazy("Items"), reverse_lazy("configuration:items"))


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("estate.view")
@require_safe
def services(request: HttpRequest) -> HttpResponseBase:
    """All services, tier 1 first."""
    actor = _actor(request)
    chosen = service_filters(actor, request.GET)
    found = chosen.apply(queries.services(actor).select_related("owner_team", "supplier"))
    shown = paginate(found, request_params=request.GET.dict(), order=chosen.order)
    counts = queries.item_counts(actor, [each.pk for each in shown.items])
    context = {
        "filters": chosen, "page": shown, "rows": [(each, counts.get(each.pk, 0)) for each in shown.items],
        "may_manage": actor.can("estate.manage"),
    }  # fmt: skip
    return render(request, "configuration/services.html", context)


@page("estate.view")
@require_safe
def services_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = _actor(request)
    chosen = service_filters(actor, request.GET)
    rows = chosen.apply(queries.services(actor).select_related("owner_team", "supplier")).order_by(*chosen.order)
    header = ["name", "slug", "tier", "owner team", "supplier", "description", "labels"]
    lines = (
        (
            each.name, each.slug, each.tier, each.owner_team.name if each.owner_team else "",
            each.supplier.name if each.supplier else "", each.description, writing.write_labels(each.match_labels),
        )
        for each in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("services.csv", header, lines, request=request)


@page("estate.view")
@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One service: facts, items, what it depends on and what depends on it."""
    actor = _actor(request)
    return _service_page(request, queries.service_by_slug(actor, slug), RelationForm(actor))


def _service_page(request: HttpRequest, found: Service, form: RelationForm) -> HttpResponseBase:
    actor = _actor(request)
    outgoing, incoming = queries.relations(actor, service_id=found.pk)
    items = list(queries.items(actor).filter(service=found).order_by("name", "id")[: SHOWN_ITEMS + 1])
    context = {
        "service": found, "items": items[:SHOWN_ITEMS], "more_items": len(items) > SHOWN_ITEMS,
        "outgoing": outgoing, "incoming": incoming, "relation_form": form,
        "may_manage": actor.can("estate.manage"),
    }  # fmt: skip
    return render(request, "configuration/service.html", context, status=422 if form.is_bound else 200)


@page("estate.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def service_new(request: HttpRequest) -> HttpResponseBase:
    """Make a service."""
    actor = _actor(request)
    form = ServiceForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_service(actor=actor, now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": made.name})
            return redirect("configuration:service", made.slug)
    return _form(request, form, _("New service"), SERVICES)


@page("estate.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a service."""
    actor = _actor(request)
    found = queries.service_by_slug(actor, slug)
    initial = {
        **{name: getattr(found, name) for name in ("name", "description", "tier", "owner_team_id", "supplier_id")},
        "match_labels": writing.write_labels(found.match_labels),
        "links": writing.write_links(found.links),
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
    return _form(
        request, form, _("Edit service"), SERVICES, (found.name, reverse("configuration:service", args=[slug]))
    )


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
            writing.write_labels(each.labels),
        )
        for each in rows.iterator(chunk_size=500)
    )
    return export_csv("items.csv", ["type", "name", "environment", "service", "labels"], lines, request=request)


@page("estate.view")
@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One item."""
    actor = _actor(request)
    return _item_page(request, queries.item_by_id(actor, pk), RelationForm(actor))


def _item_page(request: HttpRequest, found: ConfigurationItem, form: RelationForm) -> HttpResponseBase:
    actor = _actor(request)
    outgoing, incoming = queries.relations(actor, item_id=found.pk)
    context = {
        "item": found, "outgoing": outgoing, "incoming": incoming, "relation_form": form,
        "may_manage": actor.can("estate.manage"),
    }  # fmt: skip
    return render(request, "configuration/item.html", context, status=422 if form.is_bound else 200)


@page("estate.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def item_new(request: HttpRequest) -> HttpResponseBase:
    """Make an item."""
    actor = _actor(request)
    form = ItemForm(actor, request.POST or None, initial={"service_id": request.GET.get("service", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_item(actor=actor, now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": made.name})
            return redirect("configuration:item", made.pk)
    return _form(request, form, _("New item"), ITEMS)


@page("estate.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def item_edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Change an item."""
    actor = _actor(request)
    found = queries.item_by_id(actor, pk)
    initial = {name: getattr(found, name) for name in ("type", "name", "environment", "service_id")}
    form = ItemForm(actor, request.POST or None, initial={**initial, "labels": writing.write_labels(found.labels)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_item(actor=actor, now=clock.now(), item_id=pk, **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("configuration:item", pk)
    return _form(request, form, _("Edit item"), ITEMS, (found.name, reverse("configuration:item", args=[pk])))


@page("estate.manage")
@require_POST
def service_delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Remove a service."""
    actor = _actor(request)
    found = queries.service_by_slug(actor, slug)
    actions.delete_service(actor=actor, now=clock.now(), service_id=found.pk)
    messages.success(request, _("%(name)s was removed.") % {"name": found.name})
    return redirect("configuration:services")


@page("estate.manage")
@require_POST
def item_delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Remove an item."""
    actor = _actor(request)
    found = queries.item_by_id(actor, pk)
    actions.delete_item(actor=actor, now=clock.now(), item_id=pk)
    messages.success(request, _("%(name)s was removed.") % {"name": found.name})
    return redirect("configuration:items")


@page("estate.manage")
@require_safe
def relation_ends(request: HttpRequest) -> HttpResponseBase:
    """Options for the other end of a relation, while it is typed."""
    text = request.GET.get("other", "").replace("\0", "").strip()[:300]
    found = queries.ends(_actor(request), text) if text else []
    return render(request, "configuration/ends.html", {"ends": found})


@page("estate.manage")
@require_POST
def service_relate(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Relate a service to another one or to an item."""
    actor = _actor(request)
    found = queries.service_by_slug(actor, slug)
    form = RelationForm(actor, request.POST)
    if _related(request, form, "service", found.pk):
        return redirect("configuration:service", slug)
    return _service_page(request, found, form)


@page("estate.manage")
@require_POST
def item_relate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Relate an item to a service or to another item."""
    actor = _actor(request)
    found = queries.item_by_id(actor, pk)
    form = RelationForm(actor, request.POST)
    if _related(request, form, "item", pk):
        return redirect("configuration:item", pk)
    return _item_page(request, found, form)


def _related(request: HttpRequest, form: RelationForm, side: str, pk: int) -> bool:
    if not form.is_valid():
        return False
    try:
        actions.add_relation(actor=_actor(request), now=clock.now(), **form.values(side, pk))
    except StewardError as error:
        form.add_error("other", error.message)
        return False
    messages.success(request, _("The relation was added."))
    return True


@page("estate.manage")
@require_POST
def relation_remove(request: HttpRequest, side: str, pk: int, relation_id: int) -> HttpResponseBase:
    """Take a relation away and go back to the page of ``side`` it was shown on."""
    actor = _actor(request)
    actions.remove_relation(actor=actor, now=clock.now(), relation_id=relation_id)
    messages.success(request, _("The relation was removed."))
    if side == "item":
        return redirect("configuration:item", pk)
    return redirect("configuration:service", queries.visible_service(actor, pk).slug)


def _form(request: HttpRequest, form: django_forms.Form, heading: str, *trail: tuple[Text, Text]) -> HttpResponseBase:
    """The form under the way to it; Cancel goes one step back on that way."""
    context = {"form": form, "heading": heading, "trail": trail, "back": trail[-1][1]}
    return render(request, "configuration/form.html", context, status=422 if request.method == "POST" else 200)


def _add_errors(form: django_forms.Form, error: StewardError) -> None:
    """Put an action's complaint beside the fields it is about, and what is about none of them above the form."""
    for name, texts in (error.fields or {"": [error.message]}).items():
        known = next((each for each in (name, f"{name}_id") if each in form.fields), None)
        form.add_error(known, texts)
