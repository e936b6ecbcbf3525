"""The pages as people use them."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from steward.foundation import clock
from steward.foundation.subjects import SubjectRef
from steward.foundation.testing.pages import check_permission, check_queries, signed_in
from steward.people.accounts.models import Team
from steward.response.debt import actions
from steward.response.debt.models import Day, Verdict
from steward.response.debt.tests.factories import (
    actor,
    add_up,
    alert,
    fired,
    incident,
    lead,
    opened,
    paged,
    service,
    supplier,
    user,
)
from steward.response.incidents import actions as incidents
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import ENGINE
from steward.response.notifications import links
from steward.response.notifications.tests.factories import organisation

pytestmark = pytest.mark.django_db
LIST = "/alert-debt/"
HOUR = timedelta(hours=1)


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def filled() -> tuple[Any, Any]:
    """A night page about a disk in a service with an owner, and an alert without one."""
    now = clock.now()
    team = Team.objects.create(organisation=organisation(), name="Storage", slug="storage")
    disk = alert("Disk/Full é", service=service("Archive", owner_team=team), severity="critical")
    night = now.replace(hour=1, minute=0) - timedelta(days=2)
    for number in range(6):
        at = night + number * timedelta(minutes=9)
        fired(disk, at, 60, again=number > 0)
        found = opened(disk, at=at, status="closed", resolved_at=at + 5 * timedelta(minutes=1))
        paged(found, user("Ann", time_zone="UTC"), at)
    fired(alert("Quiet"), now - HOUR)
    add_up(now)
    return disk, found


def test_the_empty_list_teaches() -> None:
    text = text_of(signed_in("viewer").get(LIST))
    assert "No alert has cost anything yet" in text
    assert "How this is counted" in text and "22:00 and 07:00" in text


def test_the_list_says_what_each_alert_costs_and_why() -> None:
    filled()
    response = check_queries(signed_in("lead"), LIST)
    text = text_of(response)
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", text)
    for part in (
        "Disk/Full é",
        "Archive",
        "Storage",
        "6 wake-ups",
        "6 of 6 incidents ignored",
        "delete it",
        "Quiet",
        "no owner",
    ):
        assert part in text, part
    assert text.index("Disk/Full é") < text.index("Quiet")
    assert "Add up again" in text and "Add up again" not in text_of(signed_in("viewer").get(LIST))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("days=7", {"Disk/Full é", "Quiet"}), ("days=90&sort=fired", {"Disk/Full é", "Quiet"}),
        ("days=", {"Disk/Full é", "Quiet"}),
        ("severity=critical", {"Disk/Full é"}), ("q=quie", {"Quiet"}), ("actionability=never", {"Disk/Full é"}),
        ("actionability=unknown&sort=noise", {"Quiet"}), ("advice=delete&sort=wakeups", {"Disk/Full é"}),
        ("advice=inhibit&sort=pages", set()),
    ],
)  # fmt: skip
def test_filters(query: str, shown: set[str]) -> None:
    filled()
    text = text_of(signed_in("viewer").get(f"{LIST}?{query}"))
    rows = set(re.findall(r'class="rowlink" href="[^"]*">([^<]+)<', text))
    assert rows == shown
    assert ("Nothing matches" in text) == (not shown)


def test_filters_by_service_and_owner() -> None:
    disk, _found = filled()
    client = signed_in("viewer")
    for query in (f"service={disk.service_id}", f"team={disk.service.owner_team_id}"):
        text = text_of(client.get(f"{LIST}?{query}"))
        assert "Disk/Full é" in text and ">Quiet<" not in text


def test_the_csv_has_the_figures_and_the_suggestion() -> None:
    filled()
    text = text_of(signed_in("viewer").get(f"{LIST}export.csv?days=7"))
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    first = rows[0]
    assert (first["alert"], first["owner"], first["wake-ups"], first["ignored"]) == ("Disk/Full é", "Storage", "6", "6")
    assert "Incidents: 6, acted on: 0" in first["why"]


def test_one_alert() -> None:
    disk, found = filled()
    url = reverse("debt:detail") + "?name=Disk%2FFull+%C3%A9"
    response = check_queries(signed_in("lead"), url)
    text = text_of(response)
    for part in ("Delete the rule", "Incidents: 6, acted on: 0, pages: 6", "Ann", found.ref, "Storage",
                 "debt-trend", "Nobody has said so far"):  # fmt: skip
        assert part in text, part
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", text)
    for query in (f"&service={disk.service_id}", "&days=90", "&days=7"):
        assert signed_in("viewer").get(url + query).status_code == 200
    for wrong in ("?name=Nothing", "", "?name=Disk%2FFull+%C3%A9&service=99999999", "?name=%00"):
        assert signed_in("viewer").get(reverse("debt:detail") + wrong).status_code == 404
    # What cannot be a service or a period is passed over.
    assert signed_in("viewer").get(url + "&service=x&days=5").status_code == 200


def test_one_alert_in_several_services() -> None:
    now = clock.now()
    for name in ("Archive", "Mail"):
        fired(alert("DiskFull", service=service(name)), now - HOUR)
    add_up(now)
    text = text_of(signed_in("viewer").get(reverse("debt:detail") + "?name=DiskFull"))
    assert "in 2 services" in text and "By service" in text and "Mail" in text


def test_panels() -> None:
    disk, found = filled()
    client = signed_in("viewer")
    panel = text_of(client.get(reverse("debt:alert-panel", args=[disk.pk])))
    assert "What this alert costs" in panel and "6 wake-ups" in panel
    other = text_of(client.get(reverse("debt:alert-panel", args=[alert("New").pk])))
    assert "Nothing has been added up" in other
    assert reverse("debt:alert-panel", args=[disk.pk]) in text_of(client.get(reverse("alerts:detail", args=[disk.pk])))
    assert "Disk/Full é" in text_of(client.get(reverse("debt:home-panel", args=[7])))
    assert reverse("debt:worth-panel", args=[found.pk]) in text_of(
        client.get(reverse("incidents:detail", args=[found.number]))
    )
    assert "<button" not in text_of(client.get(reverse("debt:worth-panel", args=[found.pk])))


def test_one_tap_on_the_incidents_page() -> None:
    found, client = opened(alert("DiskFull")), signed_in("responder")
    panel, tap = reverse("debt:worth-panel", args=[found.pk]), reverse("debt:judge", args=[found.pk])
    assert "worth it" not in text_of(client.get(panel))  # nothing to say before it is over
    assert client.post(tap, {"answer": "act"}).status_code == 409
    incidents.resolve(actor=lead(), now=clock.now(), incident_id=found.pk)
    text = text_of(client.get(panel))
    assert "Was this alert worth it?" in text and text.count('name="answer"') == 3
    answer = client.post(tap, {"answer": "noise", "note": "again"}, headers={"HX-Request": "true"})
    assert "aria-pressed" in text_of(answer) and "again" in text_of(answer)
    assert client.post(tap, {"answer": "info", "note": ""})["Location"] == reverse(
        "incidents:detail", args=[found.number]
    )
    assert Verdict.objects.values_list("answer", "note").get() == ("info", "")
    timeline = text_of(client.get(reverse("incidents:detail", args=[found.number])))
    assert "The alert was informative only" in timeline
    declared = incidents.declare(actor=lead(), now=clock.now(), title="By hand", severity="SEV3", service_id=None,
                                 policy_id=None, description="")  # fmt: skip
    incidents.resolve(actor=lead(), now=clock.now(), incident_id=declared.pk)
    assert "worth it" not in text_of(client.get(reverse("debt:worth-panel", args=[declared.pk])))


def linked(who: Any, found: Incident) -> str:
    return reverse("incidents:act", args=[links.sign(who.pk, SubjectRef("incident", found.pk), 1, clock.now())])


def test_one_tap_behind_the_link_of_a_message() -> None:
    found, who, client = incident(alert("DiskFull")), user("Ann"), Client()
    url = linked(who, found)
    assert "worth it" not in text_of(client.get(url))
    page = client.post(url, {"verb": "resolve"}, follow=True)
    assert "Was this alert worth it?" in text_of(page) and text_of(page).count('name="answer"') == 3
    after = client.post(url, {"part": "worth", "answer": "act", "note": "disk replaced"}, follow=True)
    assert "You said: I had to act" in text_of(after)
    assert Verdict.objects.values_list("person", "answer", "note").get() == (f"user:{who.pk}", "act", "disk replaced")
    # The same person on the incident's page: their answer, not a second one.
    signed = Client()
    signed.force_login(who)
    signed.post(reverse("debt:judge", args=[found.pk]), {"answer": "info"})
    assert Verdict.objects.values_list("answer", "note").get() == ("info", "disk replaced")
    assert client.post(url, {"part": "worth", "answer": "shrug"}).status_code == 302  # the page says what is wrong
    assert Verdict.objects.values_list("answer").get() == ("info",)
    assert client.post(url, {"part": "nothing"}).status_code == 404


def test_a_viewers_link_asks_nothing() -> None:
    found, who = incident(alert("DiskFull")), user("Vera", role="viewer")
    incidents.resolve(actor=ENGINE, now=clock.now(), incident_id=found.pk)
    assert "worth it" not in text_of(Client().get(linked(who, found)))
    assert Client().post(linked(who, found), {"part": "worth", "answer": "act"}).status_code == 403


def test_a_rebuild_shows_how_far_it_is_and_can_be_stopped() -> None:
    filled()
    client = signed_in("lead")
    check_permission(reverse("debt:rebuild"), "routes.manage", method="post")
    assert client.post(reverse("debt:rebuild")).status_code == 302
    waiting = text_of(client.get(LIST))
    assert "wait to be added up" in waiting and 'value="stop"' in waiting and "Add up again" not in waiting
    assert "hx-trigger" in text_of(client.get(reverse("debt:progress")))
    client.post(reverse("debt:rebuild"), {"verb": "stop"})
    assert "wait" not in text_of(client.get(reverse("debt:progress")))
    assert Day.objects.filter(due_at__isnull=False).count() == 1


def test_outsiders() -> None:
    now = clock.now()
    acme = supplier("Acme")
    fired(alert("Ours"), now - HOUR)
    theirs = alert("Theirs", service=service("Mail", supplier=acme))
    fired(theirs, now - HOUR)
    found = opened(theirs, at=now - HOUR, status="closed", resolved_at=now)
    paged(found, user("Ann"), now - HOUR)
    add_up(now)
    client = signed_in("supplier", acme)
    text = text_of(client.get(LIST))
    assert "Theirs" in text and "Ours" not in text and "person" not in text.split("<table")[1].split("</table")[0]
    detail = text_of(client.get(reverse("debt:detail") + "?name=Theirs"))
    assert "Ann" not in detail and "Whom it paged" not in detail
    assert client.get(reverse("debt:detail") + "?name=Ours").status_code == 404
    assert signed_in("customer").get(LIST).status_code == 403


def test_a_supplier_answers_for_its_incidents_only() -> None:
    acme = supplier("Acme")
    mine = opened(alert("Theirs"), supplier=acme)
    other = opened(alert("Ours"))
    for each in (mine, other):
        incidents.resolve(actor=lead(), now=clock.now(), incident_id=each.pk)
    client = signed_in("supplier", acme)
    assert client.post(reverse("debt:judge", args=[mine.pk]), {"answer": "act"}).status_code == 302
    assert client.post(reverse("debt:judge", args=[other.pk]), {"answer": "act"}).status_code == 404
    assert Verdict.objects.count() == 1


def test_the_engines_way_needs_no_page() -> None:
    """Answers on a resolved incident reach the list with the next run."""
    disk, found = filled()
    actions.judge(actor=actor(user("Ann")), now=clock.now(), incident_id=found.pk, answer="act")
    add_up(clock.now() + timedelta(minutes=10))
    text = text_of(signed_in("viewer").get(f"{LIST}?actionability=sometimes"))
    assert disk.name in text
