"""A whole Steward on a free port, and Chromium looking at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.processes import PASSWORD, Steward, steward_up

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


def leave(page: Any) -> None:
    """Leave a page to be closed with the browser.

    Closed by itself while it still loads, a page makes Chromium hang now and then: ``context.close`` never returns.
    """
    page.goto("about:blank")


# One Steward for all modules here; Chromium only for one, because Playwright keeps an event loop running, and tests that
# run one of their own come after.
@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steward]:
    with steward_up(tmp_path_factory.mktemp("browser")) as steward:
        yield steward


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian package chromium)")
    from playwright.sync_api import sync_playwright  # needs the browser to be of use

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def signed_in(chromium: Any, running: Steward) -> Any:
    """The cookies of the administrator, who signs in through the page once."""
    context = chromium.new_context(base_url=running.url)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(running.url + "/")
    state = context.storage_state()
    leave(page)
    return state


@pytest.fixture
def page(chromium: Any, running: Steward, signed_in: Any) -> Iterator[Any]:
    """A page signed in as the administrator; anything the page logs as an error fails the test."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, base_url=running.url, storage_state=signed_in
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/")
    yield page
    page.wait_for_load_state("load")
    found = list(troubles)
    leave(page)
    assert not found, found
