"""Send one message through one Apprise service, behind the guard."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import apprise
from django.utils.translation import gettext as _

from .errors import Refused
from .guard import TOTAL_SECONDS
from .http import RETRYABLE_STATUS
from .policy import OutboundPolicy
from .redact import redact_url as _redact
from .redact import scrub, secrets_of
from .scope import Scope, guarded_scope
from .services import GUARDED, REFUSED

DOCS = "https://github.com/caronc/apprise/wiki"
DETAIL_LIMIT = 1000
_library: Any = apprise  # parts of it carry no types
# Loading its services takes a second: now, so that no page's time limit pays for it.
_services: Any = _library.manager_plugins.NotificationManager()
_services.load_modules()
# Apprise waits up to 5.5 s between the targets of one address, longer than a page may take.
SECONDS_BETWEEN_TARGETS = 0.2


@dataclass(frozen=True)
class PushResult:
    """Whether the service took the message, and if not, what it said (without secrets)."""

    ok: bool
    detail: str
    retryable: bool = False
    maybe_delivered: bool = False
    remote_status: int | None = None


def redact_url(url: str) -> str:
    """The address without anything that could be a secret, fit for errors, pages and logs."""
    return _redact(url, host_is_public=_host_is_public(url))


def check_push_url(url: str) -> None:
    """Raise Refused when this address could never be used, so that a form can say so before anyone depends on it."""
    with guarded_scope(OutboundPolicy(), TOTAL_SECONDS) as scope:
        _plugin(url, scope)


def send_apprise(
    url: str, *, title: str, body: str, policy: OutboundPolicy, timeout: float = TOTAL_SECONDS
) -> PushResult:
    """Send to one Apprise address. Raises Refused when the address, its service or its destination is not allowed.

    There is no retry in here, not even one that the address asks for: a message sent twice is a page sent twice.
    """
    with guarded_scope(policy, timeout) as scope:
        service = _plugin(url, scope)
        sender = apprise.Apprise(asset=service.asset)
        sender.add(service)
        ok = bool(sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
    if not ok and scope.refused is not None:
        raise scope.refused
    if ok:
        return PushResult(True, "", remote_status=scope.statuses[-1] if scope.statuses else None)
    return _failure(url, scope)


def _failure(url: str, scope: Scope) -> PushResult:
    status = scope.statuses[-1] if scope.statuses else None
    permanent = status is not None and 400 <= status < 500 and status not in RETRYABLE_STATUS
    detail = _detail(url, scope)
    if scope.expired:
        detail = " ".join((_("The service did not answer in time."), detail)).strip()
    if not detail:
        detail = _("The service did not take the message and gave no reason (last answer: %(status)s).") % {
            "status": status or _("none")
        }
    return PushResult(
        False,
        detail,
        retryable=not permanent or scope.unanswered,
        maybe_delivered=scope.unanswered,
        remote_status=status,
    )


def _plugin(url: str, scope: Scope) -> Any:
    """A fresh service object for this address, made harmless."""
    url = url.strip()
    schema = _schema(url)
    _check_schema(schema, url)
    service: Any = apprise.Apprise.instantiate(url, asset=_asset())
    if service is None:
        reason = _detail(url, scope)
        raise Refused(
            _("The address %(url)s does not fit its service. %(reason)s See %(docs)s for how to write it.")
            % {"url": redact_url(url), "reason": reason, "docs": DOCS}
        )
    schemas = set(service.schemas())
    if not GUARDED.intersection(schemas):  # a https:// address that Apprise turned into some other service
        raise _not_guarded(min(schemas, default=schema))
    for value in vars(service).values():
        if isinstance(value, apprise.AppriseAttachment) and len(value):
            raise Refused(
                _("The address %(url)s names a file to read on this machine; remove “template” or “keyfile” from it.")
                % {"url": redact_url(url)},
                reason="file",
            )
    service.retry = 0  # ?retry=3 would send again after an answer got lost
    service.optional = False  # ?optional=yes would report a failure as success
    service.request_rate_per_sec = min(service.request_rate_per_sec, SECONDS_BETWEEN_TARGETS)
    return service


def _schema(url: str) -> str:
    found = re.match(r"([A-Za-z0-9]{1,32})://", url)
    if not found:
        raise Refused(
            _("This is not an Apprise address; those start with the service, such as slack://. See %(docs)s.")
            % {"docs": DOCS}
        )
    return found.group(1).lower()


def _check_schema(schema: str, url: str) -> None:
    if schema in REFUSED:
        raise _not_guarded(schema)
    if schema in {"http", "https"}:
        if _library.plugins.url_to_dict(url) is None:
            raise Refused(
                _(
                    "%(url)s is not the web address of a service Apprise knows. To call any web address use json:// or"
                    " jsons://. See %(docs)s."
                )
                % {"url": redact_url(url), "docs": DOCS}
            )
    elif schema not in GUARDED:
        near = difflib.get_close_matches(schema, sorted(GUARDED), n=1)
        hint = _("Did you mean “%(near)s://”?") % {"near": near[0]} if near else ""
        raise Refused(
            _(
                "“%(schema)s://” is not a service Steward can send to. %(hint)s See %(docs)s for the services and their"
                " addresses."
            )
            % {"schema": schema, "hint": hint, "docs": DOCS},
            reason="unknown-service",
        )


def _not_guarded(schema: str) -> Refused:
    why = REFUSED.get(schema) or _("Nobody has checked yet that its connections can be guarded.")
    return Refused(
        _("“%(schema)s://” cannot be used here. %(why)s") % {"schema": schema, "why": why}, reason="unguarded-service"
    )


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="Steward",
        app_desc="Steward",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        service_timeout=0,  # else Apprise runs the call in a thread of its own and walks away from it
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
        secure_logging=True,
    )


def _host_is_public(url: str) -> bool:
    """Whether a host stands where a host would: in most services' addresses that place holds a token."""
    schema = url.strip().partition("://")[0].lower()
    if schema in {"http", "https", "smtp", "smtps"}:
        return True
    if schema not in _services:
        return False
    templates = _services[schema].templates
    return bool(templates) and all(re.search(r"://(?:[^/]*@)?\{host\}", template) for template in templates)


def _detail(url: str, scope: Scope) -> str:
    secrets = secrets_of(url, host_is_public=_host_is_public(url))
    lines = list(dict.fromkeys(" ".join(line.split()) for line in scope.lines))
    return scrub(" ".join(lines), secrets)[:DETAIL_LIMIT]
