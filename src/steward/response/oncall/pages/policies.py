"""Escalation policies: the list, one policy with whom it would reach now, and the editor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.subjects import SubjectRef
from steward.foundation.ui.views import page
from steward.foundation.ui.zones import suggested
from steward.response.oncall import actions, forms, queries, rules
from steward.response.oncall.models import EscalationPolicy
from steward.response.oncall.pages.common import actor_of, people_choices, show, team_choices
from steward.response.oncall.queries.policies import names_of, plan_of, preview, with_steps


@page("oncall.view")
@require_GET
def policies(request: HttpRequest) -> HttpResponseBase:
    """Every policy with its steps in short."""
    found = list(with_steps(queries.policies(actor_of(request)).order_by("name")))
    names = names_of(found)
    listed = [{"policy": each, "steps": [_in_short(step) for step in plan_of(each, names).steps]} for each in found]
    context = {"policies": listed, "tab": "policies"}
    return render(request, "oncall/policies.html", context)


def _in_short(step: rules.Step) -> dict[str, Any]:
    return {
        "kind": step.kind, "label": step.label, "wait_minutes": step.wait_minutes, "only_if": step.only_if,
        "words": queries.step_words(step),
    }  # fmt: skip


@page("oncall.view")
@require_GET
def policy(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One policy, and whom it would page if it started now."""
    actor = actor_of(request)
    found = queries.policy_by_slug(actor, slug)
    steps = preview(plan_of(found), clock.now())
    context = {
        "policy": found,
        "steps": steps,
        "reached": sum(len(step.people) for step in steps),
        "may_manage": actor.can("oncall.manage"),
        "secret": actions.secret_of(found.pk, found.secret_number) if _shows_secret(actor, steps) else "",
    }
    return render(request, "oncall/policy.html", context)


def _shows_secret(actor: Actor, steps: list[queries.StepPreview]) -> bool:
    return actor.can("oncall.manage") and any(step.kind == rules.WEBHOOK for step in steps)


@page("oncall.manage")
@require_POST
def renew_secret(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Sign the webhooks with a new secret."""
    found = queries.policy_by_slug(actor_of(request), slug)
    actions.renew_secret(actor=actor_of(request), now=clock.now(), policy_id=found.pk)
    messages.success(request, _("The webhooks are signed with a new secret from now on."))
    return redirect("oncall:policy", slug=found.slug)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def new_policy(request: HttpRequest) -> HttpResponseBase:
    """Create a policy."""
    return _edit(request, None)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def edit_policy(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a policy; what is running keeps its version."""
    return _edit(request, queries.policy_by_slug(actor_of(request), slug))


@page("oncall.manage")
@require_POST
def delete_policy(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a policy no route uses."""
    found = queries.policy_by_slug(actor_of(request), slug)
    actions.delete_policy(actor=actor_of(request), now=clock.now(), policy_id=found.pk)
    messages.success(request, _("%(policy)s was deleted.") % {"policy": found.name})
    return redirect("oncall:policies")


@page("incidents.view")
@require_GET
def escalation_panel(request: HttpRequest, subject_id: int) -> HttpResponseBase:
    """On an incident's page: how far its escalation is."""
    actor = actor_of(request)
    view = queries.escalation_of(SubjectRef("incident", subject_id)) if actor.can("oncall.view") else None
    found = queries.policies(actor).filter(pk=view.policy_id).first() if view and view.policy_id else None
    return render(request, "oncall/escalation_panel.html", {"escalation": view, "policy": found})


def _edit(request: HttpRequest, found: EscalationPolicy | None) -> HttpResponseBase:
    actor = actor_of(request)
    rows = (
        [forms.StepRow.of(step, f"s{place}") for place, step in enumerate(plan_of(found).steps)]
        if found else _suggestion()
    )  # fmt: skip
    errors: list[str] = []
    form = forms.PolicyForm(
        request.POST or None,
        teams=team_choices(actor),
        initial={"name": found.name, "team": found.team_id, "repeat": found.repeat} if found else None,
    )
    if request.method == "POST":
        rows = forms.step_rows(request.POST)
        if form.is_valid():
            try:
                saved = _save(request, found, form.cleaned_data, rows)
            except (Invalid, Conflict) as error:
                errors = _place(show(error, form), rows)
            else:
                messages.success(request, _("%(policy)s was saved.") % {"policy": saved.name})
                return redirect("oncall:policy", slug=saved.slug)
    runbooks = queries.runbooks()
    chosen = {int(row.user) for row in rows if row.user.isdecimal()} | {key for row in rows for key in row.people}
    context = {
        "form": form,
        "policy": found,
        "rows": rows,
        "empty": forms.StepRow(),
        "spare": [forms.StepRow(mark="x1"), forms.StepRow(mark="x2")],
        "step_errors": errors,
        "kinds": forms.kinds(bool(runbooks)),
        "runbooks": runbooks,
        "severities": rules.SEVERITIES,
        "weekdays": _short_days(),
        "zones": suggested(),
        "zone": timezone.get_current_timezone_name(),
        "schedules": list(queries.schedules(actor).order_by("name").values_list("pk", "name")),
        "people": people_choices(actor, chosen),
        "teams": team_choices(actor),
    }
    return render(request, "oncall/policy_form.html", context, status=422 if request.method == "POST" else 200)


def _save(
    request: HttpRequest, found: EscalationPolicy | None, data: dict[str, Any], rows: list[forms.StepRow]
) -> EscalationPolicy:
    values: dict[str, Any] = {
        "actor": actor_of(request), "now": clock.now(), "name": data["name"], "team_id": data["team"],
        "repeat": data["repeat"], "steps": [row.to_step() for row in rows],
    }  # fmt: skip
    if found is None:
        return actions.create_policy(**values)
    return actions.update_policy(policy_id=found.pk, **values)


def _place(rest: dict[str, list[str]], rows: list[forms.StepRow]) -> list[str]:
    """Put complaints about single steps beside them; returns those about the steps as a whole."""
    for name, texts in rest.items():
        index = name.removeprefix("steps.")
        if index.isdecimal() and int(index) < len(rows):
            rows[int(index)].errors.extend(texts)
    return rest.get("steps", [])


def _suggestion() -> list[forms.StepRow]:
    """What a new policy begins with: who is on call, then some minutes to react."""
    return [forms.StepRow("notify_schedule", mark="s0"), forms.StepRow("wait", minutes="5", mark="s1")]


def _short_days() -> list[tuple[int, str]]:
    """Monday is 0."""
    return [(day, str(name)) for day, name in WEEKDAYS_ABBR.items()]
