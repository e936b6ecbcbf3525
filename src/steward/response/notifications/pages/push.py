"""Pushes to the browser that the reader is signed in with: its service worker, the key, and the subscription."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from steward.foundation import clock
from steward.foundation.errors import NotFound
from steward.foundation.ui.views import page
from steward.response.notifications import actions
from steward.response.notifications.channels.webpush.adapter import application_key
from steward.response.notifications.errors import ContactMethodExists
from steward.response.notifications.pages.contacts import actor_of

_WORKER = Path(__file__).resolve().parent.parent / "static" / "notifications" / "worker.js"


@require_GET
def worker(_request: HttpRequest) -> HttpResponse:
    """The service worker. At the root, because it may only speak for pages below itself."""
    response = HttpResponse(_source(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@page()
@require_POST
def key(request: HttpRequest) -> HttpResponseBase:
    """The key that a browser subscribes with; made at the first asking."""
    return JsonResponse({"key": application_key(actions.keep_made(now=clock.now(), channel="webpush"))})


@page()
@require_POST
def subscribe(request: HttpRequest) -> HttpResponseBase:
    """Keep what the browser gave: it is confirmed by that, for only a signed-in reader can give it."""
    actor = actor_of(request)
    if actor.user_id is None:
        raise NotFound(_("Contact methods belong to a person. Sign in as one, or open a person's page."))
    options = {name: request.POST.get(name, "")[:200] for name in ("p256dh", "auth", "device")}
    try:
        actions.add_contact_method(
            actor=actor, now=clock.now(), user_id=actor.user_id, channel="webpush",
            target=request.POST.get("endpoint", ""), options=options,
        )  # fmt: skip
    except ContactMethodExists:
        return JsonResponse({"new": False})
    return JsonResponse({"new": True})


@lru_cache(maxsize=1)
def _source() -> str:
    return _WORKER.read_text(encoding="utf-8")
