"""In a browser that wants Chinese: pages speak it throughout, fit the phone, and follow the person's own choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import leave
from tests.browser.test_journey import PAGES
from tests.harness.processes import Steward

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.xdist_group("browser")]
# What the product itself says; rows, names of records and of saved views are data.
OWN_WORDS = (
    "nav a:not([href*='view=']), th, dt, legend, .page-head h1, .page-head .sub, main button, main a.btn,"
    " .filter-select > span, h3"
)
LATIN = re.compile(r"[A-Za-z]{3,}")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Names, of us and of others.
SAME_EVERYWHERE = {
    "Steward", "CSV", "Slack", "Telegram", "Webhook", "Mattermost", "Apprise", "Microsoft Teams", "Web Push",
}  # fmt: skip


@pytest.fixture
def chinese(chromium: Any, running: Steward, signed_in: Any) -> Iterator[Any]:
    context = chromium.new_context(
        locale="zh-CN", viewport={"width": 390, "height": 844}, base_url=running.url, storage_state=signed_in
    )
    page = context.new_page()
    yield page
    leave(page)


def english(texts: list[str]) -> set[str]:
    return {text for text in texts if LATIN.search(text) and not HAN.search(text) and text not in SAME_EVERYWHERE}


def test_every_page_speaks_chinese_and_fits_a_phone(chinese: Any) -> None:
    wide, left = {}, {}
    for path in PAGES:
        chinese.goto(path)
        assert chinese.evaluate("document.documentElement.lang") == "zh-hans", path
        if (width := chinese.evaluate("document.documentElement.scrollWidth")) > 390:
            wide[path] = width
        texts = [text.strip() for text in chinese.locator(OWN_WORDS).all_inner_texts()]
        assert sum(bool(HAN.search(text)) for text in texts) > 5, path
        if found := english(texts):
            left[path] = found
    assert not wide, f"these scroll sideways: {wide}"
    assert not left, f"left in English: {left}"


def test_what_counts_as_english() -> None:
    assert english(["Save", "保存 Save", "CSV", "12 %", "保存"]) == {"Save"}


def test_the_choice_in_the_profile_beats_the_browser(chinese: Any) -> None:
    def choose(language: str) -> None:
        chinese.goto("/profile/")
        chinese.select_option("[name=language]", language)
        chinese.locator("button[name=about]").click()

    choose("en")
    expect(chinese.locator("h1")).to_have_text("Profile")
    choose("")
    expect(chinese.locator("h1")).to_have_text("个人资料")
