"""One try over the network: no transaction is open and no row is locked while this runs."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation import outbound
from steward.foundation.outbound import (
    MailSettings,
    OutboundError,
    OutboundPolicy,
    message_id_for,
    send_mail,
)
from steward.response.notifications import messages, rules
from steward.response.notifications.actions.deliveries import Sending

# Shorter than the lease of a delivery, so that a try is over before somebody else may take it up.
SMTP_SECONDS = 20.0
PUSH_SECONDS = 15.0


def send(sending: Sending, now: datetime) -> rules.Answer:
    """Make the try and say how it ended; never raises for what the outside does."""
    try:
        if sending.channel == rules.EMAIL:
            return _mail(sending, now)
        return _push(sending, now)
    except OutboundError as error:
        return rules.Answer(False, error.message, error.retryable, error.maybe_delivered, error.retry_after)


def mail_settings() -> MailSettings | None:
    """The operator's mail server, if one is configured."""
    env = load()
    if not env.smtp_host:
        return None
    return MailSettings(
        host=env.smtp_host, port=env.smtp_port,
        security=env.smtp_security,
        username=env.smtp_username, password=env.smtp_password, from_address=env.mail_from, timeout=SMTP_SECONDS,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _policy(allowed: tuple[str, ...]) -> OutboundPolicy:
    return OutboundPolicy.parse(allowed)


def _mail(sending: Sending, now: datetime) -> rules.Answer:
    settings = mail_settings()
    if settings is None:
        return rules.Answer(False, _("No mail server is configured. Set STEWARD_SMTP_HOST and start Steward again."))
    message = messages.mail(sending, now)
    # Every mail about one subject names the same (made-up) first mail, so that mail programs show one thread.
    # What tells of several belongs to none of their threads.
    about = f"bundle-{sending.page_id}" if sending.others else f"{sending.subject.kind}-{sending.subject.id}"
    thread = message_id_for(f"{about}-thread", settings.from_address)
    result = send_mail(
        settings, to=sending.target, subject=message.subject, text=message.text, html=message.html,
        message_id=sending.key, headers={"References": thread}, date=now,
    )  # fmt: skip
    return rules.Answer(True, f"{result.code} {result.text}")


def _push(sending: Sending, now: datetime) -> rules.Answer:
    message = messages.short(sending, now)
    result = outbound.send_apprise(  # loads Apprise at the first push: half a second and 30 MB
        sending.target, title=message.title, body=message.body, policy=_policy(load().outbound_allow),
        timeout=PUSH_SECONDS,
    )  # fmt: skip
    if result.ok:
        status = f" ({result.remote_status})" if result.remote_status else ""
        return rules.Answer(True, _("The service took the message.") + status)
    return rules.Answer(False, result.detail, result.retryable, result.maybe_delivered)
