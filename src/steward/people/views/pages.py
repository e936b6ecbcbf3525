"""Pages of saved views: a dialog that keeps or renames one, and what its menu does."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, NotFound
from steward.foundation.ui import lists
from steward.foundation.ui.views import is_htmx, page
from steward.people.views import actions, queries
from steward.people.views.forms import NewViewForm, ViewForm
from steward.people.views.models import SavedView


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page()
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """Keep the filters that the address names."""
    actor = _actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    listed = _list(actor, asked.get("list", ""))
    initial = {"list": listed.key, "query": asked.get("query", "")}
    form = NewViewForm(actor, request.POST or None, initial=initial)
    if form.is_valid():
        data = form.cleaned_data
        made = _try(
            form,
            lambda: actions.create_view(
                actor=actor, now=clock.now(), list_key=data["list"], name=data["name"], query=data["query"],
                shared=data.get("shared", False), first=data["first"],
            ),
        )  # fmt: skip
        if made is not None:
            messages.success(request, _("“%(view)s” was saved.") % {"view": made})
            return redirect(listed.address(made.query, made.pk))
    return _dialog(request, form, listed, _("Save view"), listed.address(initial["query"]))


@page()
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, view_id: int) -> HttpResponseBase:
    """Rename a view, share it or take it back."""
    actor = _actor(request)
    view = queries.view_by_id(actor, view_id)
    listed = _list(actor, view.list)
    form = ViewForm(actor, request.POST or None, initial={"name": view.name, "shared": view.shared})
    if form.is_valid():
        data = form.cleaned_data
        changed = _try(
            form,
            lambda: actions.update_view(
                actor=actor, now=clock.now(), view_id=view_id, name=data["name"], shared=data.get("shared")
            ),
        )
        if changed is not None:
            messages.success(request, _("“%(view)s” was changed.") % {"view": changed})
            return redirect(listed.address(changed.query, changed.pk))
    return _dialog(request, form, listed, _("Edit view"), listed.address(view.query, view.pk))


@page()
@require_POST
def replace(request: HttpRequest, view_id: int) -> HttpResponseBase:
    """Have the view keep the filters as they are now."""
    actor = _actor(request)
    view = actions.update_view(
        actor=actor, now=clock.now(), view_id=view_id, query=request.POST.get("query", "")
    )  # fmt: skip
    messages.success(request, _("“%(view)s” has these filters now.") % {"view": view})
    return redirect(_list(actor, view.list).address(view.query, view.pk))


@page()
@require_POST
def first(request: HttpRequest, view_id: int) -> HttpResponseBase:
    """Have the reader's list open with this view, or not any more."""
    actor = _actor(request)
    view = queries.view_by_id(actor, view_id)
    on = request.POST.get("on") == "1"
    actions.set_first_view(actor=actor, now=clock.now(), list_key=view.list, view_id=view.pk if on else None)
    text = _("The list opens with “%(view)s” from now on.") if on else _("The list opens without a view again.")
    messages.success(request, text % {"view": view} if on else text)
    return redirect(_list(actor, view.list).address(view.query, view.pk))


@page()
@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponseBase:
    """Remove a view."""
    actor = _actor(request)
    view = actions.delete_view(actor=actor, now=clock.now(), view_id=view_id)
    messages.success(request, _("“%(view)s” was deleted.") % {"view": view})
    return redirect(_list(actor, view.list).url)


def _list(actor: Actor, key: str) -> lists.ListPage:
    found = lists.by_key(key)
    if found is None or not found.open_to(actor):
        raise NotFound(_("There is no such list, or it is not yours to see."))
    return found


def _try(form: forms.Form, act: Any) -> SavedView | None:
    """What the action returns, or its complaint in the form."""
    try:
        return cast("SavedView", act())
    except (Invalid, Conflict) as error:
        for name, texts in (error.fields or {"": [error.message]}).items():
            for text in texts:
                form.add_error(name if name in form.fields else None, text)
    return None


def _dialog(
    request: HttpRequest, form: forms.Form, listed: lists.ListPage, title: str, back: str
) -> HttpResponse:  # fmt: skip
    """The form in a dialog, or on a page of its own without JavaScript and with errors."""
    context = {"form": form, "list": listed, "title": title, "back": back, "action": request.path}
    template = "views/dialog.html" if is_htmx(request) else "views/form.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)
