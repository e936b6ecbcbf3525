"""Pages of what is decided before the routes: inhibition rules, flap detection, topology."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.algorithms.intervals import parse
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.views import page
from steward.response.suppression import queries as suppression
from steward.response.triage import actions, meanwhile, queries
from steward.response.triage.forms import InhibitionForm, PipelineForm, values_of_inhibition, values_of_settings
from steward.response.triage.intervals import words
from steward.response.triage.models import InhibitionRule
from steward.response.triage.pages import tell

RUNS_SHOWN = 5


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("routes.view")
@require_safe
def inhibitions(request: HttpRequest) -> HttpResponseBase:
    """All inhibition rules, and how many alerts each holds now."""
    actor = _actor(request)
    held = queries.held_counts("inhibition")
    rows = [
        {
            "rule": rule, "source": queries.text_of(rule.source_matchers),
            "target": queries.text_of(rule.target_matchers), "held": held.get(rule.pk, 0),
        }
        for rule in queries.inhibitions(actor)
    ]  # fmt: skip
    return render(request, "triage/inhibitions.html", {"rows": rows, "may_manage": actor.can("routes.manage")})


@page("routes.manage")
@require_http_methods(["GET", "POST"])
def create_inhibition(request: HttpRequest) -> HttpResponseBase:
    """A new rule."""
    return _edit(request, None)


@page("routes.view")
@require_http_methods(["GET", "POST"])
def edit_inhibition(request: HttpRequest, rule_id: int) -> HttpResponseBase:
    """A rule; who may not change routes reads it."""
    return _edit(request, queries.inhibition_by_id(_actor(request), rule_id))


def _edit(request: HttpRequest, rule: InhibitionRule | None) -> HttpResponseBase:
    actor = _actor(request)
    form = InhibitionForm(request.POST or None, initial=values_of_inhibition(rule) if rule else None)
    if request.method == "POST":
        actor.require("routes.manage")
        if form.is_valid():
            try:
                saved = actions.save_inhibition(
                    actor=actor, now=clock.now(), rule_id=rule.pk if rule else None, **form.cleaned_data
                )
            except StewardError as error:
                tell(form, error)
            else:
                text = _("Saved. “%(name)s” is now version %(version)s.")
                messages.success(request, text % {"name": saved.name, "version": saved.version})
                return redirect("triage:inhibitions")
    context = {"form": form, "rule": rule, "may_manage": actor.can("routes.manage")}
    return render(request, "triage/inhibition.html", context, status=422 if form.is_bound and form.errors else 200)


@page("routes.manage")
@require_POST
def delete_inhibition(request: HttpRequest, rule_id: int) -> HttpResponseBase:
    """Remove a rule."""
    actions.delete_inhibition(actor=_actor(request), now=clock.now(), rule_id=rule_id)
    messages.success(request, _("Removed. What the rule held is judged anew."))
    return redirect("triage:inhibitions")


@page("routes.view")
@require_http_methods(["GET", "POST"])
def pipeline(request: HttpRequest) -> HttpResponseBase:
    """Flap detection and topology, for every alert."""
    actor = _actor(request)
    form = PipelineForm(request.POST or None, initial=values_of_settings(queries.settings(actor)))
    if request.method == "POST":
        actor.require("routes.manage")
        if form.is_valid():
            try:
                actions.save_settings(actor=actor, now=clock.now(), **form.cleaned_data)
            except StewardError as error:
                tell(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("triage:pipeline")
    now = clock.now()
    intervals = [
        {"interval": each, "words": words(each.spec), "holds": parse(each.spec).contains(now)}
        for each in queries.intervals(actor)
    ]
    sections = [
        (_("Flapping"), [form[name] for name in ("flap_changes", "flap_window", "flap_quiet")]),
        (_("Dependants"), [form[name] for name in ("topology", "topology_delay")]),
    ]
    context = {"form": form, "sections": sections, "intervals": intervals, "may_manage": actor.can("routes.manage")}
    return render(request, "triage/pipeline.html", context, status=422 if form.is_bound and form.errors else 200)


@page("alerts.view")
@require_safe
def window_panel(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """On a maintenance window's page: what fired while it held, of its latest runs."""
    actor = _actor(request)
    window = suppression.window_by_id(actor, window_id)
    runs = meanwhile.of_window(actor, window, clock.now(), most=RUNS_SHOWN)
    return render(request, "triage/window_panel.html", {"runs": runs, "recurs": bool(window.rrule), "now": clock.now()})
