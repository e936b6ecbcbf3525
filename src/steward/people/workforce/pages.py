"""A person's leave: the page and the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, NotFound, StewardError
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.people.workforce import actions, queries
from steward.people.workforce.forms import LeaveForm, WorkplaceForm

if TYPE_CHECKING:
    from steward.people.accounts.models import User


@page()
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, user_id: int | None = None) -> HttpResponseBase:
    """The reader's leave, or (for who may) somebody else's; POST adds some."""
    actor = _actor(request)
    user = _owner(actor, user_id)
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_leave(actor=actor, now=clock.now(), user_id=user.pk, **form.cleaned_data)
        except (Invalid, Conflict) as error:
            _show(error, form)
        else:
            messages.success(request, _("The leave is written down. Shifts in it are marked as needing cover."))
            return redirect(request.path)
    return _page(request, user, form, None, 422 if request.method == "POST" else 200)


@page()
@require_POST
def workplace(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Choose whose public holidays the person has."""
    actor = _actor(request)
    user = _owner(actor, user_id)
    form = WorkplaceForm(request.POST)
    if form.is_valid():
        try:
            actions.set_workplace(actor=actor, now=clock.now(), user_id=user.pk, **form.cleaned_data)
        except Invalid as error:
            _show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect(_home(actor, user.pk))
    return _page(request, user, LeaveForm(), form, 422)


@page()
@require_POST
def remove(request: HttpRequest, leave_id: int) -> HttpResponseBase:
    """Take leave back."""
    actor = _actor(request)
    owner = actions.remove_leave(actor=actor, now=clock.now(), leave_id=leave_id)
    messages.success(request, _("The leave was removed."))
    return redirect(_home(actor, owner))


@page()
@require_GET
def panel(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """On a person's page: when they are away."""
    actor = _actor(request)
    user = accounts.visible_person(actor, user_id)
    return render(request, "workforce/panel.html", {**_known(actor, user), "owner": user})


def _page(
    request: HttpRequest, user: User, form: LeaveForm, place: WorkplaceForm | None, status: int
) -> HttpResponseBase:
    actor = _actor(request)
    known = _known(actor, user)
    found = known["workplace"]
    initial = {"country": found.country, "part": found.part} if found else None
    context = {**known, "owner": user, "form": form, "place": place or WorkplaceForm(initial=initial)}
    return render(request, "workforce/leave.html", context, status=status)


def _known(actor: Actor, user: User) -> dict[str, Any]:
    today = clock.now().astimezone(ZoneInfo(user.time_zone or "UTC")).date()
    return {
        "mine": user.pk == actor.user_id,
        "may_edit": queries.may_edit(actor, user.pk),
        "leaves": queries.leaves_of(user.pk, since=today),
        "today": today,
        "workplace": queries.workplace_of(user.pk),
    }


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _owner(actor: Actor, user_id: int | None) -> User:
    if user_id is None and actor.user_id is None:
        raise NotFound(_("Leave belongs to a person. Sign in as one, or open a person's page."))
    user = accounts.visible_person(actor, user_id if user_id is not None else actor.user_id or 0)
    if actor.user_id != user.pk:
        actor.require("leave.manage")
    return user


def _home(actor: Actor, user_id: int) -> str:
    return reverse("workforce:leave") if user_id == actor.user_id else reverse("workforce:person-leave", args=[user_id])


def _show(error: StewardError, form: LeaveForm | WorkplaceForm) -> None:
    for name, texts in error.fields.items():
        form.add_error(name if name in form.fields else None, texts)
    if not error.fields:
        form.add_error(None, error.message)
