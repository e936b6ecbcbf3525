"""Send one e-mail over SMTP, on a connection that each thread keeps open.

The SMTP server is the operator's own configuration and usually stands in a private network, so the guard does not
apply to it.
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from steward.foundation import clock

from .errors import NoAnswer, OutboundError, Refused, Rejected, Unreachable
from .guard import CONNECT_SECONDS
from .message import mailbox, write_message
from .transport import tls_context

IDLE_CHECK_SECONDS = 2.0
IDLE_CLOSE_SECONDS = 60.0
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class MailSettings:
    """How to reach the operator's mail server."""

    host: str
    port: int = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    from_address: str = ""
    timeout: float = 30.0  # servers scan a message before they confirm it


@dataclass(frozen=True)
class SmtpResult:
    """The server's last answer: it has taken responsibility for the message."""

    code: int
    text: str


class _Gone(Exception):
    """The connection broke while nothing of the message had left."""


@dataclass
class _Connection:
    settings: MailSettings
    smtp: smtplib.SMTP
    pid: int
    used_at: float


_local = threading.local()


def send_mail(
    settings: MailSettings,
    *,
    to: str,
    subject: str,
    text: str,
    message_id: str,
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
    date: datetime | None = None,
) -> SmtpResult:
    """Hand one message for one recipient to the mail server.

    ``message_id`` is the idempotency key, from which the Message-ID header is made. Raises Refused (cannot be sent as
    it is), Unreachable (nothing was delivered, try later), Rejected (the server said no; ``retryable`` for 4xx) or
    NoAnswer (the message left and no answer came: the server may have taken it).
    """
    message = write_message(
        from_address=settings.from_address,
        to=to,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id,
        headers=headers or {},
        date=date or clock.now(),
    )
    sender, recipient = mailbox(settings.from_address, "from_address").spec, mailbox(to, "to").spec
    # The message has no bare line ends, so only these dots need doubling (RFC 5321 4.5.2).
    payload = _LEADING_DOT.sub(b"..", message)
    return _send(settings, sender, recipient, payload + b".\r\n")


def close_connections() -> None:
    """Close this thread's connection, for example before a worker ends."""
    kept: _Connection | None = getattr(_local, "kept", None)
    _local.kept = None
    if kept is None:
        return
    if kept.pid == os.getpid():
        with suppress(OSError, smtplib.SMTPException):
            kept.smtp.docmd("QUIT")
    kept.smtp.close()


def _send(settings: MailSettings, sender: str, recipient: str, payload: bytes) -> SmtpResult:
    connection, fresh = _connection(settings)
    try:
        _envelope(connection.smtp, sender, recipient)
    except _Gone as gone:
        _drop()
        if fresh:
            raise _unreachable(settings, gone) from None
        # A kept connection that the server had closed meanwhile. Nothing of the message has left, so this cannot
        # send it twice; from DATA on there is no second attempt.
        connection, _fresh = _connection(settings)
        try:
            _envelope(connection.smtp, sender, recipient)
        except _Gone as again:
            _drop()
            raise _unreachable(settings, again) from None
    return _data(settings, connection, payload)


def _envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    for command, argument, expected in (
        ("MAIL", f"FROM:<{sender}>", (250,)),
        ("RCPT", f"TO:<{recipient}>", (250, 251)),
        ("DATA", "", (354,)),
    ):
        try:
            code, answer = smtp.docmd(command, argument)
        except (OSError, smtplib.SMTPException) as error:
            raise _Gone(str(error)) from error
        if code == 421 or code == -1:  # the server says goodbye, or talks something that is not SMTP
            raise _Gone(_text(answer))
        if code not in expected:
            _reset(smtp)
            raise _rejected(command, code, answer)


def _data(settings: MailSettings, connection: _Connection, payload: bytes) -> SmtpResult:
    smtp = connection.smtp
    try:
        smtp.send(payload)
    except (OSError, smtplib.SMTPException) as error:
        # The closing dot is the last thing to be written, so the server cannot have taken the message.
        _drop()
        raise _unreachable(settings, error) from None
    try:
        code, answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        _drop()
        raise _no_answer(settings, str(error)) from None
    if code == -1:
        _drop()
        raise _no_answer(settings, _text(answer))
    if code != 250:
        if code == 421:
            _drop()
        raise _rejected("DATA", code, answer)
    connection.used_at = time.monotonic()
    return SmtpResult(code, _text(answer))


def _reset(smtp: smtplib.SMTP) -> None:
    """Forget the half-given envelope; a connection that cannot even do that is not kept."""
    try:
        code, _answer = smtp.docmd("RSET")
    except (OSError, smtplib.SMTPException):
        code = -1
    if code != 250:
        _drop()


def _connection(settings: MailSettings) -> tuple[_Connection, bool]:
    """This thread's connection, and whether it was opened just now."""
    kept: _Connection | None = getattr(_local, "kept", None)
    if kept is not None and not _usable(kept, settings):
        close_connections()
        kept = None
    if kept is not None:
        return kept, False
    opened = _Connection(settings, _open(settings), os.getpid(), time.monotonic())
    _local.kept = opened
    return opened, True


def _usable(kept: _Connection, settings: MailSettings) -> bool:
    idle = time.monotonic() - kept.used_at
    if kept.settings != settings or kept.pid != os.getpid() or idle > IDLE_CLOSE_SECONDS:
        return False
    if idle < IDLE_CHECK_SECONDS:
        return True
    try:
        return kept.smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _open(settings: MailSettings) -> smtplib.SMTP:
    smtp: smtplib.SMTP | None = None
    connect_limit = min(CONNECT_SECONDS, settings.timeout)
    name = _greeting_name()
    try:
        if settings.security == "tls":
            smtp = smtplib.SMTP_SSL(timeout=connect_limit, local_hostname=name, context=tls_context())
        else:
            smtp = smtplib.SMTP(timeout=connect_limit, local_hostname=name)
        _greet(smtp, settings)
    except OutboundError:
        _close(smtp)
        raise
    except smtplib.SMTPResponseException as error:
        _close(smtp)
        if error.smtp_code in {-1, 421}:
            raise _unreachable(settings, _Gone(_text(error.smtp_error))) from None
        raise _rejected("CONNECT", error.smtp_code, error.smtp_error) from None
    except (OSError, smtplib.SMTPException) as error:
        _close(smtp)
        raise _unreachable(settings, error) from None
    return smtp


def _greet(smtp: smtplib.SMTP, settings: MailSettings) -> None:
    # smtplib takes the name for the TLS certificate from here; its constructor would also connect, without the
    # chance to close the socket when the greeting is bad.
    smtp._host = settings.host  # type: ignore[attr-defined]
    code, answer = smtp.connect(settings.host, settings.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, answer)
    if smtp.sock is not None:  # always so after a greeting
        smtp.sock.settimeout(settings.timeout)
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    smtp.ehlo_or_helo_if_needed()
    if settings.security == "starttls":
        if not smtp.has_extn("starttls"):
            raise Refused(
                _("The mail server %(host)s does not offer STARTTLS. Set the mail security to “tls” or “none”.")
                % {"host": settings.host},
                reason="starttls",
            )
        smtp.starttls(context=tls_context())
        smtp.ehlo_or_helo_if_needed()
    if settings.username:
        try:
            smtp.login(settings.username, settings.password)
        except smtplib.SMTPNotSupportedError:
            raise Refused(
                _("The mail server %(host)s offers no sign-in. Remove the user name or check the mail security.")
                % {"host": settings.host},
                reason="login",
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            raise _rejected("AUTH", error.smtp_code, error.smtp_error) from None


def _greeting_name() -> str:
    # Not getfqdn(), which asks DNS and can hang.
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _close(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _drop() -> None:
    kept: _Connection | None = getattr(_local, "kept", None)
    _local.kept = None
    if kept is not None:
        kept.smtp.close()


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]


def _unreachable(settings: MailSettings, error: Exception) -> Unreachable:
    why = _text(getattr(error, "verify_message", "") or str(error) or type(error).__name__)
    return Unreachable(
        _("The mail server %(host)s:%(port)s cannot be reached: %(why)s.")
        % {"host": settings.host, "port": settings.port, "why": why}
    )


def _no_answer(settings: MailSettings, why: str) -> NoAnswer:
    return NoAnswer(
        _("The mail server %(host)s:%(port)s took the message but did not confirm it: %(why)s.")
        % {"host": settings.host, "port": settings.port, "why": why}
    )


def _rejected(step: str, code: int, answer: bytes | str) -> Rejected:
    return Rejected(
        _("The mail server refused at %(step)s: %(code)s %(answer)s")
        % {"step": step, "code": code, "answer": _text(answer)},
        remote_status=code,
        retryable=not 500 <= code < 600,
    )


def probe(settings: MailSettings) -> str:
    """Greet the mail server (and sign in, if configured) and leave; raises the errors of ``send_mail``."""
    smtp = _open(settings)
    try:
        return _text(smtp.noop()[1])
    finally:
        _close(smtp)
