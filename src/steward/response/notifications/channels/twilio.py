"""Twilio's HTTP interface, which several other providers speak too: what text messages and calls share."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.outbound import Refused
from steward.response.notifications import rules
from steward.response.notifications.channels.base import (
    Call,
    Field,
    NotGenuine,
    Report,
    post,
    refusal,
    said,
    same,
    web_address,
)  # fmt: skip

BASE = "https://api.twilio.com"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN = re.compile(r"[\s().\-/]")
ACCOUNT = (
    Field("account", gettext_lazy("Account SID"), gettext_lazy("Begins with AC; on the first page of the console.")),
    Field("token", gettext_lazy("Auth token"), secret=True),
    Field(
        "base", gettext_lazy("Address of the interface"),
        gettext_lazy("Leave empty for Twilio; for a provider that speaks the same, the part before /2010-04-01."),
        required=False,
    ),
)  # fmt: skip
NUMBER = Field(
    "target", gettext_lazy("Phone number"), gettext_lazy("With country code: +49 170 1234567, +86 138 0013 8000.")
)


def number(text: str) -> str:
    """A phone number in E.164. No country is guessed: the wrong one calls a stranger at night."""
    plain = _BETWEEN.sub("", text.strip())
    plain = f"+{plain[2:]}" if plain.startswith("00") else plain
    if not _E164.fullmatch(plain):
        raise Refused(
            _("“%(text)s” is not a phone number with country code. Write one such as +491701234567.")
            % {"text": text[:40]}
        )
    return plain


def check(settings: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with an account."""
    wrong = {}
    if not settings.get("account", "").isalnum():
        wrong["account"] = str(_("An account SID has letters and digits only."))
    if settings.get("base"):
        try:
            web_address(settings["base"])
        except Refused as error:
            wrong["base"] = error.message
    return wrong


def call(resource: str, fields: list[tuple[str, str]], settings: Mapping[str, str]) -> rules.Answer:
    """Ask for a message or a call. Twilio knows no idempotency key here: a try whose answer was lost may come twice."""
    base = (settings.get("base") or BASE).rstrip("/")
    account, token = settings["account"], settings["token"]
    basic = base64.b64encode(f"{account}:{token}".encode()).decode()
    result = post(
        f"{base}/2010-04-01/Accounts/{account}/{resource}.json", content=urlencode(fields),
        headers={
            "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        },
        any_status=True,
    )  # fmt: skip
    answer = said(result)
    if result.status >= 300 or not answer.get("sid"):
        code = f"{answer['code']} " if answer.get("code") else ""
        return refusal(result, f"{code}{answer.get('message') or result.text[:200]}")
    return rules.Answer(True, f"{result.status} {answer.get('status', '')} {answer['sid']}", reference=answer["sid"])


def signature(token: str, url: str, fields: list[tuple[str, str]]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields of the form."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def genuine(call: Call, settings: Mapping[str, str]) -> dict[str, str]:
    """The fields of a call that comes from the provider."""
    fields = call.form()
    given = call.headers.get("X-Twilio-Signature", "")
    token = settings.get("token", "")
    if not token or not same(given, signature(token, call.url, fields)):
        raise NotGenuine("X-Twilio-Signature does not fit")
    return dict(fields)


def report(fields: Mapping[str, str], *, reference: str, status: str, failed: frozenset[str]) -> Report:
    """What became of a message or a call."""
    state = fields.get(status, "")
    if not state or not fields.get(reference):
        raise NotGenuine("it names no message or no status")
    more = " ".join(part for part in (fields.get("ErrorCode", ""), fields.get("ErrorMessage", "")) if part)
    return Report(fields[reference], state, f"{state} {more}".strip(), state in failed)
