"""The signature as a receiver checks it, Steward's own JSON, and templates."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from steward.foundation.outbound import Refused
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Provider, Request
from steward.response.notifications.channels.webhook.adapter import CHANNEL, fill
from steward.response.notifications.models import Attempt
from steward.response.notifications.tests.factories import NOW

pytestmark = pytest.mark.django_db


def genuine(request: Request, secret: str) -> bool:
    """As the documentation tells a receiver to check it."""
    parts = dict(part.split("=", 1) for part in request.headers["Steward-Signature"].split(","))
    signed = hmac.new(secret.encode(), parts["t"].encode() + b"." + request.body, hashlib.sha256).hexdigest()
    return signed == parts["v1"] and int(parts["t"]) == int(NOW.timestamp())


def test_our_own_json_is_signed(paging: Paging, provider: Provider) -> None:
    paging.method("webhook", f"{provider.url}/hook", {"secret": "abc"})
    request = paging.sent()
    assert genuine(request, "abc") and not genuine(request, "abd")
    body = request.json
    assert body["title"] == "[SEV1] INC-7 Claims intake rejects uploads (Claims portal)"
    assert (body["severity"], body["incident"], body["count"]) == ("SEV1", "INC-7", 1)
    assert body["link"].startswith("https://ops.example.org/act/")
    assert request.headers["Idempotency-Key"] == body["id"] == Attempt.objects.get().key.rpartition("/")[0]


def test_a_template_is_filled_and_escaped(paging: Paging, provider: Provider) -> None:
    template = '{"text": "{{ title }}: {{ body }}", "n": {{ count }}, "all": {{ incidents }}}'
    paging.method("webhook", f"{provider.url}/hook", {"secret": "abc", "template": template})
    found = paging.sent(body='say "no"\nnow').json
    assert found["text"].endswith('(Claims portal): say "no"\nnow')
    assert found["n"] == 1 and found["all"][0]["incident"] == "INC-7"


def test_a_template_that_is_no_json_is_text() -> None:
    assert fill("{{ title }} / {{ count }}", {"title": 'a"b', "count": 2}) == (b'a"b / 2', "text/plain; charset=utf-8")
    assert json.loads(fill('{"a": "{{ title }}"}', {"title": 'a"b'})[0]) == {"a": 'a"b'}


def test_unknown_names_are_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="nonsense"):
        CHANNEL.clean("https://example.org", {"secret": "x", "template": "{{ nonsense }}"})
