"""The editor of policies and their API, with every kind of step."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from steward.response.oncall import actions
from steward.response.oncall.models import EscalationPolicy
from steward.response.oncall.queries.policies import plan_of
from steward.response.oncall.rules import Condition, Hours, Step
from steward.response.oncall.tests.factories import ENGINE, NOW, notify, policy, schedule, team, user, wait
from steward.response.oncall.tests.test_api import Api

pytestmark = pytest.mark.django_db
OFFICE = Hours((0, 1, 2, 3, 4), "09:00", "17:00", "Europe/Berlin")
WEEKEND = Hours((5, 6), "22:00", "06:00", "Australia/Lord_Howe")


@pytest.fixture
def lead(client: Client) -> Client:
    client.force_login(user("Lea Lead", role="lead", time_zone="Europe/Berlin"))
    return client


@pytest.fixture
def api() -> Api:
    return Api("lead")


def everything() -> list[Step]:
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, bob, name="App")
    return [
        notify(rota), Step("notify_previous", rota.pk, important=False), Step("notify_next", rota.pk),
        Step("turn_people", people=(ann.pk, bob.pk), only_if=Condition(OFFICE, outside=True)),
        Step("turn_team", team(ann, bob).pk), wait(3), Step("wait_hours", hours=WEEKEND),
        Step("continue_if", skip=2, only_if=Condition(OFFICE, severity="SEV2", alerts=5, minutes=10)),
        Step("webhook", url="https://hooks.example.org/T0/s3cret"), Step("raise_severity", severity="SEV1"),
        Step("end", only_if=Condition(severity="SEV1")), wait(5),
    ]  # fmt: skip


def fields_of(html: str) -> list[tuple[str, str]]:
    """What a browser without JavaScript would post from the form, without the empty rows at its end."""
    form = html[html.index('<form method="post" class="form card') :].split("</form>")[0]
    form = re.sub(r"<(template|noscript|datalist)\b.*?</\1>", "", form, flags=re.DOTALL)
    found: list[tuple[str, str]] = []
    for tag in re.finditer(r"<select\b([^>]*)>(.*?)</select>|<input\b([^>]*)>", form, flags=re.DOTALL):
        name = re.search(r'name="([^"]+)"', tag[1] or tag[3] or "")
        if not name:
            continue
        if tag[3] is None:
            chosen = [unescape(option[2] if option[1] is None else option[1]) for option in re.finditer(
                r'<option(?: value="([^"]*)")? selected>([^<]*)', tag[2])]  # fmt: skip
            if not chosen and "multiple" not in tag[1]:
                chosen = [""]
            found += [(name[1], value) for value in chosen]
        elif "checkbox" not in tag[3] or " checked" in tag[3]:
            value = re.search(r'value="([^"]*)"', tag[3])
            found.append((name[1], unescape(value[1]) if value else ""))
    return found


def test_what_the_editor_shows_is_what_it_saves(lead: Client) -> None:
    chosen = policy(*everything(), name="Main", repeat=1)
    before = plan_of(chosen)
    url = reverse("oncall:policy-edit", args=[chosen.slug])
    posted: dict[str, list[str]] = {}
    for name, value in fields_of(lead.get(url).content.decode()):
        posted.setdefault(name, []).append(value)
    assert lead.post(url, posted).status_code == 302
    assert plan_of(EscalationPolicy.objects.get()) == before  # the version, too: nothing has changed


def test_complaints_stand_beside_their_steps(lead: Client) -> None:
    posted = {
        "name": "Main", "team": "", "repeat": "0", "step_kind": ["notify_user", "continue_if", "wait_hours", "webhook"],
        "step_row": ["a", "b", "c", "d"], "step_user": [str(user().pk), "", "", ""], "step_minutes": ["", "", "", ""],
        "step_skip": ["", "9", "", ""], "step_severity": ["", "SEV1", "", ""], "step_url": ["", "", "", "nonsense"],
        "step_days_c": ["0"], "step_from": ["", "", "09:00", ""], "step_to": ["", "", "17:00", ""],
        "step_zone": ["", "", "Mars/Olympus", ""],
    }  # fmt: skip
    html = lead.post(reverse("oncall:policy-new"), posted)
    assert html.status_code == 422
    rows = html.content.decode().split("<li data-kind=")[1:]
    assert "There are not so many steps after this one." in rows[1]
    assert "Write a time zone such as Europe/Berlin." in rows[2]
    assert "field-error" in rows[3]
    assert "field-error" not in rows[0]
    assert 'value="Mars/Olympus"' in rows[2]  # nothing that was written is lost


def test_runbooks_are_not_offered_while_nothing_runs_them(lead: Client) -> None:
    assert "Start a runbook" not in lead.get(reverse("oncall:policy-new")).content.decode()


def test_the_page_says_steps_conditions_and_the_secret(lead: Client) -> None:
    chosen = policy(*everything(), name="Main", repeat=1)
    html = lead.get(reverse("oncall:policy", args=["main"])).content.decode()
    assert "Notify one of Ann, Bob, in turn" in html
    assert "only outside Mon–Fri 09:00–17:00 Europe/Berlin" in html
    assert actions.secret_of(chosen.pk, 0) in html
    assert "s3cret" not in html
    viewer = Client()
    viewer.force_login(user(role="viewer"))
    assert actions.secret_of(chosen.pk, 0) not in viewer.get(reverse("oncall:policy", args=["main"])).content.decode()
    assert viewer.post(reverse("oncall:policy-secret", args=["main"])).status_code == 403
    assert lead.post(reverse("oncall:policy-secret", args=["main"])).status_code == 302
    chosen.refresh_from_db()
    assert chosen.secret_number == 1


def test_the_api_reads_what_it_wrote(api: Api) -> None:
    chosen = policy(*everything(), name="Main", repeat=1)
    shown = api("GET", f"/policies/{chosen.pk}")
    sent = [{name: value for name, value in step.items() if name not in {"label", "text"} and value is not None}
            for step in shown["steps"]]  # fmt: skip
    for step in sent:
        if step["kind"] == "raise_severity":
            assert step["severity"] == "SEV1"
    changed = api("PUT", f"/policies/{chosen.pk}", {"name": "Main", "repeat": 1, "steps": sent})
    assert changed["version"] == 1  # nothing has changed
    assert changed["steps"] == shown["steps"]


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "dance"},
        {"kind": "continue_if"},
        {"kind": "webhook"},
        {"kind": "wait_hours", "hours": {"days": [], "start": "09:00", "end": "17:00", "zone": "UTC"}},
        {"kind": "wait_hours", "hours": {"days": [1], "start": "9", "end": "17:00", "zone": "UTC"}},
        {"kind": "raise_severity", "severity": "bad"},
    ],
)
def test_the_api_refuses_nonsense(api: Api, step: dict[str, Any]) -> None:
    person = user()
    body = {"name": "Main", "repeat": 0, "steps": [{"kind": "notify_user", "id": person.pk}, step]}
    assert api("POST", "/policies", body, 422)
    assert not EscalationPolicy.objects.exists()


def test_addresses_of_webhooks_are_for_who_may_change_them(api: Api) -> None:
    chosen = actions.create_policy(
        actor=ENGINE, now=NOW, name="Main", steps=[Step("webhook", url="https://x.example.org/s3cret"), notify(user())],
        repeat=0,
    )  # fmt: skip
    assert api("GET", f"/policies/{chosen.pk}")["steps"][0]["url"] == "https://x.example.org/s3cret"
    assert Api("viewer")("GET", f"/policies/{chosen.pk}")["steps"][0]["url"] == "https://x.example.org/***"
