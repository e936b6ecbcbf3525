"""Sources: the list, making one, its keys and what of it could not be read."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import page
from steward.signals.alerts import actions, queries, shown
from steward.signals.alerts.forms import SourceEditForm, SourceForm
from steward.signals.alerts.models import Source
from steward.signals.alerts.pages.alerts import actor_of

RAW_SHOWN = 20_000
ACKNOWLEDGED_SHOWN = 5


@page("sources.view")
@require_safe
def source_list(request: HttpRequest) -> HttpResponseBase:
    """Every source with when it was last heard of."""
    actor = actor_of(request)
    context = {"lines": queries.source_lines(actor), "may_manage": actor.can("sources.manage")}
    return render(request, "alerts/sources.html", context)


@page("sources.manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """Make a source; the answer shows its key, this once."""
    chosen = (request.POST or request.GET).get("kind") or "alertmanager"
    # A form that is fetched again because another kind was chosen keeps what was typed.
    typed = {name: request.GET[name] for name in ("name", "kind", "resolve_timeout") if name in request.GET}
    form = SourceForm(request.POST or None, kind=chosen, initial=typed)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            source, key = actions.create_source(
                actor=actor_of(request), now=clock.now(), name=data["name"], kind=data["kind"],
                resolve_timeout=data["resolve_timeout"], secret=data.get("secret", ""),
            )  # fmt: skip
            return _with_key(request, source, key, rotated=False)
        except Invalid as error:
            _explain(form, error)
    status = 422 if request.method == "POST" else 200
    return render(request, "alerts/source_form.html", {"form": form}, status=status)


def _with_key(request: HttpRequest, source: Source, key: str, *, rotated: bool) -> HttpResponseBase:
    setup = shown.setup(load().public_url, key, source.kind)
    context = {"source": source, "path": f"/in/{key}", "setup": setup, "rotated": rotated}
    return render(request, "alerts/source_key.html", context)


def _explain(form: SourceForm, error: Invalid) -> None:
    for name, texts in (error.fields or {"name": [error.message]}).items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


@page("sources.view")
@require_safe
def detail(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """One source: its numbers, how to point a sender at it, and its parked payloads."""
    actor = actor_of(request)
    line = queries.source_line(actor, source_id)
    found = queries.parked(actor).filter(source=line.source)
    parked = paginate(found, request_params=request.GET.dict(), order=("-received_at", "-id"), size=20)
    setup = shown.setup(load().public_url, f"{line.source.key_prefix}…", line.source.kind)
    acknowledgements = queries.acknowledgements(actor).filter(source=line.source)[:ACKNOWLEDGED_SHOWN]
    context = {
        "line": line, "source": line.source, "page": parked, "setup": setup, "acknowledgements": acknowledgements,
    }  # fmt: skip
    return render(request, "alerts/source.html", {**context, "may_manage": actor.can("sources.manage")})


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Change name, timeout, or whether it is taken at all."""
    actor = actor_of(request)
    source = queries.source_by_id(actor, source_id)
    initial = {name: getattr(source, name) for name in ("name", "resolve_timeout", "enabled")}
    form = SourceEditForm(request.POST if request.method == "POST" else None, kind=source.kind, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        secret = "" if data.get("forget_secret") else data.get("secret") or None
        try:
            actions.update_source(
                actor=actor, now=clock.now(), source_id=source_id, name=data["name"],
                resolve_timeout=data["resolve_timeout"], enabled=data["enabled"], secret=secret,
            )  # fmt: skip
            messages.success(request, _("The source was changed."))
            return redirect("alerts:source", source_id)
        except Invalid as error:
            _explain(form, error)
    status = 422 if request.method == "POST" else 200
    return render(request, "alerts/source_form.html", {"form": form, "source": source}, status=status)


@page("sources.view")
@require_safe
def kind_file(request: HttpRequest, kind: str, name: str) -> HttpResponseBase:
    """A script that a sender needs, as it is shipped with the kind."""
    path = shown.shipped(kind, name)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/plain; charset=utf-8")


@page("sources.manage")
@never_cache
@require_POST
def rotate(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Give it a new key, shown this once; the old one stops working."""
    source, key = actions.rotate_key(actor=actor_of(request), now=clock.now(), source_id=source_id)
    return _with_key(request, source, key, rotated=True)


@page("sources.view")
@require_safe
def parked(request: HttpRequest, parked_id: int) -> HttpResponseBase:
    """One parked payload: raw, and why it could not be read."""
    actor = actor_of(request)
    found = queries.parked_by_id(actor, parked_id)
    raw = bytes(found.raw)
    context = {
        "parked": found,
        "raw": shown.readable(raw[:RAW_SHOWN]),
        "cut": len(raw) > RAW_SHOWN,
        "size": len(raw),
        "may_act": actor.can("sources.manage") and found.status == "parked",
    }
    return render(request, "alerts/parked.html", context)


@page("sources.manage")
@require_POST
def replay(request: HttpRequest, parked_id: int) -> HttpResponseBase:
    """Try to read it again."""
    actor = actor_of(request)
    try:
        number = actions.replay_parked(actor=actor, now=clock.now(), parked_id=parked_id)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("alerts:parked", parked_id)
    text = ngettext("%(n)s alert was taken in.", "%(n)s alerts were taken in.", number) % {"n": number}
    messages.success(request, text)
    return redirect("alerts:source", queries.parked_by_id(actor, parked_id).source_id)


@page("sources.manage")
@require_POST
def discard(request: HttpRequest, parked_id: int) -> HttpResponseBase:
    """Take it off the list; it stays on record."""
    found = actions.discard_parked(actor=actor_of(request), now=clock.now(), parked_id=parked_id)
    messages.success(request, _("The payload was discarded."))
    return redirect("alerts:source", found.source_id)
