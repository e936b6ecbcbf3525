"""Pages of alerts, sources and what could not be read."""

from __future__ import annotations

from typing import Any, cast

from django import forms as django_forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.signals.alerts import actions, queries
from steward.signals.alerts.forms import SourceEditForm, SourceForm, filters

EXPORTED = 50_000
SHOWN_CHANGES = 100
SHOWN_PARKED = 20


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("alerts.view")
@require_safe
def alert_list(request: HttpRequest) -> HttpResponseBase:
    """All alerts, the last changed first."""
    actor = _actor(request)
    chosen = filters(actor, request.GET)
    found = paginate(chosen.apply(queries.alerts(actor)), request_params=request.GET.dict(), order=chosen.order)
    return render(request, "alerts/list.html", {"filters": chosen, "page": found})


@page("alerts.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = _actor(request)
    chosen = filters(actor, request.GET)
    rows = chosen.apply(queries.alerts(actor)).order_by(*chosen.order)[:EXPORTED]
    header = [
        "name",
        "status",
        "severity",
        "service",
        "source",
        "started",
        "ended",
        "last seen",
        "times fired",
        "labels",
    ]
    lines = (
        (
            each.name, each.status, each.severity, each.service.name if each.service else "", each.source.name,
            each.starts_at, each.ends_at, each.last_seen_at, each.fire_count,
            " ".join(f"{name}={value}" for name, value in sorted(each.labels.items())),
        )
        for each in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("alerts.csv", header, lines, request=request)


@page("alerts.view")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One alert: labels, history with reasons, and what was decided about it."""
    alert = queries.alert_by_id(_actor(request), pk)
    changes = list(queries.changes_of(alert)[:SHOWN_CHANGES])
    return render(request, "alerts/detail.html", {"alert": alert, "changes": changes})


@page("sources.view")
@require_safe
def source_list(request: HttpRequest) -> HttpResponseBase:
    """The sources, and what of theirs waits for a person."""
    actor = _actor(request)
    sources = queries.sources(actor).annotate(
        waiting=Count("parked", filter=Q(parked__replayed_at__isnull=True, parked__discarded_at__isnull=True))
    )
    context = {"sources": sources, "may_manage": actor.can("sources.manage"), "waiting": _waiting(actor)[:SHOWN_PARKED]}
    return render(request, "alerts/sources.html", context)


def _waiting(actor: Actor) -> Any:
    return (
        queries.parked(actor)
        .filter(replayed_at__isnull=True, discarded_at__isnull=True)
        .order_by("-received_at", "-id")
    )


@page("sources.manage")
@require_http_methods(["GET", "POST"])
def source_create(request: HttpRequest) -> HttpResponseBase:
    """Make a source; its path is shown once, with what to write into the sender's configuration."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source, key = actions.create_source(actor=_actor(request), now=clock.now(), **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            return _shown_once(request, source, key)
    status = 422 if request.method == "POST" else 200
    return render(request, "alerts/source_form.html", {"form": form}, status=status)


def _shown_once(request: HttpRequest, source: Any, key: str) -> HttpResponseBase:
    public = load().public_url
    scheme, _sep, rest = public.partition("://")
    host, _slash, prefix = rest.partition("/")
    path = f"/{prefix}/in/{key}" if prefix else f"/in/{key}"
    context = {"source": source, "path": path, "url": f"{scheme}://{host}{path}", "scheme": scheme, "host": host}
    return render(request, "alerts/source_key.html", context)


@page("sources.manage")
@require_http_methods(["GET", "POST"])
def source_edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Change a source, and see what of it could not be read."""
    actor = _actor(request)
    source = queries.source_by_id(actor, pk)
    initial = {"name": source.name, "resolve_timeout": source.resolve_timeout, "enabled": source.enabled}
    form = SourceEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_source(actor=actor, now=clock.now(), source_id=pk, **form.cleaned_data)
        except StewardError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("alerts:sources")
    context = {"source": source, "form": form, "waiting": _waiting(actor).filter(source=source)[:SHOWN_PARKED]}
    return render(request, "alerts/source.html", context, status=422 if request.method == "POST" else 200)


@page("sources.manage")
@require_POST
def source_rotate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the source a new path."""
    source, key = actions.rotate_key(actor=_actor(request), now=clock.now(), source_id=pk)
    return _shown_once(request, source, key)


@page("sources.manage")
@require_POST
def parked_act(request: HttpRequest, pk: int, verb: str) -> HttpResponseBase:
    """Replay or discard a parked payload."""
    try:
        if verb == "replay":
            n = actions.replay_parked(actor=_actor(request), now=clock.now(), parked_id=pk)
            messages.success(
                request, ngettext("%(n)s alert was taken in.", "%(n)s alerts were taken in.", n) % {"n": n}
            )
        else:
            actions.discard_parked(actor=_actor(request), now=clock.now(), parked_id=pk)
            messages.success(request, _("Discarded. It stays on record."))
    except StewardError as error:
        messages.error(request, error.message)
    return redirect("alerts:sources")


def _add_errors(form: django_forms.Form, error: StewardError) -> None:
    for name, texts in (error.fields or {"": [error.message]}).items():
        form.add_error(name if name in form.fields else None, texts)


@page("alerts.view")
@require_safe
def service_panel(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Firing alerts of a service, on its page."""
    found = queries.alerts(_actor(request)).firing().filter(service_id=pk).order_by("-changed_at", "-id")[:10]
    return render(request, "alerts/service_panel.html", {"alerts": found, "service_id": pk})
