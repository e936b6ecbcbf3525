"""Mattermost against a stand-in of its API: direct messages, posts with actions, and the actions' calls."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from steward.foundation.subjects import SubjectRef
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.tests.factories import NOW

pytestmark = pytest.mark.django_db
TOKEN, BOT, ANN, DIRECT = "bot-token", "b" * 26, "a" * 26, "d" * 26
SERVER_WORDS = {
    "id": "api.context.session_expired.app_error",
    "message": "Invalid or expired session",
    "status_code": 401,
}


def protocol(request: Request) -> Answer:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return Answer(401, SERVER_WORDS)
    known: dict[tuple[str, str], Answer] = {
        ("GET", "/api/v4/users/me"): Answer(200, {"id": BOT}),
        ("GET", "/api/v4/users/username/ann"): Answer(200, {"id": ANN}),
    }
    if (request.method, request.path) in known:
        return known[request.method, request.path]
    if request.path == "/api/v4/channels/direct" and request.json == [BOT, ANN]:
        return Answer(201, {"id": DIRECT, "type": "D"})
    if request.path == "/api/v4/posts":
        for attachment in request.json["props"]["attachments"]:
            for action in attachment.get("actions", []):
                if not re.fullmatch("[A-Za-z0-9]+", action["id"]) or not action["integration"]["url"]:
                    return Answer(400, {"message": "bad action"})
        return Answer(201, {"id": "p" * 26})
    return Answer(404, {"message": "Unable to find the user.", "status_code": 404})


@pytest.fixture
def chat(paging: Paging, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Paging:
    provider.protocol = protocol
    paging.installed("mattermost", server=f"{provider.url}/", token=TOKEN)
    monkeypatch.setattr("steward.foundation.clock.now", lambda: NOW)
    return paging


def test_a_direct_message(chat: Paging) -> None:
    chat.method("mattermost", "@ann")
    body = chat.sent().json
    assert body["channel_id"] == DIRECT and body["pending_post_id"].startswith("page-")
    (attachment,) = body["props"]["attachments"]
    assert attachment["title"].startswith("[SEV1] INC-7") and attachment["title_link"].startswith(
        "https://ops.example.org/act/"
    )
    assert [each["name"] for each in attachment["actions"]] == ["Acknowledge", "Resolve"]


def test_somebody_who_is_not_there(chat: Paging) -> None:
    chat.method("mattermost", "@bob")
    assert chat.page().state == "failed" and "Unable to find the user" in chat.answers()[0]


def test_a_button_acts_and_the_message_says_so(chat: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []

    def answered(event: Any) -> None:
        heard.append(event)
        event.said.append("INC-7 is acknowledged.")

    chat.method("mattermost", DIRECT)
    action = chat.sent().json["props"]["attachments"][0]["actions"][0]
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", answered)
    call = {"user_id": ANN, "user_name": "ann", "post_id": "p" * 26, "context": action["integration"]["context"]}
    assert action["integration"]["url"] == "https://ops.example.org/channels/mattermost/actions"
    response = calls("/channels/mattermost/actions", json.dumps(call).encode(), {}).json()
    assert response["ephemeral_text"] == "INC-7 is acknowledged."
    assert response["update"]["props"]["attachments"][0]["text"] == "INC-7 is acknowledged."
    assert [(each.user_id, each.subject, each.by) for each in heard] == [
        (chat.who.pk, SubjectRef("incident", 7), "ann")
    ]


def test_a_context_that_is_not_ours_does_nothing(chat: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", lambda _event: pytest.fail("acted"))
    call = {"user_name": "eve", "context": {"verb": "acknowledge", "token": "WzEsImluY2lkZW50Iiw3XQ.forged"}}
    assert "incomplete" in calls("/channels/mattermost/actions", json.dumps(call).encode(), {}).json()["ephemeral_text"]
