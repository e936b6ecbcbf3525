"""Addresses that the ingest door visits: to confirm a subscription, to verify a sender."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from steward.foundation import clock
from steward.foundation.actors import system
from steward.signals.alerts import actions
from steward.signals.alerts.ingest import asgi, sources, visiting
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Kind, NotFetched, Parsed, Received
from steward.signals.alerts.models import ParkedPayload
from steward.signals.alerts.tests.factories import Answer, call, with_door

URL = "https://example.org/confirm"


def _parse(received: Received) -> Parsed:
    return Parsed(confirm=received.body.decode())


def _verify(received: Received, secret: str) -> str:
    return "" if received.fetch("https://example.org/key") == secret.encode() else "Not the key."


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Makes a source of a kind that confirms and verifies; returns its key."""
    kind = Kind("asking", "Asking", {"asking": _parse}, verify=_verify)
    monkeypatch.setitem(sources.KINDS, "asking", kind)
    monkeypatch.setitem(sources.PARSERS, "asking", (kind, _parse))
    actor, names = system("test"), itertools.count()

    def make(secret: str) -> str:
        name = f"S{next(names)}"
        return actions.create_source(actor=actor, now=clock.now(), name=name, kind="asking", secret=secret)[1]

    return make


def post(key: str, body: bytes) -> Answer:
    async def story(app: Application) -> Answer:
        return await call(app, f"/in/{key}/asking", body)

    answer: Answer = with_door(story)
    return answer


@pytest.mark.django_db(transaction=True)
def test_a_subscription_is_confirmed_before_the_answer(
    key: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[str] = []
    monkeypatch.setattr(asgi, "visit", lambda url: visited.append(url) or b"")
    assert post(key(""), URL.encode()).status == 200 and visited == [URL]
    assert post(key(""), b"").status == 200 and visited == [URL]


@pytest.mark.django_db(transaction=True)
def test_who_could_not_be_reached_is_asked_to_send_again(
    key: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(url: str) -> bytes:
        raise NotFetched(f"{url} does not answer.")

    monkeypatch.setattr(asgi, "visit", away)
    for answer in (post(key(""), URL.encode()), post(key("s3cret"), b"")):
        assert answer.status == 502 and "retry-after" in answer.headers
        assert answer.json["type"] == "urn:steward:problem:not-fetched" and "does not answer" in answer.json["detail"]
    assert not ParkedPayload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_sender_is_verified_by_what_is_fetched(key: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "visit", lambda url: b"s3cret")
    assert post(key("s3cret"), b"").status == 200
    assert post(key("another"), b"").status == 403


def test_no_internal_address_is_visited() -> None:
    for url in ("http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"):
        with pytest.raises(NotFetched):
            visiting.visit(url)
