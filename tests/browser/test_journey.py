"""What people do, in a real browser: see an incident live, acknowledge it, resolve it, set up on-call, try a route."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.harness.processes import Steward, send

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.xdist_group("browser")]

PAGES = ("/", "/alerts/", "/incidents/", "/sources/", "/routes/", "/schedules/", "/policies/", "/people/", "/teams/",
         "/organisations/", "/audit/", "/api-keys/", "/settings/", "/services/", "/items/", "/profile/", "/profile/contacts",
         "/incidents/declare", "/sources/new", "/routes/new", "/schedules/new", "/policies/new", "/services/new",
         "/search?q=x")  # fmt: skip


def declare(page: Any, title: str) -> None:
    page.goto("/incidents/declare")
    page.fill("[name=title]", title)
    page.locator("main form button.btn-primary").first.click()
    expect(page.locator("h1")).to_contain_text(title)


def test_an_incident_appears_is_acknowledged_and_resolved(page: Any, running: Steward) -> None:
    path = running.run("source", "create", "--name", "browser", "--kind", "events")
    running.call("POST", "/routes", {"name": "Browser", "matchers": 'team="browser"', "group_wait": 0})
    page.goto("/")
    event = {"name": "UploadErrorRate", "labels": {"team": "browser"}, "summary": "Uploads are rejected"}
    status, body = send(f"{running.url}{path}/events", "POST", event)
    assert status == 200, body
    # The open home page shows it without a reload.
    expect(page.get_by_text("Uploads are rejected").first).to_be_visible(timeout=20_000)
    page.get_by_text("Uploads are rejected").first.click()
    expect(page.locator("h1")).to_contain_text("Uploads are rejected")
    page.keyboard.press("a")
    expect(page.locator("main")).to_contain_text(re.compile("acknowledged", re.IGNORECASE))
    page.get_by_role("button", name="Resolve").first.click()
    confirm = page.locator("dialog[open] button[type=submit], dialog[open] [data-confirm-yes]")
    if confirm.count():
        confirm.first.click()
    expect(page.get_by_role("button", name="Reopen").first).to_be_visible()


def test_a_note_survives_the_live_update(page: Any, running: Steward) -> None:
    declare(page, "Nightly batch is late")
    note = page.locator("textarea[name=text]").first
    note.fill("half a thought")
    running.call("POST", f"/incidents/{running.incidents()[0]['ref']}/notes", {"text": "from the API"})
    expect(page.get_by_text("from the API").first).to_be_visible(timeout=20_000)
    expect(note).to_have_value("half a thought")


def test_every_page_fits_a_phone(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    wide = {}
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide[path] = width
    assert not wide, f"these scroll sideways: {wide}"


def test_on_a_phone_from_acknowledging_to_resolving(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    declare(page, "Claims cannot be filed")
    acknowledge = page.get_by_role("button", name="Acknowledge")
    box = acknowledge.bounding_box()
    assert box and box["width"] > 340 and box["height"] >= 44, "the first thing to do is easy to hit"
    acknowledge.click()
    expect(page.locator("#incident-head")).to_contain_text("Administrator is on it")
    page.get_by_role("link", name="Note").click()
    note = page.locator("textarea[name=text]")
    expect(note).to_be_focused()
    expect(note).to_be_in_viewport()
    note.fill("Restarted the intake")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Restarted the intake")).to_be_in_viewport()
    page.locator("#do-more").click()
    page.locator("#do-assign").click()
    page.locator("dialog[open] [name=assignee]").select_option(label="nobody")
    page.locator("dialog[open] button.btn-primary").click()
    expect(page.locator("#incident-head")).to_contain_text("nobody is on it")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


def test_keys_open_pages(page: Any) -> None:
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(re.compile("/incidents/"))
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()


def test_dark_mode_is_kept(page: Any) -> None:
    page.goto("/")
    before = page.locator("html").get_attribute("data-bs-theme")
    page.locator("[data-theme-toggle]").first.click()
    page.goto("/incidents/")
    assert page.locator("html").get_attribute("data-bs-theme") != before
