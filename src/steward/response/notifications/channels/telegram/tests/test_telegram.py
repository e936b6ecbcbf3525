"""A Telegram bot against a stand-in of the Bot API: messages with buttons, updates with the secret, and the webhook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions, queries, sending
from steward.response.notifications.channels.telegram.adapter import CHANNEL, secret_token
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.models import ContactMethod
from steward.response.notifications.tests.factories import NOW, actor

pytestmark = pytest.mark.django_db
BOT = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": secret_token(BOT)}
BUTTON_BYTES = 64


def protocol(request: Request) -> Answer:
    method = request.path.removeprefix(f"/bot{BOT}/")
    body = request.json
    if method == "sendMessage":
        for row in body.get("reply_markup", {}).get("inline_keyboard", []):
            for button in row:
                if len(button["callback_data"].encode()) > BUTTON_BYTES:
                    return Answer(400, {"ok": False, "error_code": 400, "description": "BUTTON_DATA_INVALID"})
        return Answer(200, {"ok": True, "result": {"message_id": 5, "chat": {"id": int(body["chat_id"])}}})
    if method in {"setWebhook", "editMessageText"}:
        return Answer(200, {"ok": True, "result": True})
    return Answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})


@pytest.fixture
def telegram(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.installed("telegram", token=BOT, bot="steward_bot", base=provider.url)
    return paging


def update(page_id: int, chat: int = 4711, verb: str = "a") -> bytes:
    rows = [
        [{"text": "Acknowledge", "callback_data": f"a:{page_id}"}, {"text": "Resolve", "callback_data": f"r:{page_id}"}]
    ]
    message = {"message_id": 5, "chat": {"id": chat}, "text": "INC-7", "reply_markup": {"inline_keyboard": rows}}
    query = {"id": "99", "from": {"id": 1, "username": "ann"}, "message": message, "data": f"{verb}:{page_id}"}
    return json.dumps({"update_id": 1, "callback_query": query}).encode()


def test_a_message_with_buttons(telegram: Paging) -> None:
    telegram.method("telegram", "4711")
    body = telegram.sent().json
    assert body["chat_id"] == "4711" and body["text"].startswith("[SEV1] INC-7 Claims intake rejects uploads")
    (row,) = body["reply_markup"]["inline_keyboard"]
    assert [each["text"] for each in row] == ["Acknowledge", "Resolve"]


def test_too_many_messages(telegram: Paging, provider: Provider) -> None:
    telegram.method("telegram", "4711")
    refused = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 35}}
    provider.next = [Answer(429, refused)]
    telegram.page()
    state, due_at = telegram.state()
    assert state == "retrying" and due_at is not None and (due_at - NOW).total_seconds() >= 35


def test_a_button_acts_as_the_person_of_the_page(telegram: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr("steward.foundation.clock.now", lambda: NOW)

    def answered(event: Any) -> None:
        heard.append(event)
        event.said.append("INC-7 is acknowledged.")

    telegram.method("telegram", "4711")
    page = telegram.page()
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", answered)
    response = calls("/channels/telegram/updates", update(page.pk), HEADERS)
    assert response.json() == {
        "method": "answerCallbackQuery", "callback_query_id": "99", "text": "INC-7 is acknowledged.",
    }  # fmt: skip
    assert [(each.user_id, each.verb, each.subject, each.by) for each in heard] == [
        (telegram.who.pk, "acknowledge", SubjectRef("incident", 7), "@ann")
    ]


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "x"}])
def test_who_does_not_know_the_secret_does_nothing(telegram: Paging, calls: Any, headers: dict[str, str]) -> None:
    assert calls("/channels/telegram/updates", update(1), headers).status_code == 403


def test_another_chat_cannot_press(telegram: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    telegram.method("telegram", "4711")
    page = telegram.page()
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", lambda _event: pytest.fail("acted"))
    assert "no such page" in calls("/channels/telegram/updates", update(page.pk, chat=666), HEADERS).json()["text"]


def test_what_was_pressed_goes_from_the_message(telegram: Paging, provider: Provider, calls: Any) -> None:
    call = type("Call", (), {"headers": HEADERS, "json": lambda _self: json.loads(update(7))})()
    heard = CHANNEL.hear(call, {"token": BOT})  # type: ignore[arg-type]
    then = CHANNEL.reply(heard, "INC-7 is acknowledged.").then
    assert then is not None
    sending.follow_up("telegram", then, queries.installed("telegram"))
    body = provider.taken[-1].json
    assert provider.taken[-1].path.endswith("/editMessageText")
    assert [[each["text"] for each in row] for row in body["reply_markup"]["inline_keyboard"]] == [["Resolve"]]
    assert body["text"] == "INC-7\n\nINC-7 is acknowledged."


def test_connecting_by_the_link(telegram: Paging, calls: Any, provider: Provider) -> None:
    method = actions.add_contact_method(
        actor=actor(telegram.who), now=NOW, user_id=telegram.who.pk, channel="telegram", target="connect"
    )
    link = CHANNEL.connect_link(method.options, queries.installed("telegram"))
    word = link.partition("?start=")[2]
    assert link == f"https://t.me/steward_bot?start={word}" and method.verified_at is None
    wrong = {"message": {"chat": {"id": 1}, "text": "/start guess"}}
    assert "does not know" in calls("/channels/telegram/updates", json.dumps(wrong).encode(), HEADERS).json()["text"]
    right = {"message": {"chat": {"id": 4711}, "text": f"/start {word}"}}
    assert "Connected" in calls("/channels/telegram/updates", json.dumps(right).encode(), HEADERS).json()["text"]
    method.refresh_from_db()
    assert (method.target, method.options, method.verified_at is not None) == ("4711", {}, True)
    assert telegram.sent().json["chat_id"] == "4711"
    assert ContactMethod.objects.count() == 1


def test_telegram_is_told_where_steward_is(telegram: Paging, provider: Provider) -> None:
    assert sending.set_up("telegram", queries.installed("telegram")) == ""
    body = provider.taken[-1].json
    assert body["url"] == "https://ops.example.org/channels/telegram/updates"
    assert body["secret_token"] == secret_token(BOT) and len(body["secret_token"]) <= 256
    provider.next = [Answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})]
    assert "Unauthorized" in sending.set_up("telegram", queries.installed("telegram"))
