"""Pages of incidents: who gets in, what they show, and what their buttons do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steward.people.accounts.models import User
from steward.response.incidents import actions
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import (
    ENGINE,
    NOW,
    alert,
    incident,
    joining,
    service,
    supplier,
    user,
)
from steward.response.notifications.tests.factories import team

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


def signed_in(who: User | None = None, **fields: Any) -> Client:
    client = Client()
    client.force_login(who or user(**fields))
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"incidents:{name}", args=args)


def test_nobody_gets_in_without_signing_in() -> None:
    found = incident()
    for address in (url("list"), url("declare"), url("detail", found.number), url("export")):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in")
    answer = Client().post(url("verb", found.number, "acknowledge"))
    assert answer.status_code == 302
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_a_viewer_reads_but_does_not_act() -> None:
    found = incident()
    client = signed_in(role="viewer")
    page = client.get(url("detail", found.number))
    assert page.status_code == 200
    assert b"do-acknowledge" not in page.content
    assert b"note-form" not in page.content
    for verb in ("acknowledge", "resolve", "notes"):
        assert client.post(url("verb", found.number, verb), {"text": "hello"}).status_code == 403
    assert client.post(url("assign", found.number), {"assignee": ""}).status_code == 403
    assert client.get(url("declare")).status_code == 403
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_a_supplier_sees_only_what_is_assigned_to_it() -> None:
    theirs = incident(service_id=service(supplier=supplier("Acme")).pk, title="Theirs")
    other = incident(service_id=service(supplier=supplier("Other")).pk, title="Of another supplier")
    home = incident(title="Of the home organisation")
    client = signed_in(role="supplier", organisation=supplier("Acme"))
    listed = client.get(url("list")).content.decode()
    assert "Theirs" in listed
    assert "Of another supplier" not in listed
    assert "Of the home organisation" not in listed
    assert client.get(url("detail", theirs.number)).status_code == 200
    for foreign in (other, home):
        assert client.get(url("detail", foreign.number)).status_code == 404
        assert client.get(url("live", foreign.number)).status_code == 404
        assert client.post(url("verb", foreign.number, "acknowledge")).status_code == 404
    assert client.post(url("verb", theirs.number, "acknowledge")).status_code == 302
    assert Incident.objects.get(pk=theirs.pk).status == "acknowledged"


def test_the_list_shows_active_ones_unless_asked_otherwise() -> None:
    incident(title="Still open")
    over = incident(title="Long over", severity="SEV1")
    actions.resolve(actor=ENGINE, now=NOW, incident_id=over.pk)
    client = signed_in()
    assert "Long over" not in client.get(url("list")).content.decode()
    everything = client.get(url("list"), {"status": ""}).content.decode()
    assert "Long over" in everything
    assert "Still open" in everything
    assert "Still open" not in client.get(url("list"), {"severity": "SEV1", "status": ""}).content.decode()
    by_number = client.get(url("list"), {"q": over.ref, "status": ""}).content.decode()
    assert "Long over" in by_number
    assert "Still open" not in by_number


def test_the_list_finds_any_part_of_a_title_in_any_case() -> None:
    incident(title="Disk FULL on db-3.prod:9100")
    incident(title="100% of Überweisungen are late")
    client = signed_in()
    for text, found in (("disk full", "Disk FULL"), ("3.PROD", "Disk FULL"), ("100%", "Über"), ("ÜBERW", "Über")):
        shown = client.get(url("list"), {"q": text}).content.decode()
        assert found in shown, text
        assert ("Disk FULL" in shown) != ("Überweisungen" in shown), text
    assert "Disk FULL" not in client.get(url("list"), {"q": "d_sk"}).content.decode()


def test_the_list_filters_by_service_and_assignee() -> None:
    who, owners = user("Ann Example"), team(name="Applications")
    portal = service("Claims portal", owner_team=owners)
    mine = incident(title="Mine", service_id=portal.pk)
    incident(title="Nobody has it")
    actions.assign(actor=ENGINE, now=NOW, incident_id=mine.pk, assignee_id=who.pk)
    client = signed_in(who)
    for query in ({"service": portal.pk}, {"assignee": who.pk}, {"team": owners.pk}):
        shown = client.get(url("list"), query).content.decode()
        assert ">Mine<" in shown
        assert "Nobody has it" not in shown
    shown = client.get(url("list"), {"assignee": "none"}).content.decode()
    assert ">Mine<" not in shown
    assert "Nobody has it" in shown


def test_the_export_has_the_filtered_rows_and_no_formulas() -> None:
    incident(title="=HYPERLINK(1)", severity="SEV1")
    incident(title="Not asked for", severity="SEV4")
    answer = signed_in().get(url("export"), {"severity": "SEV1"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=HYPERLINK(1)" in text
    assert "Not asked for" not in text


def test_a_page_takes_few_queries_however_much_it_shows() -> None:
    client = signed_in()
    found = incident(*[alert() for _n in range(30)])
    for n in range(30):
        actions.add_note(actor=ENGINE, now=NOW, incident_id=found.pk, text=f"note {n}")
        incident(title=f"Other {n}", service_id=service().pk)
    for address in (url("list"), url("detail", found.number), url("declare"), url("live", found.number)):
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]


def test_live_answers_only_when_something_happened() -> None:
    found = incident(alert())
    client = signed_in()
    page = client.get(url("detail", found.number))
    at = page.context["at"]
    assert f"live?at={at}" in page.content.decode()
    assert client.get(url("live", found.number), {"at": at}).status_code == 204
    # Two writes of one batch of the engine have the same time and still both count.
    actions.add_note(actor=ENGINE, now=NOW, incident_id=found.pk, text="looked at the disk")
    fresh = client.get(url("live", found.number), {"at": at})
    assert fresh.status_code == 200
    # The panels of other rooms look again, too.
    assert fresh["HX-Trigger"] == "refreshPanels"
    body = fresh.content.decode()
    assert "looked at the disk" in body
    for part in ("incident-head", "incident-timeline", "incident-alerts", "incident-facts", "incident-banner"):
        assert f'id="{part}" hx-swap-oob="true"' in body
    # What somebody types is not in the answer, so it cannot be wiped.
    assert "note-form" not in body
    assert "<textarea" not in body
    assert client.get(url("live", found.number), {"at": fresh.context["at"]}).status_code == 204


def test_the_buttons_follow_the_state() -> None:
    found = incident()
    client = signed_in()

    def buttons() -> set[str]:
        text = client.get(url("detail", found.number)).content.decode()
        return {verb for verb in ("acknowledge", "resolve", "reopen") if f'id="do-{verb}"' in text}

    assert buttons() == {"acknowledge", "resolve"}
    client.post(url("verb", found.number, "acknowledge"))
    assert buttons() == {"resolve"}
    client.post(url("verb", found.number, "resolve"), {"why": "disk replaced"})
    assert buttons() == {"reopen"}
    client.post(url("verb", found.number, "reopen"))
    assert buttons() == {"acknowledge", "resolve"}
    assert "disk replaced" in client.get(url("detail", found.number)).content.decode()


def test_what_cannot_be_done_is_said_in_a_toast() -> None:
    found = incident()
    actions.resolve(actor=ENGINE, now=NOW, incident_id=found.pk)
    answer = signed_in().post(url("verb", found.number, "acknowledge"), follow=True)
    assert "Reopen it first" in answer.content.decode()
    assert signed_in().post(url("verb", found.number, "explode")).status_code == 404


def test_notes_are_shown_as_text() -> None:
    found = incident()
    client = signed_in(name="Ann Example")
    client.post(url("verb", found.number, "notes"), {"text": "<script>alert(1)</script>"})
    text = client.get(url("detail", found.number)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "by Ann Example" in text
    assert client.post(url("verb", found.number, "notes"), {"text": " "}).status_code == 302
    assert found.timeline.filter(kind="note").count() == 1


def test_declaring_leads_to_the_incident() -> None:
    client = signed_in()
    assert client.post(url("declare"), {"title": "", "severity": "SEV1"}).status_code == 422
    answer = client.post(url("declare"), {"title": "Phones are dead", "severity": "SEV1"})
    made = Incident.objects.get()
    assert answer["Location"] == url("detail", made.number)
    assert (made.title, made.severity, made.origin["kind"]) == ("Phones are dead", "SEV1", "person")


def test_assigning_and_severity_in_dialogs() -> None:
    found, who = incident(), user("Ann Example")
    client = signed_in()
    dialog = client.get(url("assign", found.number), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in dialog
    assert "Ann Example" in dialog
    assert client.post(url("assign", found.number), {"assignee": who.pk}).status_code == 302
    assert client.post(url("severity", found.number), {"severity": "SEV1", "why": "all of them"}).status_code == 302
    assert client.post(url("severity", found.number), {"severity": "SEV9"}).status_code == 422
    changed = Incident.objects.get(pk=found.pk)
    assert (changed.assignee, changed.severity) == (who, "SEV1")


def test_many_entries_are_shortened_but_there() -> None:
    found = incident()
    for n in range(110):
        actions.add_note(actor=ENGINE, now=NOW, incident_id=found.pk, text=f"note number {n}.")
    client = signed_in()
    short = client.get(url("detail", found.number)).content.decode()
    assert "note number 0." not in short
    assert "note number 109." in short
    assert "note number 0." in client.get(url("detail", found.number), {"all": "1"}).content.decode()


def test_a_service_shows_its_incidents() -> None:
    portal = service("Claims portal")
    incident(title="Uploads fail", service_id=portal.pk)
    incident(title="Something else")
    text = signed_in().get(url("service-panel", portal.pk)).content.decode()
    assert "Uploads fail" in text
    assert "Something else" not in text
    foreign = signed_in(role="supplier", organisation=supplier("Acme"))
    assert foreign.get(url("service-panel", portal.pk)).status_code == 404


def test_resolved_members_are_told_from_firing_ones() -> None:
    first, second = alert("DiskFull"), alert("CpuHot")
    found = incident(first, second)
    actions.alerts_changed(actor=ENGINE, now=NOW, incident_id=found.pk, resolved=[joining(first, firing=False)])
    text = signed_in().get(url("detail", found.number)).content.decode()
    assert "1 of 2 firing" in text


def test_alerts_that_say_the_same_stand_together_and_can_be_unfolded() -> None:
    same = [alert("ContainerRestarting") for _n in range(3)]
    found = incident(*same, alert("ErrorRateHigh"))
    text = signed_in().get(url("detail", found.number)).content.decode()
    timeline = text[text.index('id="incident-timeline"') : text.index('id="incident-facts"')]
    assert timeline.count("<b>ContainerRestarting fires</b>") == 1
    assert "and 2 more like it" in timeline and "<b>ErrorRateHigh fires</b>" in timeline
    assert all(f'href="/alerts/{each.pk}/"' in timeline for each in same)
