"""A Telegram bot: messages with buttons; what is pressed comes to its webhook, which Telegram calls with our secret."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound import Refused
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import (
    Call,
    Channel,
    Field,
    Heard,
    Link,
    NotGenuine,
    Press,
    Reply,
    callback_url,
    json_reply,
    post,
    refusal,
    said,
    same,
    web_address,
)  # fmt: skip
from steward.response.notifications.sendings import Sending

BASE = "https://api.telegram.org"
WAITING = "connect:"
_CHAT = re.compile(r"-?[0-9]{3,20}|@[A-Za-z0-9_]{5,40}")
_TOKEN = re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,60}")
_VERBS = {"a": "acknowledge", "r": "resolve"}
_MOST_TEXT, _MOST_BUTTONS = 3500, 5


class Telegram(Channel):
    name = "telegram"
    label = gettext_lazy("Telegram")
    spoken = gettext_noop("Telegram")
    position = 40
    about = gettext_lazy("A message of the bot with buttons that acknowledge and resolve.")
    address = Field(
        "target", gettext_lazy("Chat"),
        gettext_lazy("Write “connect”, add it, and follow the link to the bot. Or the number of a chat that the bot is in."),
    )  # fmt: skip
    settings = (
        Field("token", gettext_lazy("Token of the bot"), gettext_lazy("From @BotFather."), secret=True),
        Field("bot", gettext_lazy("Name of the bot"), gettext_lazy("Without the @."), required=False),
        Field(
            "base", gettext_lazy("Address of the Bot API"), gettext_lazy("Leave empty for Telegram's own."), required=False
        ),
    )  # fmt: skip
    acknowledges = "buttons"

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        if target.lower() == "connect":
            word = secrets.token_urlsafe(16)
            return f"{WAITING}{word}", {"word": word}
        if not _CHAT.fullmatch(target):
            raise Refused(_("Write “connect”, the number of a chat, or the @name of a channel."))
        return target, {}

    def shown(self, target: str) -> str:
        return str(_("not connected yet")) if target.startswith(WAITING) else target

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        if not _TOKEN.fullmatch(settings["token"]):
            return {"token": _("This is not the token of a bot; it looks like 123456789:AA….")}
        if settings.get("base"):
            web_address(settings["base"])
        return {}

    def connect_link(self, options: Mapping[str, Any], settings: Mapping[str, str]) -> str:
        word, bot = str(options.get("word", "")), settings.get("bot", "").lstrip("@")
        return f"https://t.me/{bot}?start={word}" if word and bot else ""

    def set_up(self, settings: Mapping[str, str]) -> str:
        answer = _ask(settings, "setWebhook", {
            "url": callback_url(self.name, "updates"), "secret_token": secret_token(settings["token"]),
            "allowed_updates": ["message", "callback_query"],
        })  # fmt: skip
        return "" if answer.ok else answer.text

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        if sending.target.startswith(WAITING):
            return rules.Answer(False, _("The chat is not connected yet."))
        with messages.reader_of(sending):
            card = messages.card(sending, now)
            rows = [
                [_button(_label(each, len(card.entries)), "a", each.page_id),
                 *([_button(_("Resolve"), "r", each.page_id)] if len(card.entries) == 1 else [])]
                for each in card.entries[:_MOST_BUTTONS] if each.token
            ]  # fmt: skip
            body: dict[str, Any] = {"chat_id": sending.target, "text": messages.plain(card, _MOST_TEXT)}
        body["link_preview_options"] = {"is_disabled": True}
        if rows:
            body["reply_markup"] = {"inline_keyboard": rows}
        return _ask(sending.settings, "sendMessage", body)

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        token = settings.get("token", "")
        given = call.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not token or not same(given, secret_token(token)):
            raise NotGenuine("the secret token is missing or another one")
        update = call.json()
        if not isinstance(update, dict):
            raise NotGenuine("not an update")
        query, message = update.get("callback_query"), update.get("message")
        if isinstance(query, dict):
            return _pressed(query)
        if isinstance(message, dict):
            chat, words = _chat(message), str(message.get("text", "")).split()
            link = Link(words[1], chat) if len(words) == 2 and words[0] == "/start" else None
            return Heard(link=link, context={"chat": chat if link else ""})
        return Heard()

    def reply(self, heard: Heard, said: str) -> Reply:
        context = heard.context
        if context.get("query"):
            answer = {"method": "answerCallbackQuery", "callback_query_id": context["query"], "text": said[:200]}
            return json_reply(answer, then={**context["edit"], "text": f"{context['text']}\n\n{said}"[:4000]})
        if context.get("chat"):
            return json_reply({"method": "sendMessage", "chat_id": context["chat"], "text": said})
        return json_reply({})

    def follow_up(self, then: Mapping[str, Any], settings: Mapping[str, str]) -> None:
        _ask(settings, "editMessageText", then)


def secret_token(token: str) -> str:
    """What Telegram sends with every update, so that nobody else can."""
    return salted_hmac("steward.notifications.telegram", token, algorithm="sha256").hexdigest()


def _label(entry: messages.Entry, count: int) -> str:
    return _("Acknowledge") if count == 1 else _("Acknowledge %(what)s") % {"what": entry.line[:30]}


def _button(text: str, verb: str, page_id: int) -> dict[str, str]:
    # At most 64 bytes: no room for a signed token. The secret of the webhook vouches for the chat that it comes from.
    return {"text": text, "callback_data": f"{verb}:{page_id}"}


def _pressed(query: Mapping[str, Any]) -> Heard:
    message, who = query.get("message") or {}, query.get("from") or {}
    verb, _colon, page = str(query.get("data", "")).partition(":")
    if verb not in _VERBS or not page.isdecimal() or len(page) > 18:
        raise NotGenuine("no button of ours")
    chat = _chat(message)
    name = f"@{who['username']}" if who.get("username") else str(who.get("first_name", ""))
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    left = [[each for each in row if not _done(each, verb, page)] for row in rows]
    edit = {
        "chat_id": chat, "message_id": message.get("message_id"),
        "reply_markup": {"inline_keyboard": [row for row in left if row]},
        "link_preview_options": {"is_disabled": True},
    }  # fmt: skip
    press = Press(_VERBS[verb], page_id=int(page), address=chat, by=name)
    return Heard(
        press=press, context={"query": str(query.get("id", "")), "text": message.get("text", ""), "edit": edit}
    )


def _done(button: Mapping[str, Any], verb: str, page: str) -> bool:
    """Whether a button says nothing any more: what is acknowledged can still be resolved."""
    data = str(button.get("callback_data", ""))
    return data == f"{verb}:{page}" or (verb == "r" and data == f"a:{page}")


def _chat(message: Mapping[str, Any]) -> str:
    return str((message.get("chat") or {}).get("id", ""))


def _ask(settings: Mapping[str, str], method: str, body: Mapping[str, Any]) -> rules.Answer:
    base = (settings.get("base") or BASE).rstrip("/")
    result = post(f"{base}/bot{settings['token']}/{method}", json=body, any_status=True)
    answer = said(result)
    if answer.get("ok") is True:
        found = answer.get("result")
        message = found.get("message_id", "") if isinstance(found, dict) else ""
        chat = (found.get("chat") or {}).get("id", "") if isinstance(found, dict) else ""
        return rules.Answer(True, f"{result.status} {message}".strip(), reference=f"telegram:{chat}:{message}")
    refused = refusal(result, str(answer.get("description") or result.text[:200]))
    wait = (answer.get("parameters") or {}).get("retry_after")
    if isinstance(wait, int | float):
        return rules.Answer(False, refused.text, refused.retryable, retry_after=float(wait))
    return refused


CHANNEL = Telegram()
