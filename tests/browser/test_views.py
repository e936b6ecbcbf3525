"""A saved view in a real browser: kept in a dialog, changed by a filter, replaced, deleted after one question."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.xdist_group("browser")]


def test_a_view_from_saving_to_deleting(page: Any) -> None:
    page.goto("/people/?role=lead")
    page.get_by_role("link", name="Save view").click()
    page.locator("dialog[open] [name=name]").fill("Leads")
    page.locator("dialog[open] [name=first]").check()
    page.locator("dialog[open] button.btn-primary").click()
    page.wait_for_url(re.compile(r"role=lead&view=\d+"))
    tabs = page.get_by_role("navigation", name="Saved views")
    expect(tabs.locator("[aria-current]")).to_contain_text("Leads")
    # The list opens with it, and a changed filter stays in the view until it is replaced.
    page.goto("/people/")
    page.wait_for_url(re.compile(r"role=lead&view=\d+"))
    page.locator("select[name=sort]").select_option("newest")
    page.wait_for_url(re.compile("sort=newest"))
    expect(tabs.locator("[aria-current]")).to_contain_text("Leads")
    page.get_by_role("button", name="Replace view").click()
    expect(page.get_by_text("has these filters now")).to_be_visible()
    assert "sort=newest" in page.url
    expect(page.get_by_role("button", name="Replace view")).to_have_count(0)
    # The list as it is stays one click away, whatever is taken off there.
    tabs.get_by_role("link", name="Standard").click()
    page.locator(".chip").first.click()
    expect(tabs.locator("[aria-current]")).to_contain_text("Standard")
    page.goto("/people/")
    page.locator(".views summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("dialog[open]")).to_contain_text("Delete the view “Leads”?")
    page.locator("dialog[open] [data-close]").click()
    expect(tabs).to_be_visible()
    page.locator(".views summary").click()
    page.get_by_role("button", name="Delete").click()
    page.locator("dialog[open] [data-confirm-yes]").click()
    expect(tabs).to_have_count(0)
    assert page.url.endswith("/people/")


def test_on_a_phone_the_open_tab_is_in_view(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("Alpha of the first", "Beta of the second", "Gamma of the third"):
        page.goto(f"/teams/?q={name.split()[0]}")
        page.get_by_role("link", name="Save view").click()
        page.locator("dialog[open] [name=name]").fill(name)
        page.locator("dialog[open] button.btn-primary").click()
        page.wait_for_url(re.compile(r"view=\d+"))
    open_tab = page.locator(".views [aria-current]")
    expect(open_tab).to_contain_text("Gamma")
    expect(open_tab).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
