"""Microsoft Teams: an Adaptive Card to a workflow ("When a Teams webhook request is received").

Teams allows such a workflow to post a card and nothing more: buttons that call back need a bot registered with Azure.
So the buttons are signed links, which open Steward's page for acknowledging. That the workflow took the request does
not say that the card was posted: the workflow's own run history does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field, answer_of, post, web_address
from steward.response.notifications.sendings import Sending


class Teams(Channel):
    name = "teams"
    label = gettext_lazy("Microsoft Teams")
    spoken = gettext_noop("Microsoft Teams")
    position = 54
    about = gettext_lazy("A card through a workflow; its button opens the page that acknowledges.")
    address = Field(
        "target", gettext_lazy("Address of the workflow"),
        gettext_lazy("In Teams: Workflows, “Send webhook alerts to a chat” (or channel), copy the address."),
    )  # fmt: skip

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return web_address(target), {}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        with messages.reader_of(sending):
            content = _card(messages.card(sending, now))
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content
        }  # fmt: skip
        return answer_of(post(sending.target, json={"type": "message", "attachments": [attachment]}, key=sending.key))


def _card(card: messages.Card) -> dict[str, Any]:
    body: list[dict[str, Any]] = [_text(card.title, weight="bolder", size="medium")]
    if card.facts:
        body.append({"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in card.facts]})
    body += [_text(card.body[:2000])] if card.body else []
    body += [_text(_("Why you: %(why)s") % {"why": card.why}, isSubtle=True)] if card.why else []
    actions: list[dict[str, Any]] = []
    if card.single is not None:
        actions.append(_open(_("Acknowledge or resolve"), card.single.link))
    for each in card.entries if card.single is None else []:
        body.append(_text(f"[{_plain(each.line)}]({each.link})" if each.link else each.line))
    if card.left:
        body.append(_text(messages.and_more(card.left).rstrip(":")))
    if card.all:
        actions.append(_open(_("all open incidents"), card.all))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": body, "actions": actions, "msteams": {"width": "Full"},
    }  # fmt: skip


def _text(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _plain(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _open(title: str, url: str) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "title": title, "url": url}


CHANNEL = Teams()
