"""Who is asking: sets ``request.actor`` and, for external people, the database's second wall."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from steward.foundation.actors import ANONYMOUS
from steward.foundation.database.rowsecurity import lift, limited_to
from steward.foundation.language import speaking
from steward.people.accounts import queries
from steward.people.accounts.models import User


class ActorMiddleware:
    """``request.actor`` is the signed-in person or nobody; the API's door replaces it by the key's actor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = ANONYMOUS  # type: ignore[attr-defined]
        try:
            return self._as_person(request)
        finally:
            if request.actor.is_external:  # type: ignore[attr-defined]
                lift()  # the API's door puts a key's wall up and cannot see the end of the request

    def _as_person(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        actor = queries.actor_for_user(
            user,
            request_id=getattr(request, "request_id", ""),
            address=getattr(request, "client_address", ""),
        )
        request.actor = actor  # type: ignore[attr-defined]
        with limited_to(actor.organisation_id if actor.is_external else None):
            with speaking(user.language), timezone.override(_zone(user.time_zone)):
                response = self.get_response(request)
                # Further out only the browser's wish is known.
                response.headers.setdefault("Content-Language", translation.get_language())
                return response


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
