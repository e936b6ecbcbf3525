"""Pages of replays: ask for one, watch it, stop it, see what would have been different."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.views import page
from steward.response.timemachine import actions, queries
from steward.response.timemachine.models import Replay
from steward.signals.alerts import queries as alerts

DAYS = (1, 7, 30, 90)


class ReplayForm(forms.Form):
    """How far back, and of which sources."""

    days = forms.TypedChoiceField(
        label=gettext_lazy("The last"), coerce=int, initial=7,
        choices=[(1, gettext_lazy("24 hours")), *((days, gettext_lazy("%s days") % days) for days in DAYS[1:])],
    )  # fmt: skip
    source = forms.TypedChoiceField(label=gettext_lazy("Alerts of"), coerce=int, empty_value=None, required=False)

    def __init__(self, actor: Actor, data: Any = None) -> None:
        super().__init__(data)
        names = alerts.sources(actor).order_by("name").values_list("pk", "name")
        field = cast("forms.TypedChoiceField", self.fields["source"])
        field.choices = [("", _("every source")), *names]


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("routes.view")
@require_safe
def panel(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """On a draft's page: the last replay, or that one is worth it. Loaded by htmx, and again while one runs."""
    actor = _actor(request)
    draft = queries.draft_by_id(actor, draft_id)
    context = {
        "draft": draft, "replay": queries.replays(actor, draft_id).first(), "form": ReplayForm(actor),
        "may_manage": actor.can("routes.manage"),
    }  # fmt: skip
    return render(request, "timemachine/replay_panel.html", context)


@page("routes.manage")
@require_POST
def start(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Replay the last days through a draft."""
    actor, now = _actor(request), clock.now()
    form = ReplayForm(actor, request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how far back, and one of the sources."))
        return redirect("timemachine:draft", draft_id)
    source = form.cleaned_data["source"]
    made = actions.ask_replay(
        actor=actor, now=now, draft_id=draft_id, start=now - timedelta(days=form.cleaned_data["days"]), end=now,
        sources=[source] if source else [],
    )  # fmt: skip
    return redirect("timemachine:replay", made.pk)


@page("routes.view")
@require_safe
def replay(request: HttpRequest, replay_id: int) -> HttpResponseBase:
    """A replay: how far it is, and then what would have been different."""
    found = queries.replay_by_id(_actor(request), replay_id)
    return render(request, "timemachine/replay.html", _context(request, found))


def _context(request: HttpRequest, found: Replay) -> dict[str, Any]:
    result = found.result or {}
    most = max((max(row[1:]) for row in result.get("people", ())), default=1) or 1
    people = [
        (name, live, draft, 100 * live // most, 100 * draft // most) for name, live, draft in result.get("people", ())
    ]
    hours = [(parse_datetime(at), live, draft) for at, live, draft in result.get("hours", ())]
    rows = [{**row, "at": _at(row["draft"] or row["live"]), "status": f"page-{row['kind']}",
             "was": _at(row["live"]) if row["live"] else None} for row in result.get("pages", ())]  # fmt: skip
    return {
        "replay": found, "result": result, "people": people, "hours": [row for row in hours if row[1] != row[2]],
        "rows": rows, "may_manage": _actor(request).can("routes.manage"),
        "differing": sum(result.get(kind, 0) for kind in ("added", "removed", "moved")),
    }  # fmt: skip


def _at(given: dict[str, str]) -> Any:
    return parse_datetime(given["at"])


@page("routes.manage")
@require_POST
def cancel(request: HttpRequest, replay_id: int) -> HttpResponseBase:
    """Stop it."""
    found = actions.cancel_replay(actor=_actor(request), now=clock.now(), replay_id=replay_id)
    messages.success(request, _("The replay is stopped."))
    return redirect("timemachine:draft", found.draft.pk)
