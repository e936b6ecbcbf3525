"""Pages: a person's contact methods, and the panel of pages on a subject."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, NotFound, StewardError
from steward.foundation.subjects import SubjectRef
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions, queries
from steward.response.notifications.forms import BundlingForm, ContactMethodForm
from steward.response.notifications.models import Page
from steward.response.notifications.sending import mail_settings


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page()
@require_http_methods(["GET", "POST"])
def contacts(request: HttpRequest, user_id: int | None = None) -> HttpResponseBase:
    """Contact methods of the reader, or (for who manages people) of somebody else; POST adds one."""
    actor = _actor(request)
    owner_id = user_id if user_id is not None else actor.user_id
    if owner_id is None:
        raise NotFound(_("Contact methods belong to a person. Sign in as one, or open a person's page."))
    if owner_id != actor.user_id:
        actor.require("people.manage")
    form = ContactMethodForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid() and _add(request, owner_id, form):
            messages.success(request, _("Added. Send a test to see that it arrives."))
            return redirect(request.path)
        status = 422
    return render(request, "notifications/contacts.html", _context(actor, owner_id, form), status=status)


@page()
@require_POST
def contact_change(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """Switch a method on or off."""
    enabled = request.POST.get("enabled") == "1"
    method = actions.update_contact_method(actor=_actor(request), now=clock.now(), method_id=method_id, enabled=enabled)
    messages.success(request, _("Switched on.") if enabled else _("Switched off. Pages do not go there any more."))
    return redirect(_home(_actor(request), method.user_id))


@page()
@require_POST
def bundling(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Choose how pages are bundled; an empty field leaves it to the installation."""
    actor = _actor(request)
    form = BundlingForm(request.POST)
    if form.is_valid():
        try:
            actions.set_bundling(actor=actor, now=clock.now(), user_id=user_id, seconds=form.cleaned_data["seconds"])
        except Invalid as error:
            for texts in error.fields.values():
                form.add_error("seconds", texts)
    if not form.is_valid():
        return render(
            request, "notifications/contacts.html", _context(actor, user_id, ContactMethodForm(), form), status=422
        )
    messages.success(request, _("Saved."))
    return redirect(_home(actor, user_id))


@page()
@require_POST
def contact_remove(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """Remove a method."""
    actor = _actor(request)
    owner = queries.contact_methods(actor).filter(pk=method_id).values_list("user_id", flat=True).first()
    actions.remove_contact_method(actor=actor, now=clock.now(), method_id=method_id)
    messages.success(request, _("Removed."))
    return redirect(_home(actor, owner or 0))


@page()
@require_POST
def contact_test(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """Send a test; the answer is the test's state, which asks for itself again until it is known."""
    actor = _actor(request)
    page_id = actions.send_test(actor=actor, now=clock.now(), method_id=method_id)
    if request.headers.get("HX-Request") != "true":
        messages.info(request, _("The test is on its way."))
        owner = queries.contact_methods(actor).filter(pk=method_id).values_list("user_id", flat=True).first()
        return redirect(_home(actor, owner or 0))
    return _test_state(request, page_id)


@page()
@require_GET
def contact_test_state(request: HttpRequest, page_id: int) -> HttpResponseBase:
    """How far a test is."""
    return _test_state(request, page_id)


@page()
@require_GET
def person_panel(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """On a person's page: how they are reached."""
    actor = _actor(request)
    accounts.visible_person(actor, user_id)
    mine = user_id == actor.user_id
    context: dict[str, Any] = {
        "owner_id": user_id,
        "mine": mine,
        "may_edit": mine or actor.can("people.manage"),
        "reach": queries.reach_of([user_id]).get(user_id, 0),
        "methods": _shown(actor, user_id),
    }
    return render(request, "notifications/person_panel.html", context)


@page("incidents.view")
@require_GET
def pages_panel(request: HttpRequest, subject_kind: str, subject_id: int) -> HttpResponseBase:
    """On a subject's page: each page, why, and what became of it."""
    sent = queries.pages_of(_actor(request), SubjectRef(subject_kind, subject_id))
    return render(request, "notifications/pages_panel.html", {"pages": [_told(each) for each in sent]})


def _add(request: HttpRequest, owner_id: int, form: ContactMethodForm) -> bool:
    data = form.cleaned_data
    try:
        actions.add_contact_method(
            actor=_actor(request), now=clock.now(), user_id=owner_id, channel=data["channel"], target=data["target"]
        )
    except (Invalid, Conflict) as error:
        for name, texts in (error.fields or {"target": [error.message]}).items():
            form.add_error(name if name in form.fields else None, texts)
        return False
    except StewardError as error:
        form.add_error(None, error.message)
        return False
    return True


def _context(
    actor: Actor, owner_id: int, form: ContactMethodForm, bundling_form: BundlingForm | None = None
) -> dict[str, Any]:
    owner = accounts.person(owner_id)
    if owner is None:
        raise NotFound(_("There is no such person."))
    methods = _shown(actor, owner_id)
    chosen = queries.bundling_of(actor, owner_id)
    return {
        "form": form,
        "bundling": chosen,
        "bundling_form": bundling_form or BundlingForm(initial={"seconds": chosen.own}),
        "owner": owner,
        "mine": owner_id == actor.user_id,
        "methods": methods,
        "fallback": owner.email if not any(each["enabled"] for each in methods) else "",
        "reach": queries.reach_of([owner_id]).get(owner_id, 0),
        "mail_configured": mail_settings() is not None,
        "uses_mail": owner.email or any(each["channel"] == "email" for each in methods),
    }


def _shown(actor: Actor, owner_id: int) -> list[dict[str, Any]]:
    return [
        {
            "id": each.pk,
            "channel": each.channel,
            "label": each.get_channel_display(),
            "icon": "mail" if each.channel == "email" else "message",
            "target": queries.method_target(each),
            "enabled": each.enabled,
        }
        for each in queries.contact_methods(actor, owner_id)
    ]


def _told(sent: Page) -> dict[str, Any]:
    """A page with its deliveries as the panel shows them."""
    reason = queries.explain(sent)
    return {
        "page": sent,
        "why": reason.get("why", ""),
        "step": reason.get("step", ""),
        "problem": reason.get("problem", ""),
        "seconds": (sent.sent_at - sent.created_at) if sent.sent_at else None,
        "deliveries": [
            {
                "delivery": each,
                "icon": "mail" if each.channel == "email" else "message",
                "target": queries.delivery_target(each),
                "attempts": list(each.attempts.all()),
                "carrier": each.carrier.page if each.carrier else None,
                "waits": each.due_at if each.state == "waiting" and each.due_at != sent.created_at else None,
            }
            for each in sent.deliveries.all()
        ],
    }


def _test_state(request: HttpRequest, page_id: int) -> HttpResponse:
    state, answer = queries.test_state(_actor(request), page_id)
    context = {"page_id": page_id, "state": state, "answer": answer, "running": state in {"pending", "retrying"}}
    return render(request, "notifications/test_state.html", context)


def _home(actor: Actor, owner_id: int) -> str:
    return "notifications:contacts" if owner_id == actor.user_id else f"/people/{owner_id}/contacts"
