"""Pushes to a browser, also with the page installed as an app. The browser's maker runs the push service; it sees
neither title nor text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.config.environment import load
from steward.foundation.outbound import Refused
from steward.foundation.outbound.redact import redact_url
from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import (
    Call,
    Channel,
    Field,
    Heard,
    NotGenuine,
    Press,
    Reply,
    json_reply,
    post,
    refusal,
    web_address,
)  # fmt: skip
from steward.response.notifications.channels.webpush.encryption import (
    MOST_PLAIN,
    authorization,
    b64,
    encrypt,
    new_key,
    point,
    private,
    public,
    unb64,
)  # fmt: skip
from steward.response.notifications.sendings import Sending

# A page that a device gets later than this is older than its escalation.
TTL_SECONDS = 4 * 3600
_GONE = (404, 410)


class WebPush(Channel):
    name = "webpush"
    label = gettext_lazy("push to this browser")
    spoken = gettext_noop("push")
    icon = "bell-ringing"
    position = 15
    about = gettext_lazy("A notification of the browser or of the installed page, with a button that acknowledges.")
    address = Field("target", gettext_lazy("Address"), gettext_lazy("The browser gives it."))
    fields = (
        Field("p256dh", "p256dh", secret=True),
        Field("auth", "auth", secret=True),
        Field("device", gettext_lazy("Device"), required=False),
    )
    settings = (Field("key", gettext_lazy("Key"), secret=True),)
    acknowledges = "buttons"
    by_device = True

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        try:
            public(unb64(options.get("p256dh", "")))
            if len(unb64(options.get("auth", ""))) != 16:
                raise ValueError("auth has 16 bytes")
        except ValueError:
            raise Refused(_("The browser's keys cannot be read. Switch pushes off and on again.")) from None
        return web_address(target), {name: options.get(name, "") for name in ("p256dh", "auth", "device")}

    def shown(self, target: str) -> str:
        return redact_url(target)

    def made(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {} if settings.get("key") else {"key": new_key()}

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        options, key = sending.options, sending.settings["key"]
        try:
            sealed = encrypt(
                _payload(sending, now),
                p256dh=unb64(str(options.get("p256dh", ""))),
                auth=unb64(str(options.get("auth", ""))),
            )
        except ValueError:
            return rules.Answer(False, _("The browser's keys are missing. Switch pushes off and on again there."))
        _name, address = parseaddr(load().mail_from)
        topic = b64(hashlib.sha256(sending.key.encode()).digest())[:32]
        result = post(
            sending.target, content=sealed,
            headers={
                "Authorization": authorization(sending.target, key=key, contact=f"mailto:{address}", now=now),
                "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": str(TTL_SECONDS),
                "Urgency": "high",
                # A message of the same topic replaces the one that waits: a try that is made again is not shown twice.
                "Topic": topic,
            },
            any_status=True,
        )  # fmt: skip
        if result.status in _GONE:
            return rules.Answer(
                False, _("%(status)s This browser takes no pushes any more.") % {"status": result.status}
            )
        if result.status >= 300:
            return refusal(result, result.text[:200])
        return rules.Answer(True, f"{result.status} {_('the push service took it')}")

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        """The notification's own button: the token in it is what makes it genuine."""
        found = call.json()
        if not isinstance(found, dict) or not found.get("token"):
            raise NotGenuine("no button of ours")
        return Heard(press=Press(str(found.get("verb", "")), token=str(found["token"])))

    def reply(self, heard: Heard, said: str) -> Reply:
        return json_reply({"text": said})


def application_key(settings: Mapping[str, str]) -> str:
    """The public key that a browser subscribes with."""
    return b64(point(private(settings["key"]).public_key()))


def _payload(sending: Sending, now: datetime) -> bytes:
    with messages.reader_of(sending):
        card = messages.card(sending, now, 4)
        title = card.title
        single = card.single
        lines = [card.body[:400]] if single or not card.all else [each.line for each in card.entries]
        found = {
            "title": title, "body": "\n".join([*lines, _("Why you: %(why)s") % {"why": card.why} if card.why else ""]).strip(),
            "url": single.link if single else card.all or load().public_url, "tag": sending.key,
            "token": single.token if single else "", "urgent": sending.importance == "important",
            "acknowledge": _("Acknowledge"), "open": _("Open"),
        }  # fmt: skip
    while len(data := json.dumps(found, ensure_ascii=False).encode()) > MOST_PLAIN and found["body"]:
        found["body"] = str(found["body"])[: len(str(found["body"])) // 2]
    return data


CHANNEL = WebPush()
