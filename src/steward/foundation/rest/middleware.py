"""What every request gets: an id, headers that keep browsers strict, and one mapping from errors to answers."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from ipaddress import ip_address, ip_network

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.errors import StewardError
from steward.foundation.ui.views import error_response

log = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def client_address(request: HttpRequest) -> str:
    """The client's address; X-Forwarded-For is believed only from the proxies that the configuration names."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.headers.get("X-Forwarded-For", ""))
    if not forwarded or not _trusted(peer):
        return peer
    for hop in reversed([part.strip() for part in forwarded.split(",")]):
        if not _trusted(hop):
            return hop
    return peer


def _trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(network, strict=False) for network in load().trusted_proxies)


class RequestIdentity:
    """Gives the request an id (echoed in ``X-Request-ID``) and the client's address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        request.client_address = client_address(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class SecurityHeaders:
    """A strict content security policy and friends, on every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def problem(request: HttpRequest, error: StewardError) -> HttpResponse:
    """An RFC 9457 problem document."""
    body = {
        "type": f"urn:steward:problem:{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": error.message,
        "request_id": getattr(request, "request_id", ""),
        **({"fields": error.fields} if error.fields else {}),
        **error.extra,
    }
    return HttpResponse(orjson.dumps(body, default=str), status=error.status, content_type="application/problem+json")


class ErrorPages:
    """Maps typed errors that a page did not handle: a toast for htmx, a page otherwise."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StewardError):
            return None
        if request.path.startswith("/api/"):
            return problem(request, error)
        return error_response(request, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its token: usually a page left open over a sign-out."""
    message = _("This form is out of date. Go back, reload the page and send it again.")
    return render(request, "403.html", {"message": message, "exception": message}, status=403)
