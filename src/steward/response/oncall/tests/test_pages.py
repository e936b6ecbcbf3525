"""The pages as people use them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from steward.foundation.testing.pages import check_queries
from steward.response.notifications.tests.factories import organisation
from steward.response.oncall import actions
from steward.response.oncall.models import EscalationPolicy, Override, Schedule
from steward.response.oncall.queries.layers import turns_of
from steward.response.oncall.tests.factories import (
    ENGINE,
    NOW,
    SUBJECT,
    layer,
    notify,
    policy,
    schedule,
    start,
    team,
    user,
    wait,
)

pytestmark = pytest.mark.django_db
FORM = {
    "name": "App", "time_zone": "Europe/Berlin", "team": "", "layer-start": "2026-03-02", "layer-handover_weekday": "0",
    "layer-handover_time": "09:00", "layer-length": "1", "layer-unit": "week", "layer-priority": "0",
}  # fmt: skip


@pytest.fixture
def lead(client: Client) -> Client:
    client.force_login(user("Lea Lead", role="lead", time_zone="Europe/Berlin"))
    return client


@pytest.fixture
def viewer() -> Client:
    client = Client()
    client.force_login(user(role="viewer"))
    return client


def addresses() -> list[str]:
    rota = schedule(user("Ann"), user("Bob"), name="App")
    chosen = policy(notify(rota), wait(5), name="Main")
    return [
        reverse("oncall:schedules"), reverse("oncall:schedule", args=[rota.slug]), reverse("oncall:policies"),
        reverse("oncall:policy", args=[chosen.slug]),
    ]  # fmt: skip


def editors() -> list[str]:
    rota, chosen = Schedule.objects.get(), EscalationPolicy.objects.get()
    return [
        reverse("oncall:schedule-new"), reverse("oncall:schedule-edit", args=[rota.slug]), reverse("oncall:replace"),
        reverse("oncall:layer-new", args=[rota.slug]),
        reverse("oncall:layer-edit", args=[rota.slug, rota.layers.get().pk]),
        reverse("oncall:policy-new"), reverse("oncall:policy-edit", args=[chosen.slug]),
    ]  # fmt: skip


def test_who_may_open_what(lead: Client, viewer: Client) -> None:
    customer = Client()
    customer.force_login(user(role="customer", organisation=organisation("customer")))
    for url in addresses():
        assert Client().get(url).status_code == 302
        assert (lead.get(url).status_code, viewer.get(url).status_code) == (200, 200), url
        assert customer.get(url).status_code == 403
    for url in editors():
        assert Client().get(url).status_code == 302
        assert (lead.get(url).status_code, viewer.get(url).status_code) == (200, 403), url


def test_pages_keep_the_content_security_policy(lead: Client) -> None:
    start(policy(notify(user("Ann")), wait(5), name="Other"))
    panel = reverse("oncall:incident-escalation", args=[SUBJECT.id])
    schedule(name="Empty")
    for url in [*addresses()[:1], reverse("oncall:schedule", args=["app"]), reverse("oncall:policy", args=["main"]),
                reverse("oncall:policy-new"), reverse("oncall:schedule-new"), panel]:  # fmt: skip
        html = lead.get(url).content.decode()
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html), url
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), url
        assert "<style" not in html


def test_pages_cost_few_queries(lead: Client) -> None:
    urls = addresses()
    for _number in range(4):
        rota = schedule(user(), user())
        policy(notify(rota), wait(5), notify(user()), wait(5), notify(rota), wait(5))
    for url in urls:
        check_queries(lead, url)


def test_empty_pages_teach(lead: Client, viewer: Client) -> None:
    for name, new in (("schedules", "schedule-new"), ("policies", "policy-new")):
        url = reverse(f"oncall:{name}")
        assert f'href="{reverse(f"oncall:{new}")}"' in lead.get(url).content.decode()
        assert f'href="{reverse(f"oncall:{new}")}"' not in viewer.get(url).content.decode()


def test_a_schedule_is_made_and_changed(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob")
    values = {**FORM, "member": [str(bob.pk), "", str(ann.pk), "nonsense"]}
    response = lead.post(reverse("oncall:schedule-new"), values, follow=True)
    assert response.redirect_chain == [("/schedules/app/", 302)]
    made = Schedule.objects.get()
    kept = made.layers.get()
    assert [each.user for each in kept.members.all()] == [bob, ann]
    edit = reverse("oncall:layer-edit", args=["app", kept.pk])
    chosen = re.findall(r'<option value="(\d+)" selected>', lead.get(edit).content.decode())
    assert [int(value) for value in chosen if int(value) in {ann.pk, bob.pk}] == [bob.pk, ann.pk]
    hours = {
        "hours_first": ["0", "5"], "hours_last": ["4", "6"], "hours_start": ["18:00", "00:00"],
        "hours_end": ["08:00", "00:00"],
    }  # fmt: skip
    together = {"member": [str(ann.pk), str(bob.pk)], "member_with": ["1", "1"]}  # the first has nobody above
    lead.post(edit, {**FORM, "layer-length": "2", "layer-unit": "day", "layer-own_zones": "on", **together, **hours})
    kept.refresh_from_db()
    assert (kept.length, kept.unit, kept.own_zones, turns_of(kept)) == (2, "day", True, ((ann.pk, bob.pk),))
    assert kept.windows == [
        {"days": [0, 1, 2, 3, 4], "start": "18:00", "end": "08:00"},
        {"days": [5, 6], "start": "00:00", "end": "00:00"},
    ]
    html = lead.get(edit).content.decode()
    assert html.count('name="hours_start" class="form-control" value="18:00"') == 1
    assert "in each person&#x27;s zone" in lead.get(reverse("oncall:schedule", args=["app"])).content.decode()
    lead.post(reverse("oncall:schedule-edit", args=["app"]), {**FORM, "name": "Apps"})
    made.refresh_from_db()
    assert (made.name, made.slug, made.layers.count()) == ("Apps", "app", 1)


def test_layers_are_added_drawn_before_they_are_saved_and_removed(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, name="App")
    values = {**FORM, "layer-name": "Nights", "layer-priority": "5", "member": [str(bob.pk)]}
    hours = {"hours_first": ["0"], "hours_last": ["6"], "hours_start": ["20:00"], "hours_end": ["06:00"]}
    html = lead.post(reverse("oncall:layer-new-preview", args=["app"]), {**values, **hours}).content.decode()
    assert "Bob" in html and "Ann" in html and "Nights" in html and rota.layers.count() == 1
    lead.post(reverse("oncall:layer-new", args=["app"]), {**values, **hours})
    _first, nights = rota.layers.all()
    assert (nights.name, nights.position, nights.priority) == ("Nights", 1, 5)
    preview = reverse("oncall:layer-preview", args=["app", nights.pk])
    assert "Bob" not in lead.post(preview, {**values, "member": [str(ann.pk)]}).content.decode()
    wrong = lead.post(reverse("oncall:layer-edit", args=["app", nights.pk]), {**values, **hours, "hours_end": [""]})
    assert wrong.status_code == 422 and "Write both times of the hours" in wrong.content.decode()
    assert "Choose who takes turns" in lead.post(preview, {}).content.decode()
    other = schedule(name="Other")
    assert lead.get(reverse("oncall:layer-edit", args=[other.slug, nights.pk])).status_code == 404
    assert lead.post(reverse("oncall:layer-delete", args=["app", nights.pk])).status_code == 302
    assert rota.layers.count() == 1


def test_a_new_schedule_is_drawn_before_it_is_saved(lead: Client) -> None:
    ann = user("Ann")
    url = reverse("oncall:schedule-new-preview")
    assert "Ann" in lead.post(url, {**FORM, "name": "", "member": [str(ann.pk)]}).content.decode()
    assert (
        "Choose who takes turns"
        in lead.post(url, {**FORM, "time_zone": "Mars", "member": [str(ann.pk)]}).content.decode()
    )
    assert "cal-week" not in lead.post(url, FORM).content.decode()
    assert not Schedule.objects.exists()


def test_somebody_is_away_from_all_schedules(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob")
    for name, people in (("App", [ann]), ("Web", [ann, bob]), ("Other", [bob])):
        schedule(*people, name=name)
    values = {
        "replaces": str(ann.pk), "user": str(bob.pk), "start_at": "2096-07-01T10:00", "end_at": "2096-07-20T10:00",
        "reason": "leave",
    }  # fmt: skip
    assert lead.post(reverse("oncall:replace"), values).status_code == 302
    made = Override.objects.select_related("schedule").order_by("schedule__name")
    assert [(each.schedule.name, each.user, each.replaces) for each in made] == [("App", bob, ann), ("Web", bob, ann)]
    wrong = lead.post(reverse("oncall:replace"), {**values, "user": str(ann.pk)})
    assert "Nobody can stand in for themselves" in wrong.content.decode()
    nobody = lead.post(reverse("oncall:replace"), {**values, "replaces": str(user("Eve").pk)})
    assert "This person is in no schedule" in nobody.content.decode()


def test_the_override_form_opens_with_what_was_marked(lead: Client) -> None:
    ann = user("Ann")
    schedule(ann, name="App")
    url = reverse("oncall:override-add", args=["app"])
    start = int(datetime(2096, 7, 1, 8, tzinfo=UTC).timestamp())
    html = lead.get(f"{url}?start={start}&end={start + 3600}&replaces={ann.pk}").content.decode()
    assert 'value="2096-07-01T10:00"' in html and 'value="2096-07-01T11:00"' in html
    assert re.search(rf'name="replaces".*?<option value="{ann.pk}" selected>', html, re.S)
    for nonsense in ("start=x&end=y", "start=5&end=1", f"start=1&end={10**17}"):
        assert lead.get(f"{url}?{nonsense}").status_code == 200


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": ""}, "This field is required."),
        ({"time_zone": "Mars/Olympus"}, "There is no time zone “Mars/Olympus”"),
        ({"member": ["999999999"]}, "Choose active people only."),
        ({"name": "Taken"}, "is taken"),
        ({"layer-length": "99"}, "A turn lasts from an hour to a year."),
    ],
)
def test_mistakes_in_a_schedule_are_said_and_nothing_is_lost(lead: Client, change: dict[str, Any], text: str) -> None:
    schedule(name="Taken")
    ann = user("Ann")
    response = lead.post(reverse("oncall:schedule-new"), {**FORM, "member": [str(ann.pk)], **change})
    html = response.content.decode()
    assert response.status_code == 422
    assert text in html
    assert "member" in change or f'<option value="{ann.pk}" selected>' in html
    assert Schedule.objects.count() == 1


def test_the_calendar_shows_people_overrides_and_gaps(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob <script>")
    now = timezone.now()
    rota = schedule(ann, name="App")
    actions.add_override(
        actor=ENGINE, now=now, schedule_id=rota.pk, user_id=bob.pk, start_at=now, end_at=now + timedelta(hours=30),
        reason="dentist & co",
    )  # fmt: skip
    html = lead.get(reverse("oncall:schedule", args=["app"])).content.decode()
    assert html.count('class="cal-week"') == 5
    for view, weeks in (("week", 1), ("fortnight", 2), ("nonsense", 5)):
        page = lead.get(reverse("oncall:schedule", args=["app"]) + f"?view={view}").content.decode()
        assert page.count('class="cal-week"') == weeks
    assert "cal-override" in html and "cal-rotation" in html and "cal-gap" not in html
    assert "override: dentist &amp; co" in html
    assert "Bob &lt;script&gt;" in html and "<script>" not in html
    assert html.count('class="cal-now"') == 1
    later = lead.get(reverse("oncall:schedule", args=["app"]) + "?weeks=8").content.decode()
    assert "cal-now" not in later and "cal-override" not in later
    empty = schedule(name="Empty")
    html = lead.get(reverse("oncall:schedule", args=[empty.slug])).content.decode()
    assert "Nobody is on call now" in html and "cal-gap" in html
    for nonsense in ("x", "99999", "-", "²"):
        assert lead.get(reverse("oncall:schedule", args=["app"]) + f"?weeks={nonsense}").status_code == 200


def test_overrides_are_added_in_the_readers_zone_and_removed(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, name="App")
    begin = (timezone.now() + timedelta(days=400)).replace(month=7, day=1, hour=8, minute=0, second=0, microsecond=0)
    url = reverse("oncall:override-add", args=["app"])
    values = {
        "user": str(bob.pk),
        "start_at": begin.strftime("%Y-07-01T10:00"),
        "end_at": begin.strftime("%Y-07-02T10:00"),
    }
    assert lead.post(url, values).status_code == 302
    made = Override.objects.get()
    assert (made.schedule, made.user, made.start_at) == (rota, bob, begin)  # 10:00 in Berlin in July is 08:00 UTC
    assert lead.get(url, headers={"HX-Request": "true"}).content.decode().lstrip().startswith("<form")
    wrong = lead.post(url, {**values, "end_at": values["start_at"]})
    assert wrong.status_code == 422
    assert "An override must end after it starts." in wrong.content.decode()
    assert lead.post(reverse("oncall:override-remove", args=[made.pk])).status_code == 302
    assert not Override.objects.exists()


def test_a_policy_is_made_and_changed(lead: Client) -> None:
    ann, crew, rota = user("Ann"), team(name="Crew"), schedule(user(), name="App")
    crew.memberships.create(user=ann)
    columns = {
        "step_kind": ["notify_schedule", "wait", "", "notify_team", "wait"],
        "step_schedule": [str(rota.pk), "", "", "", ""],
        "step_user": ["", "", "", str(ann.pk), ""],  # left over from another choice in that row
        "step_team": ["", "", "", str(crew.pk), ""],
        "step_minutes": ["", "5", "", "", "10"],
    }
    values = {"name": "Main", "team": "", "repeat": "1", **columns}
    response = lead.post(reverse("oncall:policy-new"), values, follow=True)
    assert response.redirect_chain == [("/policies/main/", 302)]
    made = EscalationPolicy.objects.get()
    steps = [(s.kind, s.schedule_id, s.user_id, s.team_id, s.wait_minutes) for s in made.steps.all()]
    assert steps == [
        ("notify_schedule", rota.pk, None, None, None), ("wait", None, None, None, 5),
        ("notify_team", None, None, crew.pk, None), ("wait", None, None, None, 10),
    ]  # fmt: skip
    html = response.content.decode()
    assert "Notify who is on call for App" in html and "Notify the team Crew" in html
    lead.post(reverse("oncall:policy-edit", args=["main"]), {**values, "repeat": "0"})
    made.refresh_from_db()
    assert (made.version, made.repeat) == (2, 0)


def test_mistakes_in_steps_stand_beside_them(lead: Client) -> None:
    ann = user("Ann")
    values = {
        "name": "Main", "team": "", "repeat": "1", "step_kind": ["notify_user", "wait", "notify_schedule"],
        "step_schedule": ["", "", ""], "step_user": [str(ann.pk), "", ""], "step_team": ["", "", ""],
        "step_minutes": ["", "0", ""],
    }  # fmt: skip
    response = lead.post(reverse("oncall:policy-new"), values)
    html = response.content.decode()
    assert response.status_code == 422
    for text in ("Wait 1 to 1440 minutes.", "Choose whom to notify.", "End with a step that waits"):
        assert text in html
    assert f'<option value="{ann.pk}" selected>' in html
    assert not EscalationPolicy.objects.exists()


def test_a_policy_without_steps_says_so(lead: Client) -> None:
    response = lead.post(reverse("oncall:policy-new"), {"name": "Main", "repeat": "0", "step_kind": [""]})
    assert "The policy notifies nobody." in response.content.decode()


def test_deleting_needs_a_post_and_the_permission(lead: Client, viewer: Client) -> None:
    addresses()
    for name, slug in (("policy", "main"), ("schedule", "app")):
        url = reverse(f"oncall:{name}-delete", args=[slug])
        assert lead.get(url).status_code == 405
        assert viewer.post(url).status_code == 403
        assert lead.post(url).status_code == 302
    assert not Schedule.objects.exists() and not EscalationPolicy.objects.exists()


def test_a_schedule_in_use_is_not_deleted_and_says_why(lead: Client) -> None:
    addresses()
    response = lead.post(reverse("oncall:schedule-delete", args=["app"]))
    assert response.status_code == 409
    assert "The escalation policy “Main” notifies App." in response.content.decode()


def test_unknown_names_are_not_found(lead: Client) -> None:
    for name in ("schedule", "policy", "schedule-edit", "policy-edit"):
        assert lead.get(reverse(f"oncall:{name}", args=["nothing"])).status_code == 404


def test_people_on_call_see_it_everywhere(client: Client) -> None:
    ann = user("Ann", email="")
    schedule(ann, name="App")
    client.force_login(ann)
    html = client.get(reverse("oncall:schedules")).content.decode()
    assert "You are on call for App until" in html
    assert "You cannot be reached" in html
    assert "On call until" in html  # under the name in the rail


def test_the_panel_tells_how_far_an_escalation_is(lead: Client, viewer: Client) -> None:
    url = reverse("oncall:incident-escalation", args=[SUBJECT.id])
    assert lead.get(url).content.decode().strip() == ""
    escalation = start(policy(notify(user("Ann")), wait(5), name="Main", repeat=1))
    actions.run_escalation(now=NOW, escalation_id=escalation.pk)
    html = viewer.get(url).content.decode()
    assert "Main" in html and "2 of 2" in html and "round 1 of 2" in html


def test_a_shift_ahead_of_somebody_unreachable_turns_the_schedule_red(lead: Client) -> None:
    ann, bob = user("Ann"), user("Bob", email="")
    start = timezone.now().date()
    schedule(ann, bob, name="App", layers=[layer(ann, bob, start=start, unit="week")])
    board = lead.get(reverse("oncall:schedules")).content.decode()
    assert "1 unreachable" in board and "covered" not in board
    assert (
        "Bob cannot be reached, and is on call from"
        in lead.get(reverse("oncall:schedule", args=["app"])).content.decode()
    )
    type(bob).objects.filter(pk=bob.pk).update(email="bob@example.org")
    assert "unreachable" not in lead.get(reverse("oncall:schedules")).content.decode()
