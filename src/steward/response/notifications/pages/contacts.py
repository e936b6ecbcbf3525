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
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions, queries
from steward.response.notifications.forms import BundlingForm, ContactMethodForm
from steward.response.notifications.sending import mail_settings


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page()
@require_http_methods(["GET", "POST"])
def contacts(request: HttpRequest, user_id: int | None = None) -> HttpResponseBase:
    """Contact methods of the reader, or (for who manages people) of somebody else; POST adds one."""
    actor = actor_of(request)
    owner_id = user_id if user_id is not None else actor.user_id
    if owner_id is None:
        raise NotFound(_("Contact methods belong to a person. Sign in as one, or open a person's page."))
    if owner_id != actor.user_id:
        actor.require("people.manage")
    form = ContactMethodForm(request.POST or None, channel=request.GET.get("channel", ""))
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
    method = actions.update_contact_method(
        actor=actor_of(request), now=clock.now(), method_id=method_id, enabled=enabled
    )
    messages.success(request, _("Switched on.") if enabled else _("Switched off. Pages do not go there any more."))
    return redirect(_home(actor_of(request), method.user_id))


@page()
@require_POST
def bundling(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Choose how pages are bundled; an empty field leaves it to the installation."""
    actor = actor_of(request)
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
    actor = actor_of(request)
    owner = queries.contact_methods(actor).filter(pk=method_id).values_list("user_id", flat=True).first()
    actions.remove_contact_method(actor=actor, now=clock.now(), method_id=method_id)
    messages.success(request, _("Removed."))
    return redirect(_home(actor, owner or 0))


@page()
@require_POST
def contact_move(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """One place up or down in the person's order."""
    actor = actor_of(request)
    actions.order_contact_methods(actor=actor, now=clock.now(), method_id=method_id, up=request.POST.get("up") == "1")
    return redirect(_home(actor, _owner(actor, method_id)))


@page()
@require_POST
def contact_code(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """Send a code through the method, or take the one that came."""
    actor = actor_of(request)
    owner_id = _owner(actor, method_id)
    if "code" not in request.POST:
        actions.send_code(actor=actor, now=clock.now(), method_id=method_id)
        messages.info(request, _("A code is on its way. Enter it here when it has come."))
        return redirect(_home(actor, owner_id))
    try:
        actions.confirm(actor=actor, now=clock.now(), method_id=method_id, code=request.POST["code"][:20])
    except Invalid as error:
        context = {
            **_context(actor, owner_id, ContactMethodForm()),
            "code_error": {"id": method_id, "text": error.message},
        }
        return render(request, "notifications/contacts.html", context, status=422)
    messages.success(request, _("Confirmed. Pages go there from now on."))
    return redirect(_home(actor, owner_id))


def _owner(actor: Actor, method_id: int) -> int:
    return queries.contact_methods(actor).filter(pk=method_id).values_list("user_id", flat=True).first() or 0


@page()
@require_POST
def contact_test(request: HttpRequest, method_id: int) -> HttpResponseBase:
    """Send a test; the answer is the test's state, which asks for itself again until it is known."""
    actor = actor_of(request)
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


def _add(request: HttpRequest, owner_id: int, form: ContactMethodForm) -> bool:
    data = form.cleaned_data
    try:
        actions.add_contact_method(
            actor=actor_of(request), now=clock.now(), user_id=owner_id, channel=data["channel"], target=data["target"],
            options=form.options(),
        )  # fmt: skip
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
    methods = shown(actor, owner_id)
    chosen = queries.bundling_of(actor, owner_id)
    return {
        "form": form,
        "bundling": chosen,
        "bundling_form": bundling_form or BundlingForm(initial={"seconds": chosen.own}),
        "owner": owner,
        "mine": owner_id == actor.user_id,
        "methods": methods,
        "fallback": owner.email if not any(each["enabled"] and each["confirmed"] for each in methods) else "",
        "reach": queries.reach_of([owner_id]).get(owner_id, 0),
        "mail_configured": mail_settings() is not None,
        "has_rules": any(queries.personal_rules(actor, owner_id).values()),
        "kinds": queries.channel_choices(),
        "unconfirmed": any(each["enabled"] and not each["confirmed"] for each in methods),
        "uses_mail": owner.email or any(each["channel"] == "email" for each in methods),
    }


def shown(actor: Actor, owner_id: int) -> list[dict[str, Any]]:
    return [
        {
            "id": each.pk,
            "channel": each.channel,
            "label": queries.channel_label(each.channel),
            "icon": queries.channel_icon(each.channel),
            "target": queries.method_target(each),
            "enabled": each.enabled,
            "confirmed": queries.is_confirmed(each),
            "connect": queries.connect_link(each),
            "waiting": each.target.startswith("connect:"),
        }
        for each in queries.contact_methods(actor, owner_id)
    ]


def _test_state(request: HttpRequest, page_id: int) -> HttpResponse:
    state, answer = queries.test_state(actor_of(request), page_id)
    context = {"page_id": page_id, "state": state, "answer": answer, "running": state in {"pending", "retrying"}}
    return render(request, "notifications/test_state.html", context)


def _home(actor: Actor, owner_id: int) -> str:
    return "notifications:contacts" if owner_id == actor.user_id else f"/people/{owner_id}/contacts"
