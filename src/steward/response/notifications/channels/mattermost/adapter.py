"""Mattermost: a bot's posts with interactive buttons. Their context never leaves the server and holds our signed token,
which is what makes a call back genuine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation import outbound
from steward.foundation.outbound import HttpResult, Refused
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import (
    ANSWER_LIMIT,
    SECONDS,
    Call,
    Channel,
    Field,
    Heard,
    NotGenuine,
    Press,
    Reply,
    callback_url,
    json_reply,
    policy,
    refusal,
    said,
    web_address,
)  # fmt: skip
from steward.response.notifications.sendings import Sending

_CHANNEL_ID = re.compile(r"[a-z0-9]{26}")
_NAME = re.compile(r"@[a-z0-9][a-z0-9._-]{0,63}")
_MOST_BUTTONS = 5


class Mattermost(Channel):
    name = "mattermost"
    label = gettext_lazy("Mattermost")
    spoken = gettext_noop("Mattermost")
    position = 52
    about = gettext_lazy("A message of the bot with buttons that acknowledge and resolve.")
    address = Field(
        "target", gettext_lazy("Person or channel"), gettext_lazy("@name for a direct message, or a channel's ID.")
    )
    settings = (
        Field("server", gettext_lazy("Address of the server"), "https://chat.example.org"),
        Field("token", gettext_lazy("Token of the bot"), gettext_lazy("System Console, Bot Accounts."), secret=True),
    )
    acknowledges = "buttons"

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        target = target.lower()
        if not _NAME.fullmatch(target) and not _CHANNEL_ID.fullmatch(target):
            raise Refused(_("Write @name, or the ID of a channel (26 letters and digits)."))
        return target, {}

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        web_address(settings["server"])
        return {}

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        channel = sending.target
        if channel.startswith("@"):
            found = _direct(channel, sending.settings)
            if isinstance(found, rules.Answer):
                return found
            channel = found
        with messages.reader_of(sending):
            card = messages.card(sending, now)
            # The server takes a post with a pending ID it knows for the same post, for a while.
            body = {
                "channel_id": channel, "message": "", "pending_post_id": sending.key,
                "props": {"attachments": _attachments(card)},
            }  # fmt: skip
        result = _ask(sending.settings, "POST", "posts", body)
        answer = said(result)
        if result.status >= 300 or not answer.get("id"):
            return refusal(result, str(answer.get("message") or result.text[:200]))
        return rules.Answer(True, f"{result.status} {answer['id']}")

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        found = call.json()
        context = found.get("context") if isinstance(found, dict) else None
        if not settings.get("token") or not isinstance(context, dict) or not context.get("token"):
            raise NotGenuine("no button of ours")
        press = Press(str(context.get("verb", "")), token=str(context["token"]), by=str(found.get("user_name", "")))
        return Heard(press=press, context={"title": str(context.get("title", ""))})

    def reply(self, heard: Heard, said: str) -> Reply:
        title = str(heard.context.get("title", ""))
        update = {"message": "", "props": {"attachments": [{"title": title, "text": said, "fallback": said}]}}
        return json_reply({"update": update, "ephemeral_text": said})


def _attachments(card: messages.Card) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, each in enumerate(card.entries):
        many = len(card.entries) > 1 or card.left > 0
        title = each.line if many else card.title
        lines = [each.why] if many else [card.body, _("Why you: %(why)s") % {"why": card.why} if card.why else ""]
        made: dict[str, Any] = {
            "fallback": card.title, "title": title, "text": "\n\n".join(line for line in lines if line),
            "fields": [] if many else [{"short": True, "title": name, "value": value} for name, value in card.facts],
        }  # fmt: skip
        if each.link:
            made["title_link"] = each.link
        if each.token and number < _MOST_BUTTONS:
            made["actions"] = [
                _button("acknowledge", _("Acknowledge"), "primary", each, title),
                _button("resolve", _("Resolve"), "default", each, title),
            ]
        if many and not number:
            made["pretext"] = card.title
        found.append(made)
    if card.left:
        found.append({"text": f"{messages.and_more(card.left)} {card.all}", "fallback": card.title})
    return found


def _button(verb: str, name: str, style: str, entry: messages.Entry, title: str) -> dict[str, Any]:
    # An id with anything but letters and digits is refused by the server.
    return {
        "id": f"{verb}{entry.page_id}", "name": name, "type": "button", "style": style,
        "integration": {
            "url": callback_url("mattermost", "actions"),
            "context": {"verb": verb, "token": entry.token, "title": title[:200]},
        },
    }  # fmt: skip


def _direct(name: str, settings: Mapping[str, str]) -> str | rules.Answer:
    """The channel between the bot and a person."""
    ids = []
    for path in ("users/me", f"users/username/{quote(name[1:], safe='')}"):
        result = _ask(settings, "GET", path)
        found = said(result).get("id")
        if result.status >= 300 or not found:
            return refusal(result, str(said(result).get("message") or result.text[:200]))
        ids.append(found)
    result = _ask(settings, "POST", "channels/direct", ids)
    channel = said(result).get("id")
    if result.status >= 300 or not channel:
        return refusal(result, str(said(result).get("message") or result.text[:200]))
    return str(channel)


def _ask(settings: Mapping[str, str], method: str, path: str, body: Any = None) -> HttpResult:
    return outbound.request(
        method, f"{settings['server'].rstrip('/')}/api/v4/{path}", policy=policy(), json=body, timeout=SECONDS,
        headers={"Authorization": f"Bearer {settings['token']}"}, any_status=True, body_limit=ANSWER_LIMIT,
    )  # fmt: skip


CHANNEL = Mattermost()
