"""A webhook: JSON of ours or a template, signed with HMAC-SHA-256 over the time and the body."""

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
from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import Channel, Field, answer_of, post, web_address
from steward.response.notifications.sendings import Sending

_PLACE = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")
NAMES = (
    "title", "body", "severity", "service", "why", "incident", "link", "receipt", "importance", "person", "count", "id",
    "time", "incidents",
)  # fmt: skip


class BadTemplate(Refused):
    """A template that cannot be filled."""

    field = "template"


class Webhook(Channel):
    name = "webhook"
    label = gettext_lazy("webhook")
    spoken = gettext_noop("webhook")
    icon = "api"
    position = 80
    about = gettext_lazy("A POST to an address of your own, signed, with a body as you write it.")
    address = Field("target", gettext_lazy("Address"), gettext_lazy("https://… that takes a POST."))
    fields = (
        Field(
            "secret", gettext_lazy("Secret"),
            gettext_lazy("Signs what is sent: Steward-Signature is t=…,v1=…, the HMAC-SHA-256 of “t.body”."),
            secret=True,
        ),
        Field(
            "template", gettext_lazy("Body"),
            gettext_lazy("Leave empty for Steward's own JSON. Or write one with {{ title }}, {{ body }}, {{ severity }}, "
                         "{{ service }}, {{ why }}, {{ incident }}, {{ link }} and others; in JSON they are escaped."),
            required=False, lines=True,
        ),
    )  # fmt: skip

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        template = options.get("template", "").strip()
        unknown = sorted({each for each in _PLACE.findall(template) if each not in NAMES})
        if unknown:
            text = _("The body names {{ %(name)s }}, which there is not. There are: %(names)s.")
            raise BadTemplate(text % {"name": unknown[0], "names": ", ".join(NAMES)})
        return web_address(target), {"secret": options.get("secret", "").strip(), "template": template}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        values = payload(sending, now)
        body, kind = fill(str(sending.options.get("template", "")), values)
        headers = {
            "Content-Type": kind,
            "Steward-Signature": signature(str(sending.options.get("secret", "")), now, body),
            "Steward-Attempt": str(sending.attempt),
        }
        return answer_of(post(sending.target, content=body, headers=headers, key=sending.key))


def payload(sending: Sending, now: datetime) -> dict[str, Any]:
    """What a template may name, and without one the body."""
    with messages.reader_of(sending):
        card = messages.card(sending, now, 50)
        worst = sending.bundle[0]
        each = [
            {
                "incident": told.subject_label, "title": told.title, "severity": told.severity, "service": told.service,
                "why": entry.why, "link": entry.link, "receipt": entry.receipt,
            }
            for told, entry in zip(sending.bundle, card.entries, strict=False)
        ]  # fmt: skip
        return {
            "id": sending.key, "time": now.isoformat(), "importance": sending.importance, "person": sending.user_name,
            "title": card.title, "body": card.body, "severity": worst.severity, "service": worst.service,
            "why": card.why or card.entries[0].why, "incident": worst.subject_label, "link": card.entries[0].link,
            "receipt": card.entries[0].receipt, "count": len(sending.bundle), "incidents": each,
        }  # fmt: skip


def fill(template: str, values: Mapping[str, Any]) -> tuple[bytes, str]:
    """The body and its type. In what is JSON without its placeholders, values are escaped as in a string of JSON."""
    if not template:
        return json.dumps(values).encode(), "application/json"
    as_json = _is_json(_PLACE.sub("0", template))

    def value(found: re.Match[str]) -> str:
        known = values[found.group(1)]
        if not as_json:
            return known if isinstance(known, str) else json.dumps(known)
        return json.dumps(known)[1:-1] if isinstance(known, str) else json.dumps(known)

    text = _PLACE.sub(value, template)
    return text.encode(), "application/json" if as_json else "text/plain; charset=utf-8"


def signature(secret: str, at: datetime, body: bytes) -> str:
    """The value of Steward-Signature; the time in it lets a receiver refuse what was recorded and sent again."""
    moment = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


CHANNEL = Webhook()
