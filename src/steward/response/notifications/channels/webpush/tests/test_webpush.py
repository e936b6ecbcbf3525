"""Web Push: the RFC's own example, and a push service that decrypts and checks the signature as browsers' do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from steward.response.notifications import actions
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider, Request
from steward.response.notifications.channels.webpush.adapter import application_key
from steward.response.notifications.channels.webpush.encryption import (
    b64,
    encrypt,
    new_key,
    point,
    private,
    public,
    unb64,
)
from steward.response.notifications.models import ChannelSettings
from steward.response.notifications.tests.factories import NOW
from steward.response.notifications.tests.running import engine

pytestmark = pytest.mark.django_db


def test_the_example_of_rfc_8291() -> None:
    """Section 5 and appendix A."""
    sealed = encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh=unb64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        auth=unb64("BTBZMqHH6r4Tts7J_aSIgg"), salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"),
        key=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    )  # fmt: skip
    assert b64(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


class Browser:
    """A subscription: what a browser keeps for itself, and what it gives away."""

    def __init__(self) -> None:
        self.key, self.auth = private(new_key()), b"0123456789abcdef"
        self.options = {"p256dh": b64(point(self.key.public_key())), "auth": b64(self.auth)}

    def opened(self, body: bytes) -> Any:
        salt, size, own = body[:16], int.from_bytes(body[16:20], "big"), body[21 : 21 + body[20]]
        assert len(body) <= size == 4096
        shared = self.key.exchange(ec.ECDH(), public(own))
        info = b"WebPush: info\0" + point(self.key.public_key()) + own
        secret = HKDF(SHA256(), 32, salt=self.auth, info=info).derive(shared)
        key = HKDF(SHA256(), 16, salt=salt, info=b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt=salt, info=b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, body[21 + body[20] :], None)
        assert plain.endswith(b"\x02")
        return json.loads(plain[:-1])


def signed_for(request: Request, origin: str, key: str) -> bool:
    """What a push service checks (RFC 8292)."""
    scheme, _space, rest = request.headers["Authorization"].partition(" ")
    parts = dict(each.strip().split("=", 1) for each in rest.split(","))
    head, claims, signature = parts["t"].split(".")
    raw = unb64(signature)
    given = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public(unb64(parts["k"])).verify(given, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    found = json.loads(unb64(claims))
    return (
        scheme == "vapid" and parts["k"] == key and json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
        and found["aud"] == origin and 0 < found["exp"] - NOW.timestamp() <= 24 * 3600
        and found["sub"].startswith("mailto:")
    )  # fmt: skip


@pytest.fixture
def browser(paging: Paging, provider: Provider) -> Browser:
    made = Browser()
    actions.keep_made(now=NOW, channel="webpush")
    paging.method("webpush", f"{provider.url}/push/abc", made.options)
    return made


def test_what_a_browser_gets(paging: Paging, provider: Provider, browser: Browser) -> None:
    provider.protocol = lambda _request: Answer(201, b"")
    request = paging.sent(body="磁盘已满 " * 400)
    assert signed_for(request, provider.url, application_key(actions.keep_made(now=NOW, channel="webpush")))
    assert (request.headers["Content-Encoding"], request.headers["Urgency"]) == ("aes128gcm", "high")
    assert int(request.headers["TTL"]) > 0 and len(request.headers["Topic"]) <= 32
    found = browser.opened(request.body)
    assert found["title"].startswith("[SEV1] INC-7") and found["url"].endswith(found["token"]) and found["token"]


def test_a_try_made_again_has_the_same_topic(paging: Paging, provider: Provider, browser: Browser) -> None:
    provider.next = [Answer(500, b""), Answer(201, b"")]
    paging.page()
    engine(NOW + timedelta(minutes=1))
    assert len(provider.taken) == 2 and len({each.headers["Topic"] for each in provider.taken}) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_final(paging: Paging, provider: Provider, browser: Browser, status: int) -> None:
    provider.next = [Answer(status, b"")]
    assert paging.page().state == "failed" and "no pushes any more" in paging.answers()[0]


def test_the_key_is_made_once_and_sealed() -> None:
    first = actions.keep_made(now=NOW, channel="webpush")
    assert actions.keep_made(now=NOW, channel="webpush") == first
    row = ChannelSettings.objects.get()
    assert first["key"] not in str(row.values) + row.secrets


def test_the_notification_s_button(
    paging: Paging, browser: Browser, calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    def answered(event: Any) -> None:
        heard.append(event)
        event.said.append("INC-7 is acknowledged.")

    monkeypatch.setattr("steward.foundation.clock.now", lambda: NOW)
    token = browser.opened(paging.sent().body)["token"]
    monkeypatch.setattr("steward.response.notifications.actions.hearing.publish", answered)
    body = json.dumps({"token": token, "verb": "acknowledge"}).encode()
    assert calls("/channels/webpush/press", body, {}).json() == {"text": "INC-7 is acknowledged."}
    assert [each.user_id for each in heard] == [paging.who.pk]
