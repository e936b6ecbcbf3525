"""A person's own profile, and the configuration of this Steward."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from platform import python_version
from urllib.parse import urlsplit, urlunsplit

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from steward import __version__
from steward.config.environment import Environment, load
from steward.foundation import clock
from steward.foundation.database.facts import facts
from steward.foundation.due.runner import overdue_by_kind
from steward.foundation.errors import NotFound, StewardError
from steward.foundation.ui.views import page
from steward.people.accounts import actions, forms, queries
from steward.people.accounts.models import User
from steward.people.accounts.pages.common import actor_of, show

LATE = timedelta(seconds=15)
SECRET_WORDS = ("password", "secret", "token", "key")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as the page shows it."""

    variable: str
    text: str
    value: str
    is_set: bool
    is_secret: bool


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
    late = [(name, number) for name, number in sorted(overdue_by_kind(now, LATE).items()) if number]
    context = {
        "settings": settings_of(load()), "version": __version__, "python": python_version(), "database": facts(),
        "embedded": (load().data / "postgres").is_dir(), "late": late, "now": now,
    }  # fmt: skip
    return render(request, "accounts/settings.html", context)


def settings_of(environment: Environment) -> list[Setting]:
    """Every variable; secrets are never shown, only whether they are set."""
    found = []
    for item in fields(Environment):
        value = getattr(environment, item.name)
        secret = any(word in item.name.split("_") for word in SECRET_WORDS)
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        found.append(
            Setting(
                variable=item.metadata["name"],
                text=item.metadata["text"],
                value="" if secret else without_password(shown),
                is_set=value != item.default,
                is_secret=secret,
            )
        )
    return found


def without_password(value: str) -> str:
    """An address such as ``DATABASE_URL`` without the password and the query in it."""
    parts = urlsplit(value)
    if not parts.scheme or "@" not in parts.netloc:
        return value
    login, _at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{login.partition(':')[0]}:…@{host}", parts.path, "", ""))


def _save(request: HttpRequest, me: User, form: forms.ProfileForm) -> bool:
    try:
        actions.update_user(actor=actor_of(request), now=clock.now(), user_id=me.pk, **form.cleaned_data)
    except StewardError as error:
        show(error, form)
        return False
    messages.success(request, _("Saved."))
    return True


def _set_password(request: HttpRequest, me: User, form: forms.OwnPasswordForm) -> bool:
    if not me.check_password(form.cleaned_data["current"]):
        form.add_error("current", _("This is not your present password."))
        return False
    try:
        saved = actions.set_password(
            actor=actor_of(request), now=clock.now(), user_id=me.pk, password=form.cleaned_data["password"]
        )
    except StewardError as error:
        show(error, form)
        return False
    update_session_auth_hash(request, saved)  # this session stays, all others end
    messages.success(request, _("Your password was changed; all your other sessions ended."))
    return True
