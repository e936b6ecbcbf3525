"""``/api/v1``: bearer keys, one mapping from errors to problem documents, and the rooms' routers."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings as django_settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from steward import __version__
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.database.rowsecurity import limit
from steward.foundation.errors import Invalid, NotFound, StewardError
from steward.foundation.rest.middleware import problem
from steward.foundation.rest.parsing import StrictParser
from steward.people.accounts import queries as accounts

ROOMS = (
    "people.accounts",
    "people.views",
    "people.workforce",
    "people.audit",
    "estate.configuration",
    "signals.alerts",
    "response.notifications",
    "response.ledger",
    "response.oncall",
    "response.incidents",
    "response.suppression",
    "response.triage",
    "response.timemachine",
    "response.shadow",
    "response.debt",
    "response.receipts",
    "response.burden",
    "response.readiness",
    "response.moving",
    "web",
)


class BearerKey(HttpBearer):
    """An API key in ``Authorization: Bearer``. Session cookies are not accepted: no cross-site request can act."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        actor = accounts.actor_for_key(
            token,
            now=clock.now(),
            request_id=getattr(request, "request_id", ""),
            address=getattr(request, "client_address", ""),
        )
        if actor is not None:
            request.actor = actor  # type: ignore[attr-defined]
            if actor.is_external and actor.organisation_id:
                limit(actor.organisation_id)  # until the end of the request, see ActorMiddleware
        return actor


api = NinjaAPI(
    title="Steward",
    version=__version__,
    description="Everything the pages can do. Errors are RFC 9457 problem documents; lists are paged by key.",
    auth=BearerKey(),
    parser=StrictParser(),
    urls_namespace="api",
    openapi_extra={"info": {"license": {"name": "Apache-2.0"}}},
)


@api.exception_handler(StewardError)
def steward_error(request: HttpRequest, error: StewardError) -> HttpResponse:
    return problem(request, error)


@api.exception_handler(ValidationError)
def validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        name = ".".join(str(part) for part in item.get("loc", ()) if part not in {"body", "payload"})
        fields.setdefault(name or "body", []).append(str(item.get("msg", "")))
    return problem(request, Invalid(_("Some values cannot be used; see “fields”."), fields=fields))


@api.exception_handler(AuthenticationError)
def authentication_error(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    error = StewardError(_("Send “Authorization: Bearer <key>” with a key that is valid and not expired."))
    error.status, error.code = 401, "unauthenticated"
    response = problem(request, error)
    response["WWW-Authenticate"] = 'Bearer realm="steward"'
    return response


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, StewardError):
        # What the parser said in our own words; ninja wraps it.
        return problem(request, error.__cause__)
    wrapped = StewardError(str(error))
    wrapped.status, wrapped.code = error.status_code, "bad-request"
    return problem(request, wrapped)


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    size = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    error = StewardError(_("The body is larger than %(n)s bytes. Send it in parts.") % {"n": size})
    error.status, error.code = 413, "too-large"
    return problem(request, error)


@api.exception_handler(DataError)
def data_error(request: HttpRequest, _error: DataError) -> HttpResponse:
    """A value that fits its schema but not PostgreSQL, such as a time with an offset of 18 hours."""
    return problem(request, Invalid(_("A value is out of the range that can be stored. Check numbers and times.")))


def not_found(request: HttpRequest, *_args: object, **_kwargs: object) -> HttpResponse:
    return problem(request, NotFound(_("There is no such address in the API; see /api/v1/openapi.json.")))


def _mount() -> None:
    for room in ROOMS:
        name = f"steward.{room}.api"
        if find_spec(name):
            module = import_module(name)
            for prefix, router in getattr(module, "ROUTERS", {"": getattr(module, "router", None)}).items():
                if router is not None:
                    api.add_router(prefix, router)


_mount()
