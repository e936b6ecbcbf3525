"""The only way out: HTTP, e-mail and push, behind one guard. Import from here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import NoAnswer, OutboundError, Refused, Rejected, Unreachable
from .guard import guarded_create_connection
from .http import HttpResult, check_url, request
from .mail import MailSettings, SmtpResult, close_connections, probe, send_mail
from .message import message_id_for, one_line
from .policy import OutboundPolicy

if TYPE_CHECKING:
    from .push import PushResult, check_push_url, redact_url, send_apprise

__all__ = [
    "HttpResult",
    "MailSettings",
    "NoAnswer",
    "OutboundError",
    "OutboundPolicy",
    "PushResult",
    "Refused",
    "Rejected",
    "SmtpResult",
    "Unreachable",
    "check_push_url",
    "check_url",
    "close_connections",
    "guarded_create_connection",
    "message_id_for",
    "one_line",
    "probe",
    "redact_url",
    "request",
    "send_apprise",
    "send_mail",
]

_FROM_PUSH = frozenset({"PushResult", "check_push_url", "redact_url", "send_apprise"})


def __getattr__(name: str) -> Any:
    # Apprise and its services take some 30 MB, which processes that never push do not have to pay.
    if name in _FROM_PUSH:
        return getattr(import_module(f"{__name__}.push"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
