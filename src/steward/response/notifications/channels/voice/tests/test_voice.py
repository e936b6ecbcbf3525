"""Phone calls: what is read, the keys, and what the provider reports, as Twilio does it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from steward.foundation.subjects import SubjectRef
from steward.response.notifications.channels import twilio
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.models import Delivery, Page, Receipt
from steward.response.notifications.tests.factories import NOW, page
from steward.response.notifications.tests.running import engine

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN, CALL = "AC" + "5" * 32, "12345", "CA" + "1" * 32


def protocol(request: Request) -> Answer:
    form = request.form
    ElementTree.fromstring(form["Twiml"])
    if request.path != f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json" or len(form["Twiml"]) > 4000:
        return Answer(400, {"code": 21200, "message": "bad call", "status": 400})
    return Answer(201, {"sid": CALL, "status": "queued"})


@pytest.fixture
def voice(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.installed("sms", account=ACCOUNT, token=TOKEN, sender="+15550001111", base=provider.url)
    paging.installed("voice", caller="+15550002222")
    paging.method("voice", "+491701234567")
    return paging


def twiml(request: Request) -> ElementTree.Element:
    return ElementTree.fromstring(request.form["Twiml"])


def pressed(calls: Any, action: str, digits: str, token: str = TOKEN) -> Any:
    """What Twilio posts to a Gather's action."""
    fields = {"CallSid": CALL, "Digits": digits, "To": "+491701234567", "From": "+15550002222"}
    headers = {"X-Twilio-Signature": twilio.signature(token, action, list(fields.items()))}
    parts = urlsplit(action)
    return calls(
        f"{parts.path}?{parts.query}", urlencode(fields).encode(), headers, "application/x-www-form-urlencoded"
    )


def test_the_page_is_read_with_keys(voice: Paging) -> None:
    request = voice.sent()
    assert (request.form["To"], request.form["From"]) == ("+491701234567", "+15550002222")
    first = twiml(request)[0]
    assert (first.tag, first.attrib["numDigits"], first.attrib["method"]) == ("Gather", "1", "POST")
    said = " ".join(each.text or "" for each in first.iter("Say"))
    assert "INC-7 Claims intake rejects uploads" in said and "Press 4 to acknowledge" in said
    assert {each.attrib["language"] for each in first.iter("Say")} == {"en-US"}


def test_four_acknowledges_as_the_person(voice: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []

    def answered(event: Any) -> None:
        heard.append(event)
        event.said.append("INC-7 is acknowledged.")

    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", answered)
    monkeypatch.setattr("steward.foundation.clock.now", lambda: NOW)
    action = twiml(voice.sent())[0].attrib["action"]
    assert parse_qs(urlsplit(action).query)["l"] == ["en"]
    response = pressed(calls, action, "4")
    assert response.status_code == 200 and response["Content-Type"].startswith("text/xml")
    root = ElementTree.fromstring(response.content)
    assert [each.tag for each in root] == ["Say", "Hangup"] and root[0].text == "INC-7 is acknowledged."
    assert [(each.user_id, each.verb, each.subject) for each in heard] == [
        (voice.who.pk, "acknowledge", SubjectRef("incident", 7))
    ]
    assert pressed(calls, action, "9").status_code == 200 and len(heard) == 1
    assert pressed(calls, action, "4", token="guessed").status_code == 403 and len(heard) == 1


def test_nobody_takes_the_call(voice: Paging, calls: Any) -> None:
    voice.sent()
    fields = {"CallSid": CALL, "CallStatus": "no-answer"}
    url = "https://ops.example.org/channels/voice/status"
    headers = {"X-Twilio-Signature": twilio.signature(TOKEN, url, list(fields.items()))}
    body = urlencode(fields).encode()
    assert calls("/channels/voice/status", body, headers, "application/x-www-form-urlencoded").status_code == 204
    assert (Delivery.objects.get().state, Page.objects.get().state) == ("failed", "failed")
    assert Receipt.objects.get().status == "no-answer"


def test_the_surplus_of_an_hour_is_told_in_one_call(voice: Paging, provider: Provider) -> None:
    """Twenty calls an hour; then nothing until the hour is over, and all of the rest in one."""
    now = NOW
    for number in range(25):
        page(voice.who, f"k{number}", subject=SubjectRef("incident", number + 1), now=now)
        engine(now)
        now += timedelta(minutes=1, seconds=1)
    assert len(provider.taken) == 20
    engine(NOW + timedelta(minutes=59))
    assert len(provider.taken) == 20
    engine(NOW + timedelta(hours=1, seconds=5))
    assert len(provider.taken) == 21
    assert "5 more incidents" in " ".join(each.text or "" for each in twiml(provider.taken[-1]).iter("Say"))
    assert not Page.objects.exclude(state="sent").exists()
