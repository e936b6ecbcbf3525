"""SMTP. The Message-ID is the idempotency key: a mail program shows a repeated one once (docs/decisions/0007)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.config.environment import load
from steward.foundation.outbound import MailSettings, message_id_for, send_mail
from steward.foundation.outbound.message import mailbox
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field
from steward.response.notifications.sendings import Sending

SMTP_SECONDS = 20.0


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


class Email(Channel):
    name = "email"
    label = gettext_lazy("e-mail")
    spoken = gettext_noop("e-mail")
    icon = "mail"
    position = 10
    about = gettext_lazy("A mail with everything in it and a link that acknowledges.")
    address = Field("target", gettext_lazy("E-mail address"), "name@example.org")

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return mailbox(target, "target").spec, {}

    def ready(self, settings: Mapping[str, str]) -> bool:
        return mail_settings() is not None

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        settings = mail_settings()
        if settings is None:
            return rules.Answer(
                False, _("No mail server is configured. Set STEWARD_SMTP_HOST and start Steward again.")
            )
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


CHANNEL = Email()
