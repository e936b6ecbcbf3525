"""Phone calls through a provider that speaks Twilio's interface: a voice reads the page, 4 acknowledges, 6 resolves.

What is read goes along as TwiML, so that the call speaks even if the provider cannot reach Steward at that moment;
the keys need it. A call that nobody takes has failed, and the next step begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from steward.foundation.outbound import one_line
from steward.response.notifications import messages, rules
from steward.response.notifications.channels import twilio
from steward.response.notifications.channels.base import (
    Call,
    Channel,
    Field,
    Heard,
    NotGenuine,
    Press,
    Reply,
    callback_url,
)  # fmt: skip
from steward.response.notifications.sendings import Sending

KEYS = {"4": "acknowledge", "6": "resolve"}
RING_SECONDS = "30"
# TwiML that goes along with a call may have 4000 characters.
MOST_SPOKEN = 900
_VOICES = {"zh-hans": "cmn-CN", "en": "en-US"}
_NAMES = 4


class Voice(Channel):
    name = "voice"
    label = gettext_lazy("phone call")
    spoken = gettext_noop("phone call")
    icon = "phone-call"
    position = 30
    about = gettext_lazy("A voice reads the page; key 4 acknowledges, key 6 resolves.")
    address = twilio.NUMBER
    settings = (
        Field(
            "caller", gettext_lazy("Caller's number"),
            gettext_lazy("A number of the account that may call. The account is the one of SMS."),
        ),
    )  # fmt: skip
    shares = "sms"
    acknowledges = "keys"
    hourly = 20

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return twilio.number(target), {}

    def ready(self, settings: Mapping[str, str]) -> bool:
        return all(settings.get(name) for name in ("account", "token", "caller"))

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        twilio.number(settings["caller"])
        return {}

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        fields = [
            ("To", sending.target),
            ("From", sending.settings["caller"]),
            ("Twiml", _script(sending, now)),
            ("Timeout", RING_SECONDS),
            ("StatusCallback", callback_url(self.name, "status")),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
        ]
        return twilio.call("Calls", fields, sending.settings)

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        fields = twilio.genuine(call, settings)
        if call.path == "status":
            failed = frozenset({"busy", "no-answer", "failed", "canceled"})
            return Heard(report=twilio.report(fields, reference="CallSid", status="CallStatus", failed=failed))
        if call.path != "keys":
            raise NotGenuine("there is no such address")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(call.url).query).items()}
        verb = KEYS.get(fields.get("Digits", ""))
        press = Press(verb, token=asked.get("t", ""), by=fields.get("To", "")) if verb else None
        return Heard(press=press, context={"language": asked.get("l", "")})

    def reply(self, heard: Heard, said: str) -> Reply:
        if heard.report is not None:
            return Reply("", status=204)
        with messages.in_language(str(heard.context.get("language", ""))) as language:
            text = said or _("This key does nothing. Goodbye.")
            return _twiml(f"{_say(text, language)}<Hangup/>")


def _script(sending: Sending, now: datetime) -> str:
    with messages.reader_of(sending) as language:
        card = messages.card(sending, now, _NAMES)
        text = one_line(card.title)
        if card.body and card.single is None:
            text = f"{_digits(text)}. {one_line(card.body)}"
        said = _say(text[:MOST_SPOKEN], language)
        token = card.entries[0].token if card.entries else ""
        if not token:
            return _xml(said + said)
        about = _("Press 4 to acknowledge, 6 to resolve.")
        if sending.others:
            about = _("Press 4 to acknowledge the first one. The others are in Steward.")
        action = f"{callback_url('voice', 'keys')}?{urlencode({'t': token, 'l': language})}"
        gather = f'<Gather numDigits="1" timeout="8" method="POST" action={quoteattr(action)}>'
        asked = f"{gather}{said}{_say(about, language)}</Gather>"
        return _xml(f"{asked}{asked}{_say(_('Nothing was pressed. Goodbye.'), language)}")


def _digits(text: str) -> str:
    """Numbers digit by digit: a code of six is not six hundred thousand."""
    return "".join(f" {each}" if each.isdigit() else each for each in text)


def _say(text: str, language: str) -> str:
    return f'<Say language="{_VOICES.get(language, "en-US")}">{escape(text)}</Say>'


def _xml(inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


def _twiml(inner: str) -> Reply:
    return Reply(_xml(inner), "text/xml; charset=utf-8")


CHANNEL = Voice()
