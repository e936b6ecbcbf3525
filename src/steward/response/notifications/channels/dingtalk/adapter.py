"""DingTalk's custom robot: an action card, signed with the robot's secret (HMAC-SHA-256 over the time and the secret)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field, web_address
from steward.response.notifications.channels.robots import deliver, markdown
from steward.response.notifications.sendings import Sending

# "send too fast" and "the system is busy"
_PASSING = {130101, 130102, 88, -1}


class DingTalk(Channel):
    name = "dingtalk"
    label = gettext_lazy("DingTalk")
    spoken = gettext_noop("DingTalk")
    position = 60
    about = gettext_lazy("A card of a group's robot; its button opens the page that acknowledges.")
    address = Field(
        "target", gettext_lazy("Address of the robot"), "https://oapi.dingtalk.com/robot/send?access_token=…"
    )
    fields = (
        Field(
            "secret", gettext_lazy("Secret"), gettext_lazy("Begins with SEC, if the robot is secured by signature."),
            secret=True, required=False,
        ),
    )  # fmt: skip

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return web_address(target), {"secret": options.get("secret", "").strip()}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        with messages.reader_of(sending):
            card = messages.card(sending, now)
            inner: dict[str, Any] = {"title": card.title[:100], "text": markdown(card, most=18_000)}
            if card.single is not None:
                inner |= {"singleTitle": _("Acknowledge or resolve"), "singleURL": card.single.link}
                body = {"msgtype": "actionCard", "actionCard": inner}
            else:
                body = {"msgtype": "markdown", "markdown": inner}
        url = signed(sending.target, str(sending.options.get("secret", "")), now)
        return deliver(url, body, code="errcode", text="errmsg", passing=_PASSING)


def signed(url: str, secret: str, now: datetime) -> str:
    """The address with time (milliseconds) and signature."""
    if not secret:
        return url
    moment = str(round(now.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    return f"{url}{'&' if '?' in url else '?'}timestamp={moment}&sign={sign}"


CHANNEL = DingTalk()
