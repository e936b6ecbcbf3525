"""Rules of enrichment: their order, each with a live trial, and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.errors import Invalid
from steward.foundation.ui.views import page
from steward.signals.alerts import queries, rehearsal, rulebook, tables
from steward.signals.alerts.errors import RuleNotFound
from steward.signals.alerts.forms_enrichment import FORMS, KIND_WORDS, RuleForm
from steward.signals.alerts.models import LookupTable
from steward.signals.alerts.pages.alerts import actor_of
from steward.signals.alerts.pages.mapping import explain

VERSIONS_SHOWN = 20


@page("sources.view")
@require_safe
def rule_list(request: HttpRequest) -> HttpResponseBase:
    """The rules in order, and what they were."""
    actor = actor_of(request)
    rules = rulebook.rules(actor)
    names = {each.pk: each.name for each in queries.sources(actor)}
    found = {each.table.name: each for each in tables.lines(actor)}
    context = {
        "rows": [
            {
                "rule": rule, "words": KIND_WORDS[rule["kind"]], "table": found.get(str(rule.get("table"))),
                "sources": [names.get(key, "?") for key in rule.get("sources") or []], "adds": _adds(rule),
                "first": place == 0, "last": place == len(rules) - 1, "n": place + 1,
            }
            for place, rule in enumerate(rules)
        ],
        "kinds": KIND_WORDS, "versions": rulebook.versions(actor)[:VERSIONS_SHOWN], "tables": found.values(),
        "may_manage": actor.can("sources.manage"),
    }  # fmt: skip
    return render(request, "alerts/enrichment.html", context)


def _adds(rule: Mapping[str, Any]) -> list[str]:
    """The names that a rule may add."""
    if rule["kind"] == "regex":
        return rulebook.groups(rule)
    return list(rule["columns"].values() if rule["kind"] == "lookup" else rule["values"])


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, rule_kind: str) -> HttpResponseBase:
    """A new rule, the last one."""
    if rule_kind not in FORMS:
        raise RuleNotFound(_("There is no such kind of rule."))
    return _edit(request, FORMS[rule_kind], None)


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, enrichment_id: int) -> HttpResponseBase:
    """A rule; every save is a new version of all of them."""
    rule = rulebook.rule_by_id(actor_of(request), enrichment_id)
    return _edit(request, FORMS[rule["kind"]], rule)


def _edit(request: HttpRequest, maker: type[RuleForm], rule: Mapping[str, Any] | None) -> HttpResponseBase:
    form = maker(request.POST if request.method == "POST" else None, initial=rule)
    if request.method == "POST" and form.is_valid():
        try:
            rulebook.save_rule(
                actor=actor_of(request), now=clock.now(), given=form.rule(), rule_id=rule["id"] if rule else None,
                note=form.cleaned_data["note"],
            )  # fmt: skip
            messages.success(request, _("The rule was saved. It is in force within seconds."))
            return redirect("alerts:enrichment")
        except Invalid as error:
            explain(form, error)
    words = KIND_WORDS[maker.kind]
    no_table = maker.kind == "lookup" and not LookupTable.objects.exists()
    context = {"form": form, "rule": rule, "kind": maker.kind, "words": words, "no_table": no_table}
    return render(request, "alerts/enrichment_rule.html", context, status=422 if request.method == "POST" else 200)


@page("sources.manage")
@require_POST
def rule_trial(request: HttpRequest, rule_kind: str) -> HttpResponseBase:
    """What the rules up to the one in the form make of the last alerts; stores nothing."""
    if rule_kind not in FORMS:
        raise RuleNotFound(_("There is no such kind of rule."))
    actor = actor_of(request)
    wanted = request.GET.get("rule", "")
    form = FORMS[rule_kind](request.POST)
    errors: dict[str, list[str]] = {}
    found: list[rehearsal.Tried] = []
    if form.is_valid():
        try:
            given = form.rule()
            rules = rehearsal.draft(actor, given, int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None)
            found = rehearsal.tried(actor, rules, given["sources"])
        except Invalid as error:
            errors = error.fields or {"": [error.message]}
    else:
        errors = {
            name: [str(each) for each in texts] for name, texts in form.errors.items() if name not in form.empty()
        }
    named = [(str(form.fields[name].label) if name in form.fields else name, texts) for name, texts in errors.items()]
    return render(request, "alerts/enrichment_trial.html", {"errors": named, "found": found, "empty": form.empty()})


@page("sources.manage")
@require_POST
def move(request: HttpRequest, enrichment_id: int) -> HttpResponseBase:
    """One place up or down."""
    actor = actor_of(request)
    ids = [each["id"] for each in rulebook.rules(actor)]
    if enrichment_id not in ids:
        raise RuleNotFound(_("There is no such rule."))
    place = ids.index(enrichment_id) + (-1 if request.POST.get("direction") == "up" else 1)
    rulebook.move_rule(actor=actor, now=clock.now(), rule_id=enrichment_id, position=place)
    return redirect("alerts:enrichment")


@page("sources.manage")
@require_POST
def switch(request: HttpRequest, enrichment_id: int) -> HttpResponseBase:
    """On or off."""
    actor = actor_of(request)
    enabled = request.POST.get("enabled") == "1"
    rulebook.switch_rule(actor=actor, now=clock.now(), rule_id=enrichment_id, enabled=enabled)
    messages.success(request, _("The rule is in force.") if enabled else _("The rule is switched off."))
    return redirect("alerts:enrichment")


@page("sources.manage")
@require_POST
def delete(request: HttpRequest, enrichment_id: int) -> HttpResponseBase:
    """Remove a rule."""
    rulebook.delete_rule(actor=actor_of(request), now=clock.now(), rule_id=enrichment_id)
    messages.success(request, _("The rule was removed. An earlier version brings it back."))
    return redirect("alerts:enrichment")


@page("sources.manage")
@require_POST
def restore(request: HttpRequest, enrichment_version: int) -> HttpResponseBase:
    """The rules as they were."""
    number = min(enrichment_version, 2**31 - 1)
    rulebook.restore_rules(actor=actor_of(request), now=clock.now(), number=number)
    messages.success(request, _("The rules are those of version %(n)s again.") % {"n": number})
    return redirect("alerts:enrichment")
