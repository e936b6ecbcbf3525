"""Whose language a page speaks: the person's choice, then the browser's, then the installation's."""

from __future__ import annotations

import pytest
from django.test import Client

from steward.foundation.testing.pages import signed_in
from steward.people.accounts.models import User
from steward.people.accounts.tests.test_api import call

pytestmark = pytest.mark.django_db
CHINESE_BROWSER = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
OTHER_BROWSER = {"Accept-Language": "fr-FR"}
ENGLISH, CHINESE = ('<html lang="en"', "Present password"), ('<html lang="zh-hans"', "当前密码")


def profile(language: str, headers: dict[str, str]) -> tuple[str, str | None]:
    client = signed_in("viewer")
    User.objects.update(language=language)
    response = client.get("/profile/", headers=headers)
    return response.content.decode(), response["Content-Language"]


def test_the_sign_in_page_speaks_as_the_browser_says() -> None:
    assert "登录" in Client().get("/sign-in", headers=CHINESE_BROWSER).content.decode()
    assert "Sign in" in Client().get("/sign-in", headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize(
    ("own", "headers", "installation", "said"),
    [
        ("", {}, "en", ENGLISH),
        ("", {}, "zh-hans", CHINESE),
        ("", OTHER_BROWSER, "zh-hans", CHINESE),
        ("", CHINESE_BROWSER, "en", CHINESE),
        ("en", CHINESE_BROWSER, "zh-hans", ENGLISH),
        ("zh-hans", {"Accept-Language": "en"}, "en", CHINESE),
        ("tlh", CHINESE_BROWSER, "en", CHINESE),
    ],
)
def test_ones_own_choice_wins_then_the_browsers_then_the_installations(own, headers, installation, said, settings):
    settings.LANGUAGE_CODE = installation
    text, header = profile(own, headers)
    for each in said:
        assert each in text
    assert f'lang="{header}"' in said[0]


def test_the_choice_is_made_in_the_profile_and_can_be_taken_back() -> None:
    client = signed_in("viewer")
    about = {"about": "1", "name": "Ana", "time_zone": "UTC"}
    client.post("/profile/", {**about, "language": "zh-hans"})
    assert User.objects.get().language == "zh-hans"
    text = client.get("/profile/").content.decode()
    assert "个人资料" in text and "已保存。" in text
    client.post("/profile/", {**about, "language": ""})
    assert User.objects.get().language == ""


def test_languages_stand_in_the_form_by_their_own_names() -> None:
    for headers in (CHINESE_BROWSER, {"Accept-Language": "en"}):
        text = signed_in("viewer").get("/profile/", headers=headers).content.decode()
        assert ">English<" in text and ">简体中文<" in text


def test_the_api_takes_a_language_that_there_is() -> None:
    made = call("post", "people", {"username": "ana", "name": "Ana", "role": "viewer"}).json()
    assert made["language"] == ""
    path = f"people/{made['id']}"
    assert call("patch", path, {"language": "zh-hans"}).json()["language"] == "zh-hans"
    refused = call("patch", path, {"language": "klingon"})
    assert refused.status_code == 422 and "zh-hans" in refused.json()["fields"]["language"][0]
    assert call("patch", path, {"language": ""}).json()["language"] == ""
