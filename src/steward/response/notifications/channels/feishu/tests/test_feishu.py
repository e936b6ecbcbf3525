"""Feishu's bot: its own kind of signature, a card, and refusals that come with 200."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.tests.factories import NOW

pytestmark = pytest.mark.django_db
SECRET = "OJkxgK1pTeJ3gGKeoHu9ab"


def protocol(request: Request) -> Answer:
    body = request.json
    key = f"{body.get('timestamp', '')}\n{SECRET}".encode()
    wanted = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
    if body.get("sign") != wanted or abs(int(body["timestamp"]) - NOW.timestamp()) > 3600:
        return Answer(200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"})
    if body["msg_type"] != "interactive" or body["card"]["header"]["title"]["tag"] != "plain_text":
        return Answer(200, {"code": 9499, "msg": "Bad Request"})
    return Answer(200, {"code": 0, "msg": "success", "data": {}})


@pytest.fixture
def robot(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.method("feishu", f"{provider.url}/open-apis/bot/v2/hook/abc", {"secret": SECRET})
    return paging


def test_a_signed_card_in_the_colour_of_the_severity(robot: Paging) -> None:
    card = robot.sent().json["card"]
    assert card["header"]["template"] == "red"
    (button,) = card["elements"][-1]["actions"]
    assert button["url"].startswith("https://ops.example.org/act/")


@pytest.mark.parametrize(("code", "state"), [(19021, "failed"), (11232, "retrying")])
def test_refusals_come_with_200(robot: Paging, provider: Provider, code: int, state: str) -> None:
    provider.next = [Answer(200, {"code": code, "msg": "as it is"})]
    robot.page()
    assert robot.state()[0] == state and f"{code} as it is" in robot.answers()[0]
