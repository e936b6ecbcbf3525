"""What every channel promises, whatever its provider: the same trouble has the same consequences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.foundation.errors import StewardError
from steward.response.notifications import actions, channels
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Answer, Provider
from steward.response.notifications.channels.webpush.encryption import b64, new_key, point, private
from steward.response.notifications.models import ChannelSettings, ContactMethod
from steward.response.notifications.tests.factories import NOW, actor, user

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-installation"
BOT = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


def installed(name: str, url: str) -> dict[str, str]:
    return {
        "sms": {"account": "AC123", "token": SECRET, "base": url, "sender": "+15550001111"},
        "voice": {"caller": "+15550002222"},
        "telegram": {"token": BOT, "bot": "steward_bot", "base": url},
        "slack": {"token": f"xoxb-{SECRET}", "signing": SECRET, "base": url},
        "mattermost": {"server": url, "token": SECRET},
    }.get(name, {})


def address(name: str, url: str) -> tuple[str, dict[str, str]]:
    keys = {"p256dh": b64(point(private(new_key()).public_key())), "auth": b64(b"0" * 16)}
    return {
        "sms": ("+491701234567", {}), "voice": ("+491701234567", {}), "telegram": ("4711", {}),
        "slack": ("U024BE7LH", {}), "mattermost": ("4yse4x8w9tn7mg7uhkzw1e1uqh", {}),
        "webhook": (f"{url}/hook", {"secret": SECRET}), "teams": (f"{url}/workflows/1?sig=x", {}),
        "dingtalk": (f"{url}/robot/send?access_token=x", {"secret": SECRET}), "wecom": (f"{url}/send?key=x", {}),
        "feishu": (f"{url}/hook/x", {"secret": SECRET}), "webpush": (f"{url}/push/x", keys),
    }[name]  # fmt: skip


@pytest.fixture(params=sorted(set(channels.CHANNELS) - {"email", "apprise"}))
def through(request: Any, paging: Paging, provider: Provider) -> Paging:
    name = str(request.param)
    if name == "voice":
        paging.installed("sms", **installed("sms", provider.url))
    if installed(name, provider.url):
        paging.installed(name, **installed(name, provider.url))
    if name == "webpush":
        actions.keep_made(now=NOW, channel="webpush")
    paging.method(name, *address(name, provider.url))
    return paging


@pytest.mark.parametrize(
    "answer", [Answer(500, b"boom"), Answer(503, b""), Answer(cut=True)], ids=["500", "503", "cut"]
)
def test_passing_trouble_is_tried_again_under_the_same_key(through: Paging, provider: Provider, answer: Answer) -> None:
    provider.next = [answer]
    assert through.page().state == "pending"
    state, due_at = through.state()
    assert state == "retrying" and due_at is not None and due_at > NOW


def test_a_provider_that_asks_to_wait_is_waited_for(through: Paging, provider: Provider) -> None:
    provider.next = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "120"})]
    through.page()
    state, due_at = through.state()
    assert state == "retrying" and due_at is not None and due_at >= NOW + timedelta(seconds=120)


def test_a_final_refusal_fails_the_page_at_once(through: Paging, provider: Provider) -> None:
    provider.next = [Answer(403, b"forbidden")] * 3
    assert through.page().state == "failed"
    assert len(provider.taken) == 1 and "403" in through.answers()[0]


def test_nothing_secret_is_in_what_is_kept_or_shown(through: Paging, provider: Provider) -> None:
    through.page()
    kept = [*ChannelSettings.objects.values_list("values", "secrets"), *ContactMethod.objects.values_list("options")]
    shown = channels.shown(through.channel, through.target)
    for text in (str(kept), shown, *through.answers()):
        assert SECRET not in text and BOT not in text


def test_addresses_inside_are_refused(through: Paging, provider: Provider, settings_env: Any) -> None:
    settings_env(outbound_allow=())
    assert through.page().state == "failed"
    assert provider.taken == [] and "STEWARD_OUTBOUND_ALLOW" in through.answers()[0]


@pytest.mark.parametrize("name", sorted(channels.CHANNELS))
def test_nonsense_is_refused_in_the_form(name: str) -> None:
    who = user()
    with pytest.raises(StewardError) as caught:
        actions.add_contact_method(
            actor=actor(who), now=NOW, user_id=who.pk, channel=name, target="nonsense; drop", options={"secret": "x"}
        )
    assert caught.value.fields


@pytest.mark.parametrize("name", sorted(channels.CHANNELS))
def test_a_call_from_nobody_knows_who_does_nothing(name: str, calls: Any, paging: Paging, provider: Provider) -> None:
    if installed(name, provider.url):
        paging.installed(name, **installed(name, provider.url))
    for body in (b"", b"{}", b'{"context": {"token": ""}}', b"payload=%7B%7D", b"[]"):
        assert calls(f"/channels/{name}/status", body, {}).status_code == 403
        kind = "application/x-www-form-urlencoded"
        assert calls(f"/channels/{name}/keys", body, {"X-Twilio-Signature": ""}, kind).status_code == 403


def test_not_set_up_is_said() -> None:
    who = user(email="")
    ContactMethod.objects.create(user=who, channel="sms", target="+491701234567", verified_at=NOW)
    paging = Paging.__new__(Paging)
    paging.who = who
    assert paging.page().state == "failed"
    assert "not set up" in paging.answers()[0]
