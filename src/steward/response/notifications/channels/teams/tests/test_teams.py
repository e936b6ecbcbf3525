"""A card as Teams' workflows take it; the workflow answers 202."""

from __future__ import annotations

import pytest

from steward.response.notifications.channels.teams.adapter import CHANNEL
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request

pytestmark = pytest.mark.django_db
KINDS = {"TextBlock", "FactSet"}


def protocol(request: Request) -> Answer:
    (attachment,) = request.json["attachments"]
    card = attachment["content"]
    fits = (
        request.json["type"] == "message"
        and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        and card["type"] == "AdaptiveCard"
        and {each["type"] for each in card["body"]} <= KINDS
        and len(request.body) < 28_000
    )
    return Answer(202, b"") if fits else Answer(400, {"error": {"code": "TriggerInputSchemaMismatch"}})


def test_a_card_with_a_signed_link(paging: Paging, provider: Provider) -> None:
    provider.protocol = protocol
    paging.method("teams", f"{provider.url}/workflows/1/triggers/manual/paths/invoke?sig=secret")
    card = paging.sent().json["attachments"][0]["content"]
    (action,) = card["actions"]
    assert (action["type"], action["title"]) == ("Action.OpenUrl", "Acknowledge or resolve")
    assert action["url"].startswith("https://ops.example.org/act/")
    assert provider.taken[0].path.endswith("?sig=secret")


def test_the_signature_in_the_address_is_not_shown() -> None:
    assert "secret" not in CHANNEL.shown("https://prod-1.westeurope.logic.azure.com/workflows/1?sig=secret")
