"""Keys, and texts that can be read: on the main pages, light and dark."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.contrast import too_faint
from tests.harness.processes import Steward, send

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.xdist_group("browser")]

MAIN = ("/", "/alerts/?status=", "/incidents/?status=", "/incidents/1/", "/incidents/declare", "/services/", "/sources/1/",
        "/routes/", "/routes/new", "/schedules/", "/policies/", "/policies/new", "/people/?state=", "/api-keys/", "/audit/",
        "/settings/", "/profile/contacts", "/search?q=nothing-like-this", "/sign-in")  # fmt: skip


@pytest.fixture(scope="module")
def lived_in(running: Steward) -> Steward:
    """A Steward in which something stands on every page: what fires and what is over, who left, a revoked key."""
    path = running.run("source", "create", "--name", "reading", "--kind", "events")
    for number, severity in enumerate(("emergency", "critical", "high", "warning", "minor", "info")):
        event = {"name": f"Check{number}", "labels": {"severity": severity, "team": "reading"}, "summary": "It is slow"}
        assert send(f"{running.url}{path}/events", "POST", event)[0] == 200
    over = {"name": "Check0", "labels": {"severity": "emergency", "team": "reading"}, "status": "resolved"}
    assert send(f"{running.url}{path}/events", "POST", over)[0] == 200
    for number in range(1, 5):
        running.call("POST", "/incidents", {"title": f"Reading {number}", "severity": f"SEV{number}"})
    first, second, *_rest = running.incidents()
    running.call("POST", f"/incidents/{first['ref']}/acknowledge", {})
    running.call("POST", f"/incidents/{second['ref']}/resolve", {})
    running.call("POST", f"/incidents/{first['ref']}/notes", {"text": "Restarted it"})
    return running


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(
    chromium: Any, lived_in: Steward, signed_in: Any, scheme: str, page: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    faint = {}
    for path in MAIN:
        page.goto(path)
        expect(page.locator(".panel-wait, .htmx-request")).to_have_count(0)
        found = too_faint(page)
        if found:
            faint[path] = found
    assert page.locator("html").get_attribute("data-bs-theme") == scheme
    assert not faint, faint


def test_the_contrast_check_sees_what_is_faint(page: Any) -> None:
    page.goto("/incidents/")
    assert too_faint(page) == []
    page.locator("h1").evaluate("heading => { heading.style.color = '#b8c2cc'; }")
    assert len(too_faint(page)) == 1
    page.locator("h1").evaluate("heading => { heading.style.color = ''; heading.style.opacity = '0.4'; }")
    assert len(too_faint(page)) == 1


def test_keys_walk_a_list_open_a_row_and_write_a_note(page: Any, lived_in: Steward) -> None:
    page.goto("/incidents/?status=")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("[data-row]").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/\d+/"))
    page.keyboard.press("n")
    note = page.locator("textarea[name=text]")
    expect(note).to_be_focused()
    page.keyboard.type("jka?/ are letters here")
    expect(note).to_have_value("jka?/ are letters here")
    page.keyboard.press("Escape")
    expect(note).not_to_be_focused()
    for letter, path in (("a", "/alerts/"), ("o", "/schedules/"), ("r", "/routes/"), ("s", "/services/"), ("h", "/$")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(re.compile(path))


def test_the_help_names_the_keys_and_closes(page: Any) -> None:
    page.goto("/")
    page.keyboard.press("?")
    dialog = page.locator("dialog#help")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Acknowledge")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
