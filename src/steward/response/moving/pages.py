"""Moving in: upload an export, see the plan, apply it."""

from __future__ import annotations

import json
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.ui.views import page
from steward.response.moving import actions, reading, sources, wording
from steward.response.moving.results import CANNOT, CHANGE, KEPT, MAKE, SAME, Result

# An uploaded export waits so long for "apply"; it is in the cache, not among the records.
KEPT_SECONDS = 3600


class MoveForm(forms.Form):
    """Where from, and the files."""

    source = forms.ChoiceField(
        label=gettext_lazy("From"), choices=[(key, module.LABEL) for key, module in sources.KINDS.items()]
    )
    file = forms.FileField(
        label=gettext_lazy("Export"),
        help_text=gettext_lazy("One JSON (or YAML) file with the answers of its API; the documentation has the commands."),
    )  # fmt: skip


@page("people.manage")
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest) -> HttpResponseBase:
    """Upload an export; the answer is the plan."""
    actor = _actor(request)
    form = MoveForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload, source = form.cleaned_data["file"], form.cleaned_data["source"]
        try:
            document = reading.document_of([(upload.name, upload.read())])
            result = actions.move(actor=actor, now=clock.now(), source=source, document=document, apply=False)
        except Invalid as error:
            form.add_error("file", error.message)
        else:
            key = get_random_string(32)
            kept = {"source": source, "document": json.dumps(document, default=str), "user": actor.user_id}
            cache.set(f"moving.{key}", kept, KEPT_SECONDS)
            return render(request, "moving/plan.html", _context(result, source, key))
    return render(request, "moving/upload.html", {"form": form}, status=422 if request.method == "POST" else 200)


@page("people.manage")
@require_POST
def apply(request: HttpRequest) -> HttpResponseBase:
    """Do what the plan says."""
    actor = _actor(request)
    kept = cache.get(f"moving.{request.POST.get('key', '')[:64]}")
    if kept is None or kept["user"] != actor.user_id:
        messages.error(request, _("The plan is older than an hour. Upload the export again."))
        return redirect("moving:move")
    result = actions.move(
        actor=actor, now=clock.now(), source=kept["source"], document=json.loads(kept["document"]), apply=True,
        force=request.POST.get("force") == "1",
    )  # fmt: skip
    messages.success(request, _("Taken over."))
    return render(request, "moving/plan.html", _context(result, kept["source"], request.POST["key"]))


def _context(result: Result, source: str, key: str) -> dict[str, Any]:
    items = [
        {
            "item": item, "kind": wording.kind(item.kind), "act": wording.act(item.act, result.applied),
            "icon": wording.ICONS[item.act], "tone": wording.TONES[item.act],
        }
        for item in result.items
    ]  # fmt: skip
    order = (CANNOT, MAKE, CHANGE, KEPT, SAME)
    return {
        "result": result, "source": sources.KINDS[source].LABEL, "key": key,
        "items": sorted(items, key=lambda each: order.index(each["item"].act)),
        "counts": [(wording.act(act, result.applied), result.count(act)) for act in (MAKE, CHANGE, SAME, KEPT, CANNOT)],
        "kept": result.count(KEPT), "todo": result.count(MAKE) + result.count(CHANGE),
        "compared": result.compared,
    }  # fmt: skip


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]
