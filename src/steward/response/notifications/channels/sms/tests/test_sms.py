"""Text messages against a stand-in that checks Twilio's protocol: Basic, form, fields; and status callbacks back."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from steward.foundation.outbound import Refused
from steward.response.notifications.channels import twilio
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.events import PageFailed
from steward.response.notifications.models import Attempt, Delivery, Page, Receipt

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN = "AC5ef8732a3c49700934481addd5ce1659", "12345"
FORM = "application/x-www-form-urlencoded"


def protocol(request: Request) -> Answer:
    """What Twilio does with POST /2010-04-01/Accounts/{sid}/Messages.json."""
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {basic}":
        return Answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
    if request.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
        return Answer(404, {"code": 20404, "message": "not found", "status": 404})
    form = request.form
    if not form["To"].startswith("+") or not (form.get("From") or form.get("MessagingServiceSid")) or not form["Body"]:
        return Answer(400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400})
    return Answer(201, {"sid": "SM" + "1" * 32, "status": "queued", "to": form["To"]})


@pytest.fixture
def sms(paging: Paging, provider: Provider) -> Paging:
    provider.protocol = protocol
    paging.installed("sms", account=ACCOUNT, token=TOKEN, sender="+15550001111", base=provider.url)
    paging.method("sms", "+491701234567")
    return paging


def called_back(calls: Any, token: str = TOKEN, **fields: str) -> Any:
    """Twilio's status callback, signed as Twilio signs."""
    given = {"MessageSid": "SM" + "1" * 32, "AccountSid": ACCOUNT, "ErrorCode": "", **fields}
    url = "https://ops.example.org/channels/sms/status"
    headers = {"X-Twilio-Signature": twilio.signature(token, url, list(given.items()))}
    return calls("/channels/sms/status", urlencode(given).encode(), headers, FORM)


def test_the_signature_is_twilios() -> None:
    """The example of Twilio's documentation ("Validating Signatures from Twilio")."""
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
              "To": "+18005551212"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, list(fields.items())) == "GvWf1cFY/Q7PnoempGyD5oXAezc="


def test_what_is_sent(sms: Paging) -> None:
    form = sms.sent().form
    assert (form["To"], form["From"]) == ("+491701234567", "+15550001111")
    assert form["Body"].startswith(
        "[SEV1] INC-7 Claims intake rejects uploads (Claims portal) https://ops.example.org/act/"
    )
    assert len(form["Body"]) <= 300
    assert form["StatusCallback"] == "https://ops.example.org/channels/sms/status"
    assert Attempt.objects.get().reference == "SM" + "1" * 32


def test_a_messaging_service(sms: Paging, provider: Provider) -> None:
    sms.installed("sms", account=ACCOUNT, sender="MG" + "2" * 32, base=provider.url)
    form = sms.sent().form
    assert form["MessagingServiceSid"] == "MG" + "2" * 32 and "From" not in form


def test_a_refusal_says_twilios_words(sms: Paging, provider: Provider) -> None:
    provider.next = [
        Answer(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400})
    ]
    assert sms.page().state == "failed"
    assert "21610 Attempt to send to unsubscribed recipient" in sms.answers()[0]


def test_receipts_are_kept_once(sms: Paging, calls: Any) -> None:
    sms.sent()
    for status in ("sent", "delivered", "delivered"):
        assert called_back(calls, MessageStatus=status).status_code == 204
    assert list(Receipt.objects.values_list("status", flat=True)) == ["sent", "delivered"]
    assert Page.objects.get().state == "sent"


def test_undelivered_is_a_failure_after_all(sms: Paging, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[PageFailed] = []
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", heard.append)
    sms.sent()
    assert called_back(calls, MessageStatus="undelivered", ErrorCode="30003").status_code == 204
    assert (Delivery.objects.get().state, Page.objects.get().state) == ("failed", "failed")
    assert [type(each).__name__ for each in heard] == ["PageFailed"] and "30003" in heard[0].reason


def test_who_does_not_know_the_token_reports_nothing(sms: Paging, calls: Any) -> None:
    sms.sent()
    assert called_back(calls, token="guessed", MessageStatus="undelivered").status_code == 403
    assert Page.objects.get().state == "sent" and not Receipt.objects.exists()


@pytest.mark.parametrize(("text", "number"), [
    ("+49 170 1234567", "+491701234567"), ("0086 138-0013-8000", "+8613800138000"), ("+1 (415) 867-5310", "+14158675310"),
])  # fmt: skip
def test_numbers_in_their_one_form(text: str, number: str) -> None:
    assert twilio.number(text) == number


@pytest.mark.parametrize("text", ["0170 1234567", "+0170123", "12345", "+49 170 CALLME", "+123456789012345678"])
def test_a_number_without_its_country_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        twilio.number(text)
