"""WeCom's group robot: Markdown; the key in the address is all that protects it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field, web_address
from steward.response.notifications.channels.robots import deliver, markdown
from steward.response.notifications.sendings import Sending

# "api freq out of limit" and "system busy"
_PASSING = {45009, 45033, -1}
_MOST_BYTES = 4096


class WeCom(Channel):
    name = "wecom"
    label = gettext_lazy("WeCom")
    spoken = gettext_noop("WeCom")
    position = 62
    about = gettext_lazy("A message of a group's robot; its link opens the page that acknowledges.")
    address = Field(
        "target", gettext_lazy("Address of the robot"), "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"
    )

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return web_address(target), {}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        with messages.reader_of(sending):
            text = markdown(messages.card(sending, now), most=_MOST_BYTES)
        content = text.encode()[:_MOST_BYTES].decode("utf-8", "ignore")
        body = {"msgtype": "markdown", "markdown": {"content": content}}
        return deliver(sending.target, body, code="errcode", text="errmsg", passing=_PASSING)


CHANNEL = WeCom()
