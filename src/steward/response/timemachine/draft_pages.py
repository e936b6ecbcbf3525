"""Pages of drafts: begin one, write it, fill in policies, rebase, publish, throw away."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.ui.views import page
from steward.response.timemachine import actions, queries, shown, wording
from steward.response.timemachine.errors import DraftInvalid, ImportInvalid, LiveChanged
from steward.response.timemachine.forms import (
    IMPORT,
    VERSION,
    DraftForm,
    NewDraftForm,
    PublishForm,
    ReceiversForm,
)
from steward.response.timemachine.models import Draft

MOST_ERRORS = 20


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("routes.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """A new draft from what is live, from a version, or from an ``alertmanager.yml``."""
    wanted = request.GET.get("version", "")
    initial = {"origin": VERSION, "number": wanted} if wanted.isascii() and wanted.isdigit() else {}
    if request.GET.get("from") == IMPORT:
        initial = {"origin": IMPORT}
    form = NewDraftForm(request.POST or None, request.FILES or None, initial=initial)
    problems: list[shown.Wrong] = []
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("timemachine:draft", _made(_actor(request), form).pk)
        except ImportInvalid as error:
            form.add_error("text", error.message)
            problems = shown.problems(form.imported, error.extra["problems"])
        except StewardError as error:
            _tell(form, error)
    context = {"form": form, "problems": problems}
    return render(request, "timemachine/new.html", context, status=422 if form.is_bound and form.errors else 200)


def _made(actor: Actor, form: NewDraftForm) -> Draft:
    now, data = clock.now(), form.cleaned_data
    if data["origin"] == IMPORT:
        return actions.import_draft(actor=actor, now=now, name=data["name"], text=form.imported)
    number = data["number"] if data["origin"] == VERSION else None
    return actions.create_draft(actor=actor, now=now, name=data["name"], number=number)


@page("routes.view")
@require_safe
def draft(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """A draft: its text with what is wrong on which line, and what publishing it would change."""
    return _page(request, queries.draft_by_id(_actor(request), draft_id))


def _page(
    request: HttpRequest, found: Draft, *, form: DraftForm | None = None, publish: PublishForm | None = None,
    receivers: ReceiversForm | None = None,
) -> HttpResponseBase:  # fmt: skip
    actor = _actor(request)
    initial = {"revision": found.revision, "name": found.name, "text": found.text}
    editor = form or DraftForm(initial=initial)
    if found.version_id is not None or not actor.can("routes.manage"):
        for field in editor.fields.values():
            field.disabled = True
    fill, read = receivers, queries.read(actor, found.text)
    if fill is None and found.receivers and found.version_id is None:
        fill = ReceiversForm(found, read.policies)
    context: dict[str, Any] = {
        **shown.draft(found, read), "form": editor, "receivers": fill if fill and fill.receivers else None,
        "publish": publish or PublishForm(initial={"revision": found.revision}),
        "may_manage": actor.can("routes.manage"),
    }  # fmt: skip
    bad = any(each is not None and each.is_bound and each.errors for each in (form, publish, receivers))
    return render(request, "timemachine/draft.html", context, status=422 if bad else 200)


@page("routes.manage")
@require_POST
def save(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Keep what was written; what is wrong with it is said on its page."""
    actor = _actor(request)
    form = DraftForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            saved = actions.save_draft(
                actor=actor, now=clock.now(), draft_id=draft_id, revision=data["revision"], text=data["text"],
                name=data["name"],
            )  # fmt: skip
        except StewardError as error:
            # What was written stays in the editor; another's newer text is told and not overwritten.
            queries.draft_by_id(actor, draft_id)
            _tell(form, error)
        else:
            wrong = queries.read(actor, saved.text).problems
            if wrong:
                messages.warning(request, _("Saved. It has problems and cannot be published yet."))
            else:
                messages.success(request, _("Saved."))
            return redirect("timemachine:draft", draft_id)
    return _page(request, queries.draft_by_id(actor, draft_id), form=form)


@page("routes.manage")
@require_POST
def assign(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Put escalation policies in the places of receivers."""
    actor = _actor(request)
    found = queries.draft_by_id(actor, draft_id)
    form = ReceiversForm(found, queries.read(actor, found.text).policies, request.POST)
    if not form.is_valid():
        return _page(request, found, receivers=form)
    chosen = form.chosen()
    if chosen:
        actions.assign_policies(actor=actor, now=clock.now(), draft_id=draft_id, policies=chosen)
        messages.success(request, _("Filled in."))
    return redirect("timemachine:draft", draft_id)


@page("routes.manage")
@require_POST
def rebase(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Take what changed live into the draft."""
    saved, merged = actions.rebase_draft(actor=_actor(request), now=clock.now(), draft_id=draft_id)
    if merged is not None and merged.collisions:
        text = _("Taken over from version %(n)s. The draft kept its own where both had changed the same: %(entries)s.")
        entries = ", ".join(dict.fromkeys(wording.entry(each.part, each.name) for each in merged.collisions))
        messages.warning(request, text % {"n": saved.base.number, "entries": entries})
    else:
        text = _("The draft now begins from version %(n)s, with everything that changed live.")
        messages.success(request, text % {"n": saved.base.number})
    return redirect("timemachine:draft", draft_id)


@page("routes.manage")
@require_POST
def publish(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Make the draft live."""
    actor = _actor(request)
    form = PublishForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            version = actions.publish_draft(
                actor=actor, now=clock.now(), draft_id=draft_id, revision=data["revision"], comment=data["comment"],
                overwrite=data["overwrite"],
            )  # fmt: skip
        except (LiveChanged, DraftInvalid) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Published: version %(n)s is live.") % {"n": version.number})
            return redirect("timemachine:version", version.number)
    return _page(request, queries.draft_by_id(actor, draft_id), publish=form)


@page("routes.manage")
@require_POST
def delete(request: HttpRequest, draft_id: int) -> HttpResponseBase:
    """Throw a draft away."""
    actions.delete_draft(actor=_actor(request), now=clock.now(), draft_id=draft_id)
    messages.success(request, _("The draft is gone. What is live stays as it is."))
    return redirect("timemachine:list")


def _tell(form: forms.Form, error: StewardError) -> None:
    """The action's message beside its field, or above the form."""
    fields = {name: texts for name, texts in error.fields.items() if name in form.fields}
    if not fields:
        form.add_error(None, error.message)
    for name, texts in fields.items():
        for text in texts[:MOST_ERRORS]:
            form.add_error(name, text)
