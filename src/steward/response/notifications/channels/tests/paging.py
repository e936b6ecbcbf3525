"""A person with one contact method, paged through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from steward.foundation.actors import system
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions
from steward.response.notifications.channels.tests.stand_in import Provider, Request
from steward.response.notifications.models import ContactMethod, Delivery, Page
from steward.response.notifications.sealed import closed
from steward.response.notifications.tests.factories import NOW, SUBJECT, page, user
from steward.response.notifications.tests.running import engine


class Paging:
    """Sets a channel up, adds a method, pages, and lets the engine run."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.who = user("Ann Example", email="", language="en", time_zone="Europe/Berlin")
        self.channel = self.target = ""

    def installed(self, channel: str, **values: str) -> None:
        actions.set_channel(actor=system("test"), now=NOW, channel=channel, values=values)

    def method(
        self, channel: str, target: str, options: Mapping[str, str] | None = None, **fields: Any
    ) -> ContactMethod:
        self.channel, self.target = channel, target
        return ContactMethod.objects.create(
            user=self.who, channel=channel, target=target, options=closed(channel, options or {}), verified_at=NOW,
            **fields,
        )  # fmt: skip

    def page(self, key: str = "k1", subject: SubjectRef = SUBJECT, now: datetime = NOW, **changes: Any) -> Page:
        result = page(self.who, key, subject=subject, now=now, **changes)
        engine(now)
        return Page.objects.get(pk=result.page_id)

    def sent(self, **changes: Any) -> Request:
        """Page, and what the provider got."""
        made = self.page(**changes)
        assert made.state == "sent", self.answers()
        return self.provider.taken[-1]

    def answers(self) -> list[str]:
        return [one.answer for each in Delivery.objects.order_by("id") for one in each.attempts.all()]

    def state(self) -> tuple[str, datetime | None]:
        delivery = Delivery.objects.latest("pk")
        return delivery.state, delivery.due_at
