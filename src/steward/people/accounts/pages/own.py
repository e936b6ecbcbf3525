"""A person's own profile, and the configuration of this Steward."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.errors import NotFound, StewardError
from steward.foundation.language import speaking
from steward.foundation.ui.views import page
from steward.people.accounts import actions, facts, forms, queries
from steward.people.accounts.models import User
from steward.people.accounts.pages.common import actor_of, show


@sensitive_post_parameters("current", "password")
@page()
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponseBase:
    """The reader's own name, zone, language and password; two forms, told apart by their button."""
    me = queries.person(actor_of(request).user_id or 0)
    if me is None:
        raise NotFound(_("Only people have a profile."))
    about = request.POST if request.method == "POST" and "about" in request.POST else None
    secret = request.POST if request.method == "POST" and "secret" in request.POST else None
    form = forms.ProfileForm(about, initial={name: getattr(me, name) for name in forms.ProfileForm.base_fields})
    password = forms.OwnPasswordForm(secret)
    if (form.is_valid() and _save(request, me, form)) or (password.is_valid() and _set_password(request, me, password)):
        return redirect("accounts:profile")
    context = {"form": form, "password_form": password, "person": me, "teams": me.teams.all()}
    return render(request, "accounts/profile.html", context, status=422 if request.method == "POST" else 200)


@page("settings.view")
@require_GET
def settings(request: HttpRequest) -> HttpResponseBase:
    """How this Steward is, and what it was started with, which can only be set outside: not by who reaches a page."""
    now = clock.now()
    context = {**facts.standing(now), "settings": facts.settings_of(load()), "now": now}
    return render(request, "accounts/settings.html", context)


def _save(request: HttpRequest, me: User, form: forms.ProfileForm) -> bool:
    try:
        saved = actions.update_user(actor=actor_of(request), now=clock.now(), user_id=me.pk, **form.cleaned_data)
    except StewardError as error:
        show(error, form)
        return False
    with speaking(saved.language):  # the page that shows it speaks the new language already
        messages.success(request, _("Saved."))
    return True


def _set_password(request: HttpRequest, me: User, form: forms.OwnPasswordForm) -> bool:
    data = form.cleaned_data
    try:
        saved = actions.change_own_password(
            actor=actor_of(request), now=clock.now(), current=data["current"], password=data["password"]
        )
    except StewardError as error:
        show(error, form)
        return False
    update_session_auth_hash(request, saved)  # this session stays, all others end
    messages.success(request, _("Your password was changed; all your other sessions ended."))
    return True
