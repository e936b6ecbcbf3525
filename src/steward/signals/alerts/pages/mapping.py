"""How a source's JSON is read: the mapping with its live trial and versions, and by which labels alerts are known."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.ui.views import page
from steward.signals.alerts import identity, queries, trial
from steward.signals.alerts import mapping as mappings
from steward.signals.alerts.forms_reading import IdentityForm, MappingForm
from steward.signals.alerts.ingest.sources.generic.examples import EXAMPLES, Example
from steward.signals.alerts.models import Source
from steward.signals.alerts.pages.alerts import actor_of

TRIED = 5
VERSIONS_SHOWN = 20


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """The mapping; every save is a new version."""
    actor = actor_of(request)
    source = queries.source_by_id(actor, source_id)
    example = _example(request)
    initial = MappingForm.initial_of(example.document if example else source.mapping)
    form = MappingForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = mappings.save_mapping(
                actor=actor, now=clock.now(), source_id=source_id, document=form.document(), note=form.cleaned_data["note"]
            )  # fmt: skip
            messages.success(request, _("Version %(n)s of the mapping is in force.") % {"n": made.number})
            return redirect("alerts:source-mapping", source_id)
        except Invalid as error:
            explain(form, error)
    context = {
        "source": source, "form": form, "examples": EXAMPLES, "example": example,
        "versions": queries.mapping_versions(source)[:VERSIONS_SHOWN],
    }  # fmt: skip
    return render(request, "alerts/mapping.html", context, status=422 if request.method == "POST" else 200)


def explain(form: Any, error: Invalid) -> None:
    """Put what is wrong beside the fields that it is wrong in."""
    for name, texts in (error.fields or {"": [error.message]}).items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


@page("sources.manage")
@require_POST
def mapping_trial(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """What the mapping in the form makes of the last payloads; stores nothing."""
    actor = actor_of(request)
    source = queries.source_by_id(actor, source_id)
    form = MappingForm(request.POST)
    errors: dict[str, list[str]] = {}
    requests = requests_of(actor, source, _example(request))
    results = [trial.Result(each, [], [], None) for each in requests]
    empty = not any(request.POST.get(name, "").strip() for name in form.fields)
    if not empty and form.is_valid():
        errors, read = trial.mapped(form.document(), requests)
        results = read or results
    elif not empty:
        errors = {name: [str(each) for each in texts] for name, texts in form.errors.items()}
    named = [(str(form.fields[name].label) if name in form.fields else name, texts) for name, texts in errors.items()]
    return render(request, "alerts/mapping_trial.html", {"errors": named, "results": results, "empty": empty})


def requests_of(actor: Actor, source: Source, example: Example | None = None) -> list[trial.Request]:
    """What to try on: the example's payload, what is parked, and the last that came."""
    found = [trial.Request(clock.now(), "json", {}, example.sample)] if example else []
    waiting = queries.parked_whole(actor, source)[:TRIED]
    found += [trial.Request(each.received_at, each.endpoint, each.context, bytes(each.raw)) for each in waiting]
    last = [each for each in queries.last_payloads(actor, source)[:TRIED] if each.is_kept]
    known = {each.body for each in found}
    return found + [
        trial.Request(each.at, each.endpoint, each.context, each.raw) for each in last if each.raw not in known
    ]


def _example(request: HttpRequest) -> Example | None:
    wanted = request.GET.get("example")
    return next((each for each in EXAMPLES if each.name == wanted), None)


@page("sources.manage")
@require_POST
def restore(request: HttpRequest, source_id: int, mapping_version: int) -> HttpResponseBase:
    """An older version becomes the newest one."""
    made = mappings.restore_mapping(
        actor=actor_of(request), now=clock.now(), source_id=source_id, number=mapping_version
    )
    messages.success(request, _("Version %(n)s of the mapping is in force.") % {"n": made.number})
    return redirect("alerts:source-mapping", source_id)


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def known_by(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """By which labels its alerts are known."""
    actor = actor_of(request)
    source = queries.source_by_id(actor, source_id)
    held = identity.from_json(source.identity)
    initial = {"mode": held.mode, "labels": ", ".join(sorted(held.labels)), "folds": held.folds}
    form = IdentityForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            mappings.set_identity(
                actor=actor, now=clock.now(), source_id=source_id, mode=form.cleaned_data["mode"],
                labels=form.names(), folds=form.cleaned_data["folds"],
            )  # fmt: skip
            messages.success(request, _("The source was changed."))
            return redirect("alerts:source", source_id)
        except Invalid as error:
            explain(form, error)
    firing = queries.source_line(actor, source_id).firing
    context = {"source": source, "form": form, "firing": firing}
    return render(request, "alerts/identity.html", context, status=422 if request.method == "POST" else 200)


@page("sources.manage")
@require_POST
def replay_all(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Read everything again that is parked."""
    actor = actor_of(request)
    queries.source_by_id(actor, source_id)
    read, failed = mappings.replay_all(actor=actor, now=clock.now(), source_id=source_id)
    text = ngettext("%(n)s payload was taken in.", "%(n)s payloads were taken in.", read) % {"n": read}
    if failed:
        more = ngettext("%(n)s still cannot be read.", "%(n)s still cannot be read.", failed) % {"n": failed}
        messages.error(request, f"{text} {more}")
    else:
        messages.success(request, text)
    return redirect("alerts:source", source_id)
