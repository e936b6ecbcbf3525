"""What a channel is. A channel is a folder with an object ``CHANNEL`` of a class below; adding one touches nothing else."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from steward.config.environment import load
from steward.foundation import clock, outbound
from steward.foundation.outbound import HttpResult, OutboundPolicy, Refused
from steward.foundation.outbound.http import RETRYABLE_STATUS, retry_after
from steward.response.notifications import rules
from steward.response.notifications.sendings import Sending

Text = str | Promise
# Shorter than the lease of a delivery, so that a try is over before somebody else may take it up.
SECONDS = 15.0
ANSWER_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Field:
    """Something to fill in, for a person's method or for the installation. A ``secret`` is sealed and not shown again."""

    name: str
    label: Text
    help: Text = ""
    secret: bool = False
    required: bool = True
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider sent to a channel's address, as it came: signatures are over bytes."""

    url: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, empty ones too: they are signed like the others."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)

    def json(self) -> Any:
        """The body as JSON; NotGenuine when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise NotGenuine("the body is not JSON") from None


class NotGenuine(Exception):
    """A call that does not come from who it says it does, or that says nothing; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button (or a key) of a message: by a signed ``token``, or by a page that went to ``address``."""

    verb: str
    token: str = ""
    page_id: int = 0
    address: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message that the provider had taken. ``failed``: it did not arrive, and will not."""

    reference: str
    status: str
    text: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Somebody wrote to the bot with the word that a contact method waits for: ``address`` is where they write from."""

    word: str
    address: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider's call says; ``context`` is the channel's own, for its reply."""

    press: Press | None = None
    report: Report | None = None
    link: Link | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. ``then``: a request to the provider that is made once this has been answered (a job)."""

    body: str = ""
    type: str = "text/plain; charset=utf-8"
    status: int = 200
    then: Mapping[str, Any] | None = None


def json_reply(value: Any, **more: Any) -> Reply:
    """A reply in JSON."""
    return Reply(json.dumps(value), "application/json", **more)


class Channel:
    """One way to bring a message to a person.

    ``address`` is what a contact method needs, ``fields`` what more it takes, ``settings`` what the installation has to
    know first. ``acknowledges`` says how the person can answer where the message is: by buttons, keys of the phone, or
    only by the signed link. ``hourly`` is how many messages a person gets through it in an hour unless the installation
    says otherwise (0: no limit); the surplus is told in one.
    """

    name: str
    label: Text
    icon = "message"
    position = 50
    about: Text = ""
    address = Field("target", _("Address"))
    fields: Sequence[Field] = ()
    settings: Sequence[Field] = ()
    acknowledges: Literal["buttons", "keys", "link"] = "link"
    hourly = 0
    # The name in a sentence ("was paged by …"): a message marked with gettext_noop, for it is stored.
    spoken: str
    # A person adds it on the device itself (a browser that takes pushes), not by writing an address.
    by_device = False
    # Another channel whose settings count here too: one account for text messages and calls.
    shares = ""

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The address and the options in their one form; Refused with what to write instead. Never over the network."""
        return target, {each.name: options.get(each.name, "") for each in self.fields}

    def shown(self, target: str) -> str:
        """The address as it may be shown: nothing that could be a secret."""
        return target

    def ready(self, settings: Mapping[str, str]) -> bool:
        """Whether the installation knows what this channel needs."""
        return all(settings.get(each.name) for each in self.settings if each.required)

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """What is wrong with the installation's settings, by field."""
        return {}

    def made(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Settings that the channel makes itself and that are still missing."""
        return {}

    def set_up(self, settings: Mapping[str, str]) -> str:
        """Tell the provider where this Steward is, if it wants to know; what is wrong, or nothing. Uses the network."""
        return ""

    def connect_link(self, options: Mapping[str, Any], settings: Mapping[str, str]) -> str:
        """Where the person goes to connect a method that has no address yet; empty where there is no such way."""
        return ""

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        """Make one try. Raises OutboundError for what went wrong outside, which says whether to try again."""
        raise NotImplementedError

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        """Read what the provider sent; NotGenuine unless it is from the provider."""
        raise NotGenuine("this channel has no address to call")

    def reply(self, heard: Heard, said: str) -> Reply:
        """The answer to a call, when it has been acted on; ``said`` is what to tell who pressed."""
        return Reply(said)

    def follow_up(self, then: Mapping[str, Any], settings: Mapping[str, str]) -> None:
        """Make the request that a reply asked for (``Reply.then``)."""


@lru_cache(maxsize=4)
def _policy(allowed: tuple[str, ...]) -> OutboundPolicy:
    return OutboundPolicy.parse(allowed)


def policy() -> OutboundPolicy:
    """Where calls may go."""
    return _policy(load().outbound_allow)


def post(
    url: str,
    *,
    json: Any = None,
    content: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
    any_status: bool = False,
) -> HttpResult:
    """One call to a provider, behind the guard."""
    return outbound.request(
        "POST", url, policy=policy(), json=json, content=content, headers=headers, timeout=SECONDS,
        idempotency_key=key, any_status=any_status, body_limit=ANSWER_LIMIT,
    )  # fmt: skip


def answer_of(result: HttpResult) -> rules.Answer:
    """An answer that says no more than its status."""
    first = result.text.strip().splitlines()
    return rules.Answer(True, " ".join([str(result.status), *(line[:200] for line in first[:1])]))


def said(result: HttpResult) -> Mapping[str, Any]:
    """The JSON object that a provider answered with; nothing where it is none."""
    try:
        found = json.loads(result.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def refusal(result: HttpResult, text: str, *, retryable: bool | None = None) -> rules.Answer:
    """A refusal in the provider's words. Whether trying again helps follows from the status where it is not known."""
    if retryable is None:
        retryable = result.status in RETRYABLE_STATUS or result.status >= 500
    wait = retry_after(result.headers.get("retry-after"), clock.now())
    return rules.Answer(False, f"{result.status} {text}".strip()[:1000], retryable, retry_after=wait)


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are one, in a time that tells nothing. Nothing is never a secret."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def web_address(text: str) -> str:
    """A web address that can be called at all."""
    text = text.strip()
    outbound.check_url(text)
    return text


def refused(text: str) -> Refused:
    """What a form shows beside the address."""
    return Refused(text)


def here(path: str) -> str:
    """Steward's own address, as others know it."""
    return f"{load().public_url}{path}"


def callback_url(channel: str, path: str = "") -> str:
    """Where the provider of a channel reaches Steward."""
    return here(f"/channels/{channel}/{path}")
