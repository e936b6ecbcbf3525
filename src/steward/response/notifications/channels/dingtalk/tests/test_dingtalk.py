"""DingTalk's robot: the signature as its documentation computes it, and refusals that come with 200."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.tests.factories import NOW

pytestmark = pytest.mark.django_db
SECRET = "SEC" + "a" * 64


def protocol(request: Request) -> Answer:
    query = request.query
    text = f"{query['timestamp']}\n{SECRET}".encode()
    wanted = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
    if query["sign"] != wanted or abs(int(query["timestamp"]) / 1000 - NOW.timestamp()) > 60:
        return Answer(200, {"errcode": 310000, "errmsg": "sign not match"})
    body = request.json
    if body["msgtype"] == "actionCard" and not body["actionCard"]["singleURL"].startswith("https://"):
        return Answer(200, {"errcode": 40035, "errmsg": "missing parameter"})
    return Answer(200, {"errcode": 0, "errmsg": "ok"})


@pytest.fixture
def robot(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.method("dingtalk", f"{provider.url}/robot/send?access_token=abc", {"secret": SECRET})
    return paging


def test_a_signed_card(robot: Paging) -> None:
    request = robot.sent()
    assert request.query["access_token"] == "abc"
    card = request.json["actionCard"]
    assert card["text"].startswith("**[SEV1] INC-7") and card["singleURL"].startswith("https://ops.example.org/act/")


@pytest.mark.parametrize(("code", "state"), [(310000, "failed"), (130101, "retrying")])
def test_refusals_come_with_200(robot: Paging, provider: Provider, code: int, state: str) -> None:
    provider.next = [Answer(200, {"errcode": code, "errmsg": "as it is"})]
    robot.page()
    assert robot.state()[0] == state and f"{code} as it is" in robot.answers()[0]
