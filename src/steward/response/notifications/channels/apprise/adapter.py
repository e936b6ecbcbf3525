"""Apprise: one address, one service. Loaded at the first use: half a second and 30 MB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation import outbound
from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import SECONDS, Channel, Field, policy
from steward.response.notifications.sendings import Sending


class Apprise(Channel):
    name = "apprise"
    label = gettext_lazy("Apprise")
    spoken = gettext_noop("push message")
    position = 90
    about = gettext_lazy("A hundred more services, each by an address in Apprise's form.")
    address = Field(
        "target",
        gettext_lazy("Apprise address"),
        gettext_lazy("Begins with the service: ntfy://…, pover://…, gotify://…, matrix://…, discord://…"),
    )

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        outbound.check_push_url(target)
        return target, {}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        message = messages.short(sending, now)
        result = outbound.send_apprise(
            sending.target, title=message.title, body=message.body, policy=policy(), timeout=SECONDS
        )
        if result.ok:
            status = f" ({result.remote_status})" if result.remote_status else ""
            return rules.Answer(True, _("The service took the message.") + status)
        return rules.Answer(False, result.detail, result.retryable, result.maybe_delivered)


CHANNEL = Apprise()
