"""What a newcomer sets up through the forms until an alert would page somebody, and how mistakes are told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import leave

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.xdist_group("browser")]


def save(page: Any) -> None:
    page.locator("main form button.btn-primary").first.click()


def reachable(page: Any) -> None:
    """The administrator says how to be reached."""
    page.goto("/profile/contacts")
    if page.get_by_text("admin@example.org").count():
        return
    page.fill("[name=target]", "admin@example.org")
    save(page)
    expect(page.get_by_text("admin@example.org")).to_be_visible()


def schedule(page: Any, name: str) -> None:
    page.goto("/schedules/new")
    page.fill("[name=name]", name)
    page.fill("[name=time_zone]", "Europe/Berlin")
    page.locator("select[name=member]").first.select_option(label="Administrator")
    save(page)
    expect(page.locator("h1")).to_have_text(name)


def policy(page: Any, name: str, on_call: str) -> None:
    """Who is on call, five minutes, and then the administrator by name; the last step by the button that adds rows."""
    page.goto("/policies/new")
    page.fill("[name=name]", name)
    page.fill("[name=repeat]", "0")
    steps = page.locator("#step-rows > li")
    steps.first.locator("[name=step_schedule]").select_option(label=on_call)
    page.get_by_role("button", name="Add a step").click()
    last = steps.last
    last.locator("[name=step_kind]").select_option(label="Notify a person")
    last.locator("[name=step_user]").select_option(label="Administrator")
    save(page)
    expect(page.locator("h1")).to_have_text(name)


def test_from_nothing_to_a_route_that_pages(page: Any) -> None:
    reachable(page)
    schedule(page, "Web shop")
    expect(page.locator(".cal")).to_contain_text("Administrator")
    policy(page, "Web shop first", on_call="Web shop")
    flow = page.locator(".flow")
    expect(flow).to_contain_text("Notify who is on call for Web shop")
    expect(flow).to_contain_text("Wait 5 minutes for somebody to acknowledge")
    expect(flow.locator("li").last).to_contain_text("+ 5 min")

    page.goto("/routes/new")
    page.fill("[name=name]", "Web shop alerts")
    page.fill("[name=matchers]", 'team="web", severity=~"critical|warning"')
    page.locator("[name=policy]").select_option(label="Web shop first")
    save(page)
    expect(page.locator("main")).to_contain_text("pages by Web shop first")

    page.goto("/routes/")
    page.locator("#try textarea").fill('alertname="CheckoutFails"\nteam="web"\nseverity="critical"')
    page.get_by_role("button", name="Try").click()
    trial = page.locator("#trial")
    expect(trial.get_by_role("heading", name="Web shop alerts")).to_be_visible()
    expect(trial).to_contain_text("people are paged")
    expect(trial.locator(".flow")).to_contain_text(re.compile("Administrator.*on call for Web shop", re.DOTALL))
    # The reason names each matcher with what the alert has.
    expect(trial).to_contain_text("the alert has “web”")
    page.locator("#try textarea").fill('alertname="CheckoutFails"\nteam="warehouse"')
    page.get_by_role("button", name="Try").click()
    expect(trial.get_by_role("heading", name="Everything else")).to_be_visible()


def test_an_override_takes_over_and_goes_again(page: Any) -> None:
    schedule(page, "Payments")
    page.get_by_role("link", name="Add override").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=user]").select_option(label="Administrator")
    dialog.locator("[name=reason]").fill("swapped shifts")
    dialog.get_by_role("button", name="Add override").click()
    expect(page.locator("main")).to_contain_text("swapped shifts")
    page.get_by_role("button", name="Remove").click()
    page.locator("dialog[open] [data-confirm-yes]").click()
    expect(page.locator("main")).to_contain_text("Nobody steps in")


def test_days_are_dragged_over_and_a_shift_is_pressed_to_step_in(page: Any) -> None:
    schedule(page, "Warehouse")
    week = page.locator(".cal-week").nth(2)
    box = week.bounding_box()
    day = box["width"] / 7
    page.mouse.move(box["x"] + day, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 * day, box["y"] + 12, steps=4)
    page.mouse.move(box["x"] + 2.5 * day, box["y"] + 12)
    expect(week.locator(".cal-mark")).to_have_count(1)
    page.mouse.up()
    dialog = page.locator("dialog[open]")
    start, end = (dialog.locator(f"[name={name}]") for name in ("start_at", "end_at"))
    # The schedule is Berlin's and the reader's zone is UTC: Tuesday midnight until Wednesday noon there, an hour less here.
    expect(start).to_have_value(re.compile(r"T2[23]:00$"))
    expect(end).to_have_value(re.compile(r"T1[01]:00$"))
    dialog.get_by_role("button", name="Cancel").click()
    page.locator(".cal-bar").nth(1).focus()
    page.keyboard.press("Enter")
    dialog.locator("[name=user]").select_option(label="Administrator")
    expect(dialog.locator("[name=replaces] option:checked")).to_have_text("Administrator")
    dialog.locator("[name=replaces]").select_option(index=0)
    dialog.get_by_role("button", name="Add override").click()
    expect(page.locator("main .cal-override").first).to_be_visible()


def test_a_layer_is_drawn_while_it_is_written(page: Any) -> None:
    schedule(page, "Nights of the shop")
    page.get_by_role("link", name="Add a layer").click()
    expect(page.get_by_text("Choose who takes turns")).to_be_visible()
    page.locator("select[name=member]").first.select_option(label="Administrator")
    expect(page.locator(".cal-week")).to_have_count(4)
    expect(page.locator(".for-week")).to_be_visible()
    page.locator("[name=layer-unit]").select_option("day")
    expect(page.locator(".for-week")).to_be_hidden()
    page.get_by_text("Only within some hours").click()
    page.get_by_role("button", name="Add hours").click()
    page.locator("[name=hours_start]").fill("20:00")
    page.locator("[name=hours_end]").fill("06:00")
    page.get_by_text("Name, priority, zone").click()
    page.fill("[name=layer-name]", "Nights")
    page.fill("[name=layer-priority]", "5")
    with page.expect_response(lambda response: response.url.endswith("/preview")):
        page.locator("[name=layer-priority]").blur()
    expect(page.locator(".cal-week title").filter(has_text="Nights").first).to_be_attached()
    save(page)
    expect(page.locator("main")).to_contain_text("Mon–Fri 20:00–06:00")


@pytest.mark.parametrize(
    ("path", "values", "field", "text"),
    [
        ("/routes/new", {"name": "Bad", "matchers": 'team="web",,'}, "matchers", "Column"),
        ("/schedules/new", {"name": "Bad", "time_zone": "Mars/Olympus"}, "time_zone", "There is no time zone"),
        ("/policies/new", {"name": ""}, "name", "This field is required."),
        ("/sources/new", {"name": "Bad", "resolve_timeout": "-5"}, "resolve_timeout", "greater than"),
        ("/profile/contacts", {"target": "nonsense"}, "target", "name@example.org"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_beside_its_field_and_what_was_typed_stays(
    chromium: Any, running: Any, signed_in: Any, path: str, values: dict[str, str], field: str, text: str
) -> None:
    """In a page of its own: Chromium logs an answer of 422 as an error."""
    context = chromium.new_context(base_url=running.url, storage_state=signed_in)
    page = context.new_page()
    page.goto(path)
    page.locator("main form.form").first.evaluate("form => { form.noValidate = true; }")
    for name, value in values.items():
        page.fill(f"main [name={name}]", value)
    save(page)
    error = page.locator(".field", has=page.locator(f"[name={field}]")).locator(".field-error")
    expect(error).to_contain_text(text)
    control = page.locator(f"main [name={field}]")
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(control).to_have_value(values[field])
    leave(page)
