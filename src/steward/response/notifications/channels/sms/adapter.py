"""Text messages through a provider that speaks Twilio's interface (Messages.json, status callbacks)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy, gettext_noop

from steward.response.notifications import messages, rules
from steward.response.notifications.channels import twilio
from steward.response.notifications.channels.base import Call, Channel, Field, Heard, Reply, callback_url
from steward.response.notifications.sendings import Sending


class Sms(Channel):
    name = "sms"
    label = gettext_lazy("SMS")
    spoken = gettext_noop("SMS")
    position = 20
    about = gettext_lazy("A short text with a link that acknowledges. Arrives without data reception.")
    address = twilio.NUMBER
    settings = (
        *twilio.ACCOUNT,
        Field(
            "sender", gettext_lazy("Sender"),
            gettext_lazy("A number of the account (+1…), a name, or the SID of a messaging service (MG…)."),
        ),
    )  # fmt: skip
    hourly = 30

    def clean(self, target: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return twilio.number(target), {}

    def check_settings(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        return twilio.check(settings)

    def send(self, sending: Sending, now: datetime) -> rules.Answer:
        sender = sending.settings["sender"]
        fields = [
            ("To", sending.target),
            ("MessagingServiceSid" if sender.startswith("MG") and len(sender) == 34 else "From", sender),
            ("Body", messages.brief(sending, now)),
            ("StatusCallback", callback_url(self.name, "status")),
        ]
        return twilio.call("Messages", fields, sending.settings)

    def hear(self, call: Call, settings: Mapping[str, str]) -> Heard:
        fields = twilio.genuine(call, settings)
        failed = frozenset({"failed", "undelivered"})
        return Heard(report=twilio.report(fields, reference="MessageSid", status="MessageStatus", failed=failed))

    def reply(self, heard: Heard, said: str) -> Reply:
        return Reply("", status=204)


CHANNEL = Sms()
