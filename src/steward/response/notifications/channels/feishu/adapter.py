"""Feishu's (Lark's) custom bot: an interactive card, signed with the bot's secret in Feishu's own way (time and secret
are the key, the message is empty)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field, web_address
from steward.response.notifications.channels.robots import deliver, markdown
from steward.response.notifications.sendings import Sending

# "too many requests" and "frequency limited"
_PASSING = {9499, 11232}
_COLOURS = {"SEV1": "red", "SEV2": "orange", "SEV3": "yellow"}


class Feishu(Channel):
    name = "feishu"
    label = gettext_lazy("Feishu / Lark")
    spoken = gettext_noop("Feishu")
    position = 64
    about = gettext_lazy("A card of a group's bot; its button opens the page that acknowledges.")
    address = Field("target", gettext_lazy("Address of the bot"), "https://open.feishu.cn/open-apis/bot/v2/hook/…")
    fields = (
        Field(
            "secret", gettext_lazy("Secret"), gettext_lazy("If the bot checks signatures."), secret=True, required=False
        ),
    )

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return web_address(target), {"secret": options.get("secret", "").strip()}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        with messages.reader_of(sending):
            card = messages.card(sending, now)
            body: dict[str, Any] = {"msg_type": "interactive", "card": _card(card, sending.bundle[0].severity)}
        secret = str(sending.options.get("secret", ""))
        if secret:
            moment = int(now.timestamp())
            body = {"timestamp": str(moment), "sign": signature(secret, moment), **body}
        return deliver(sending.target, body, code="code", text="msg", passing=_PASSING)


def _card(card: messages.Card, severity: str) -> dict[str, Any]:
    text = markdown(card, most=18_000).partition("\n\n")[2]
    elements: list[dict[str, Any]] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}}] if text else []
    if card.single is not None:
        button = {
            "tag": "button", "type": "primary", "url": card.single.link,
            "text": {"tag": "plain_text", "content": _("Acknowledge or resolve")},
        }  # fmt: skip
        elements.append({"tag": "action", "actions": [button]})
    title = {"tag": "plain_text", "content": card.title[:200]}
    return {
        "config": {"wide_screen_mode": True}, "elements": elements,
        "header": {"template": _COLOURS.get(severity, "blue"), "title": title},
    }  # fmt: skip


def signature(secret: str, moment: int) -> str:
    """Feishu's ``sign``."""
    return base64.b64encode(hmac.new(f"{moment}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


CHANNEL = Feishu()
