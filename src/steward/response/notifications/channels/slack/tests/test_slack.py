"""Slack against a stand-in of chat.postMessage; buttons come back signed, and the message shows how it stands."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from steward.foundation.subjects import SubjectRef
from steward.response.notifications import jobs
from steward.response.notifications.channels.slack.adapter import signature
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.models import Bundling
from steward.response.notifications.tests.factories import NOW, page
from steward.response.notifications.tests.running import engine

pytestmark = pytest.mark.django_db
SIGNING, TOKEN = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-123"


def protocol(request: Request) -> Answer:
    body = request.json
    if request.path != "/chat.postMessage" or request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return Answer(200, {"ok": False, "error": "not_authed"})
    for block in body["blocks"]:
        if block["type"] == "header" and len(block["text"]["text"]) > 150:
            return Answer(200, {"ok": False, "error": "invalid_blocks"})
        for element in block.get("elements", []):
            if len(element.get("value", "")) > 2000:
                return Answer(200, {"ok": False, "error": "invalid_blocks"})
    return Answer(200, {"ok": True, "ts": "1503435956.000247", "channel": body["channel"]})


@pytest.fixture
def slack(paging: Paging, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Paging:
    provider.protocol = protocol
    paging.installed("slack", token=TOKEN, signing=SIGNING, base=provider.url)
    paging.method("slack", "U024BE7LH")
    monkeypatch.setattr("steward.foundation.clock.now", lambda: NOW)
    return paging


def pressed(calls: Any, blocks: list[Any], action: str, *, late: int = 0, secret: str = SIGNING, url: str = "") -> Any:
    """What Slack posts when somebody presses a button."""
    element = next(each for block in blocks for each in block.get("elements", []) if each.get("action_id") == action)
    block = next(block["block_id"] for block in blocks if element in block.get("elements", []))
    payload = {
        "type": "block_actions", "user": {"id": "U1", "username": "ann"}, "response_url": url,
        "message": {"ts": "1", "text": "INC-7", "blocks": blocks},
        "actions": [{"action_id": action, "block_id": block, "value": element["value"], "type": "button"}],
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(payload)}).encode()
    moment = str(int(NOW.timestamp()) - late)
    headers = {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": signature(secret, moment, body)}
    return calls("/channels/slack/interactive", body, headers, "application/x-www-form-urlencoded")


def test_the_signature_is_slacks() -> None:
    """The example of Slack's documentation ("Verifying requests from Slack")."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    wanted = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature(SIGNING, "1531420618", body) == wanted


def test_a_message_of_blocks(slack: Paging) -> None:
    body = slack.sent().json
    assert body["channel"] == "U024BE7LH" and body["text"].startswith("[SEV1] INC-7")
    assert [each["type"] for each in body["blocks"]] == ["header", "section", "actions"]
    assert [each["action_id"] for each in body["blocks"][2]["elements"]] == ["acknowledge", "resolve", "open"]


def test_markup_of_others_is_shown_and_not_used(slack: Paging) -> None:
    text = slack.sent(body="<!channel> & <https://evil.example|click>").json["blocks"][1]["text"]["text"]
    assert "&lt;!channel&gt; &amp; &lt;https" in text


@pytest.mark.parametrize(("error", "state"), [("channel_not_found", "failed"), ("ratelimited", "retrying")])
def test_slack_refuses_with_200(slack: Paging, provider: Provider, error: str, state: str) -> None:
    provider.next = [Answer(200, {"ok": False, "error": error})]
    slack.page()
    assert slack.state()[0] == state and error in slack.answers()[0]


def test_a_button_acknowledges_and_leaves_the_message(
    slack: Paging, provider: Provider, calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, deferred = [], []

    def answered(event: Any) -> None:
        heard.append(event)
        event.said.append("INC-7 is acknowledged.")

    blocks = slack.sent().json["blocks"]
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", answered)
    monkeypatch.setattr("steward.response.notifications.jobs.follow_up.defer", lambda **given: deferred.append(given))
    response = pressed(calls, blocks, "acknowledge", url=f"{provider.url}/response")
    assert (response.status_code, response.content) == (200, b"")
    assert [(each.user_id, each.verb, each.subject, each.by) for each in heard] == [
        (slack.who.pk, "acknowledge", SubjectRef("incident", 7), "ann")
    ]
    assert provider.url not in str(deferred)  # sealed
    jobs.follow_up(**deferred[0])
    body = provider.taken[-1].json
    assert provider.taken[-1].path == "/response" and body["replace_original"] is True
    assert [each["action_id"] for each in body["blocks"][2]["elements"]] == ["resolve", "open"]
    assert body["blocks"][-1]["elements"][0]["text"] == "INC-7 is acknowledged."


def test_recorded_forged_and_old_calls_are_refused(slack: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = slack.sent().json["blocks"]
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", lambda _event: pytest.fail("acted"))
    assert pressed(calls, blocks, "acknowledge", late=301).status_code == 403
    assert pressed(calls, blocks, "acknowledge", secret="guessed").status_code == 403
    changed = json.loads(json.dumps(blocks).replace(blocks[2]["elements"][0]["value"], "forged.token"))
    assert pressed(calls, changed, "acknowledge").status_code == 200  # signed by Slack, and the token is not ours


def test_many_in_one_message_with_a_button_each(slack: Paging, provider: Provider) -> None:
    Bundling.objects.create(user=slack.who, seconds=60)
    slack.page("k0")
    for number in range(1, 9):
        page(slack.who, f"k{number}", subject=SubjectRef("incident", number), subject_label=f"INC-{number}")
    engine(NOW + timedelta(minutes=2))
    body = provider.taken[-1].json
    assert len(provider.taken) == 2 and "8 incidents" in body["text"]
    assert sum(each["type"] == "actions" for each in body["blocks"]) == 5
