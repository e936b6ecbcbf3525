"""Sign-in and sign-out."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.people.accounts import signin
from steward.people.accounts.forms import SignInForm
from steward.people.accounts.pages.common import actor_of


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Name and password; afterwards back to where one wanted to go."""
    target = _safe_target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    status, error, wait = 200, "", 0
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST":
        try:
            user = signin.sign_in(
                request=request,
                now=clock.now(),
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password"],
                address=getattr(request, "client_address", ""),
                request_id=getattr(request, "request_id", ""),
            )
        except StewardError as refused:
            status, error, wait = refused.status, refused.message, refused.extra.get("retry_after", 0)
        else:
            login(request, user)
            return redirect(target)
    response = render(request, "accounts/sign_in.html", {"form": form, "error": error, "next": target}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if request.user.is_authenticated:
        signin.sign_out(actor=actor_of(request), now=clock.now())
    logout(request)
    return redirect("accounts:sign-in")


def _safe_target(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"
