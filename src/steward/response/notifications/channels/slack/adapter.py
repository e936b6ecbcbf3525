"""Slack: Block Kit with buttons; what is pressed comes signed (v0, HMAC-SHA-256 over the time and the body)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound import Refused
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import (
    Call,
    Channel,
    Field,
    Heard,
    NotGenuine,
    Press,
    Reply,
    post,
    refusal,
    said,
    same,
    web_address,
)  # fmt: skip
from steward.response.notifications.sendings import Sending

BASE = "https://slack.com/api"
# Slack's own advice: what is older may have been recorded and sent again.
OLDEST_SECONDS = 300
_ID = re.compile(r"[UWCDG][A-Z0-9]{7,20}")
_PASSING = {
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "message_limit_exceeded",
}  # fmt: skip
_MOST_BUTTONS = 5


class Slack(Channel):
    name = "slack"
    label = gettext_lazy("Slack")
    spoken = gettext_noop("Slack")
    icon = "brand-slack"
    position = 50
    about = gettext_lazy("A message of the app with buttons that acknowledge and resolve.")
    address = Field(
        "target", gettext_lazy("Member or channel ID"),
        gettext_lazy("In Slack: profile, ⋮, Copy member ID (U…); or a channel's ID (C…) that the app is in."),
    )  # fmt: skip
    settings = (
        Field("token", gettext_lazy("Bot token"), gettext_lazy("xoxb-…, with the scope chat:write."), secret=True),
        Field(
            "signing",
            gettext_lazy("Signing secret"),
            gettext_lazy("On the app's page, Basic Information."),
            secret=True,
        ),
        Field("base", gettext_lazy("Address of the API"), gettext_lazy("Leave empty for Slack's own."), required=False),
    )
    acknowledges = "buttons"

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        if not _ID.fullmatch(target):
            raise Refused(_("Write a member ID (U…) or a channel ID (C…); names change, IDs do not."))
        return target, {}

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        if settings.get("base"):
            web_address(settings["base"])
        if not settings["token"].startswith("xoxb-"):
            return {"token": _("A bot token begins with xoxb-.")}
        return {}

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        with messages.reader_of(sending):
            card = messages.card(sending, now)
            body = {"channel": sending.target, "text": card.title, "blocks": _blocks(card), "unfurl_links": False}
        base = (sending.settings.get("base") or BASE).rstrip("/")
        headers = {"Authorization": f"Bearer {sending.settings['token']}"}
        result = post(f"{base}/chat.postMessage", json=body, headers=headers, any_status=True)
        answer = said(result)
        if answer.get("ok") is True:
            return rules.Answer(True, f"{result.status} {answer.get('ts', '')}".strip())
        error = str(answer.get("error") or result.text[:200])
        return refusal(result, error, retryable=True if error in _PASSING else None)

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        _genuine(call, settings.get("signing", ""))
        payload = dict(call.form()).get("payload", "")
        try:
            found = json.loads(payload)
            action = found["actions"][0]
            verb, token = str(action["action_id"]).partition(":")[0], str(action["value"])
            user = found.get("user") or {}
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise NotGenuine("no button of ours") from None
        if verb == "open":  # Slack tells of links too
            return Heard()
        context = {"url": found.get("response_url", ""), "blocks": (found.get("message") or {}).get("blocks", []),
                   "text": (found.get("message") or {}).get("text", ""), "block": action.get("block_id", ""),
                   "verb": verb}  # fmt: skip
        by = str(user.get("username") or user.get("name") or user.get("id") or "")
        return Heard(press=Press(verb, token=token, by=by), context=context)

    def reply(self, heard: Heard, said: str) -> Reply:
        context = heard.context
        if not context.get("url"):
            return Reply("")
        note = {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(said)}]}
        blocks = [kept for block in context["blocks"] if (kept := _left(block, context)) is not None] + [note]
        return Reply("", then={
            "url": context["url"],
            "body": {"replace_original": True, "text": context["text"], "blocks": blocks[:50]},
        })  # fmt: skip

    def follow_up(self, then: Mapping[str, Any], settings: Mapping[str, str]) -> None:
        post(then["url"], json=then["body"])


def signature(secret: str, moment: str, body: bytes) -> str:
    """X-Slack-Signature."""
    signed = hmac.new(secret.encode(), b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={signed}"


def _genuine(call: Call, secret: str) -> None:
    moment = call.headers.get("X-Slack-Request-Timestamp", "")
    if not moment.isdecimal() or abs(call.now.timestamp() - int(moment)) > OLDEST_SECONDS:
        raise NotGenuine("the time is missing or too old")
    if not secret or not same(call.headers.get("X-Slack-Signature", ""), signature(secret, moment, call.body)):
        raise NotGenuine("X-Slack-Signature does not fit")


def _blocks(card: messages.Card) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": card.title[:150]}}]
    lines = [f"*{_escaped(name)}* {_escaped(value)}" for name, value in card.facts]
    lines += [_escaped(card.body[:1500])] if card.body else []
    lines += [_escaped(_("Why you: %(why)s") % {"why": card.why})] if card.why else []
    if lines:
        blocks.append(_section("\n".join(lines)))
    for number, each in enumerate(card.entries):
        if len(card.entries) > 1:
            blocks.append(_section(f"*{_escaped(each.line)}*\n{_escaped(each.why)}"))
        if each.token and number < _MOST_BUTTONS:
            blocks.append({"type": "actions", "block_id": f"page-{each.page_id}", "elements": [
                {"type": "button", "action_id": "acknowledge", "style": "primary", "value": each.token,
                 "text": {"type": "plain_text", "text": _("Acknowledge")}},
                {"type": "button", "action_id": "resolve", "value": each.token,
                 "text": {"type": "plain_text", "text": _("Resolve")}},
                {"type": "button", "action_id": "open", "url": each.link, "value": each.token,
                 "text": {"type": "plain_text", "text": _("Open")}},
            ]})  # fmt: skip
    if card.left:
        blocks.append(_section(f"{messages.and_more(card.left)} {card.all}"))
    return blocks


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _left(block: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any] | None:
    """A block of the message as it stays: without the button that was pressed, or any of them once it is resolved."""
    if block.get("type") != "actions" or block.get("block_id") != context["block"]:
        return dict(block)
    done = {"acknowledge"} if context["verb"] == "acknowledge" else {"acknowledge", "resolve"}
    staying = [each for each in block.get("elements", []) if each.get("action_id") not in done]
    return {**block, "elements": staying} if staying else None


CHANNEL = Slack()
