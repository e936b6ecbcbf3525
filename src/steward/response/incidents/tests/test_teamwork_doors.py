"""Pages, links and API of terms, rest, handing over and more hands."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from steward.foundation import clock
from steward.foundation.subjects import SubjectRef
from steward.foundation.testing.pages import check_queries
from steward.people.accounts import actions as accounts
from steward.people.accounts.models import User
from steward.response.incidents import actions
from steward.response.incidents.models import Handover, HelpCall, Incident, Watch
from steward.response.incidents.tests.factories import ENGINE, NOW, actor, incident, service, supplier, user
from steward.response.notifications import links, messages
from steward.response.notifications.models import Page
from steward.response.oncall.tests.factories import notify, policy, wait

pytestmark = pytest.mark.django_db


def signed_in(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def url(name: str, found: Incident, *more: Any) -> str:
    return reverse(f"incidents:{name}", args=[found.number, *more])


def page_of(who: User, found: Incident) -> str:
    return signed_in(who).get(url("detail", found)).content.decode()


def link(who: User, subject: SubjectRef) -> str:
    return reverse("incidents:act", args=[links.sign(who.pk, subject, 1, clock.now())])


def again(found: Incident) -> Incident:
    return Incident.objects.get(pk=found.pk)


def test_acknowledging_for_a_while_and_staying_on_it() -> None:
    ann, found = user("Ann"), incident()
    client = signed_in(ann)
    dialog = client.get(url("terms", found), headers={"HX-Request": "true"}).content.decode()
    assert "<form" in dialog and "<html" not in dialog
    assert client.post(url("terms", found), {"minutes": "30", "remind_minutes": ""}).status_code == 302
    assert (again(found).status, Watch.objects.get().ack_minutes) == ("acknowledged", 30)
    html = page_of(ann, found)
    assert "Opens again" in html and 'id="do-still"' in html
    before = Watch.objects.get().since
    client.post(url("verb", found, "still"))
    assert Watch.objects.get().since > before
    assert client.post(url("terms", found), {"minutes": "7"}).status_code == 422


def test_letting_rest_and_waking() -> None:
    ann, found = user("Ann", time_zone="Asia/Shanghai"), incident(policy_id=policy(notify(user()), wait(5)).pk)
    client = signed_in(ann)
    assert client.post(url("snooze", found), {"rest": "at", "until": ""}).status_code == 422
    assert client.post(url("snooze", found), {"rest": "morning", "why": "tomorrow is early enough"}).status_code == 302
    until = again(found).snoozed_until
    assert until is not None
    assert (until.hour, until.minute) == (1, 0)  # 09:00 in Shanghai
    assert "Snoozed until" in page_of(ann, found)
    assert "snoozed" in client.get(reverse("incidents:list")).content.decode()
    client.post(url("verb", found, "wake"))
    assert again(found).snoozed_until is None
    late = clock.now() + timedelta(days=20)
    answer = client.post(url("snooze", found), {"rest": "at", "until": late.strftime("%Y-%m-%dT%H:%M")})
    assert answer.status_code == 422
    assert "Choose a time between now and 14 days from now." in answer.content.decode()


def test_handing_over_by_pages() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    actions.acknowledge(actor=actor(ann), now=NOW, incident_id=found.pk)
    client = signed_in(ann)
    nora = user("Nora", email="")
    refused = client.post(url("handover", found), {"to": nora.pk, "note": "", "minutes": "15"})
    assert refused.status_code == 422
    assert "has no contact method" in refused.content.decode()
    client.post(url("handover", found), {"to": bob.pk, "note": "grow the volume", "minutes": "15"})
    made = Handover.objects.get()
    assert "Bob is asked to take over" in page_of(ann, found)
    html = page_of(bob, found)
    assert "Ann asks you to take over" in html and "grow the volume" in html
    assert url("handover-answer", found, made.pk, "accept") in html
    # Nobody else can answer for Bob.
    answer = signed_in(user("Cleo")).post(url("handover-answer", found, made.pk, "accept"))
    assert answer.status_code == 403
    signed_in(bob).post(url("handover-answer", found, made.pk, "accept"))
    assert again(found).assignee == bob
    late = signed_in(bob).post(url("handover-answer", found, made.pk, "decline"), follow=True)
    assert "has taken over already" in late.content.decode()
    assert signed_in(bob).post(url("handover-answer", incident(), made.pk, "accept")).status_code == 404


def test_withdrawing_by_page() -> None:
    ann, bob, found = user("Ann"), user("Bob"), incident()
    made = actions.ask_handover(actor=actor(ann), now=clock.now(), incident_id=found.pk, to_id=bob.pk)
    signed_in(ann).post(url("handover-answer", found, made.pk, "withdraw"))
    made.refresh_from_db()
    assert made.state == "withdrawn"


def test_more_hands_by_pages() -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    found = incident()
    client = signed_in(ann)
    assert client.post(url("help", found), {"why": "x"}).status_code == 422
    client.post(url("help", found), {"people": [bob.pk, cleo.pk], "why": "two databases"})
    call = HelpCall.objects.get()
    html = page_of(bob, found)
    assert "two databases" in html and "I am coming" in html
    assert "I am coming" not in page_of(ann, found)
    signed_in(bob).post(url("help-answer", found, call.pk, "coming"))
    assert "I am coming" not in page_of(bob, found)
    assert "coming" in page_of(ann, found)


def test_the_link_of_a_message_answers_what_one_is_asked() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    actions.acknowledge(actor=actor(ann), now=NOW, incident_id=found.pk)
    made = actions.ask_handover(actor=actor(ann), now=clock.now(), incident_id=found.pk, to_id=bob.pk, note="the disk")
    address = link(bob, SubjectRef("incident", found.pk))
    html = Client().get(address).content.decode()
    assert "Ann asks you to take over" in html and ">Take over<" in html
    assert ">Take over<" not in Client().get(link(ann, SubjectRef("incident", found.pk))).content.decode()
    Client().post(address, {"verb": "accept", "handover": made.pk})
    assert again(found).assignee == bob
    assert found.timeline.filter(kind="handover").latest("id").actor_label == "Bob"
    assert Client().post(address, {"verb": "accept", "handover": "x"}).status_code == 404


def test_a_call_for_help_has_a_link_that_works() -> None:
    ann, bob = user("Ann"), user("Bob")
    found = incident()
    (call,) = actions.ask_help(actor=actor(ann), now=clock.now(), incident_id=found.pk, people=[bob.pk], why="quick")
    asked = Page.objects.get(user=bob)
    assert messages.link_for(bob.pk, SubjectRef(asked.subject_kind, asked.subject_id), asked.pk, NOW)
    address = link(bob, SubjectRef("helpcall", call.pk))
    html = Client().get(address).content.decode()
    assert "You are asked to come and help" in html and found.title in html
    Client().post(address, {"verb": "coming", "call": call.pk})
    assert call.answers.get().coming is True
    assert Client().get(link(bob, SubjectRef("helpcall", 10**9))).status_code == 404


def test_half_an_hour_and_still_on_it_by_link() -> None:
    ann, found = user("Ann"), incident()
    address = link(ann, SubjectRef("incident", found.pk))
    Client().post(address, {"verb": "acknowledge", "minutes": "30"})
    assert Watch.objects.get().ack_minutes == 30
    html = Client().get(address).content.decode()
    assert "Still on it" in html and "It opens again at" in html


def test_the_page_costs_few_queries() -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    actions.acknowledge(actor=actor(ann), now=NOW, incident_id=found.pk, minutes=30)
    actions.ask_handover(actor=actor(ann), now=NOW, incident_id=found.pk, to_id=bob.pk)
    for _number in range(3):
        actions.ask_help(actor=actor(ann), now=NOW, incident_id=found.pk, people=[bob.pk, cleo.pk])
    check_queries(signed_in(ann), url("detail", found))


def test_people_outside_see_the_terms_and_nothing_of_us() -> None:
    acme = supplier("Acme")
    who = user(role="supplier", organisation=acme)
    found = incident(service_id=service(supplier=acme).pk)
    actions.ask_handover(actor=actor(user("Ann")), now=NOW, incident_id=found.pk, to_id=user("Bob").pk)
    actions.ask_help(actor=actor(user("Ann")), now=NOW, incident_id=found.pk, people=[user("Cleo").pk])
    client = signed_in(who)
    assert client.post(url("terms", found), {"minutes": "30"}).status_code == 302
    html = client.get(url("detail", found)).content.decode()
    assert "Opens again" in html
    assert "Bob" not in html and "Cleo" not in html
    for name in ("snooze", "handover", "help"):
        assert client.get(url(name, found)).status_code == 403


class Api:
    def __init__(self, role: str) -> None:
        _key, raw = accounts.create_api_key(actor=ENGINE, now=NOW, name=role, role=role, scopes=())
        self.client = Client(headers={"Authorization": f"Bearer {raw}"})

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = self.client.generic(
            method,
            f"/api/v1/incidents{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None


def test_the_api_does_all_of_it() -> None:
    api, bob = Api("responder"), user("Bob")
    found = incident(policy_id=policy(notify(user()), wait(5)).pk)
    ref = f"/{found.ref}"
    assert api("POST", f"{ref}/acknowledge", {"minutes": 0}, 422)
    assert api("POST", f"{ref}/acknowledge", {"minutes": 30, "remind_minutes": 10})["status"] == "acknowledged"
    shown = api("GET", f"{ref}/teamwork")
    assert (shown["minutes"], shown["remind_minutes"], shown["handover"], shown["help"]) == (30, 10, None, [])
    assert shown["expires_at"]
    asked = api("POST", f"{ref}/handovers", {"to": bob.pk, "note": "n", "minutes": 20}, 201)
    handover = asked["handover"]
    assert (handover["to"]["name"], handover["note"]) == ("Bob", "n")
    api("POST", f"{ref}/handovers", {"to": bob.pk}, 409)
    Api("viewer")("POST", f"{ref}/handovers/{handover['id']}/answer", {"accept": True}, 403)
    api("POST", f"{ref}/handovers/{handover['id']}/withdraw")
    helped = api("POST", f"{ref}/help", {"people": [bob.pk], "why": "x"}, 201)["help"]
    assert helped[0]["answers"] == [{"id": bob.pk, "name": "Bob", "coming": None, "at": None}]
    api("POST", f"{ref}/help", {}, 422)
    api("POST", f"{ref}/help/{helped[0]['id']}/answer", {"coming": True}, 422)  # a key says who it is about
    api("POST", f"{ref}/help/{helped[0]['id']}/answer", {"coming": True, "user": bob.pk})
    assert api("GET", f"{ref}/teamwork")["help"][0]["answers"][0]["coming"] is True
    until = (clock.now() + timedelta(hours=1)).isoformat()
    assert api("POST", f"{ref}/snooze", {"until": until, "why": "later"})["snoozed_until"]
    assert api("POST", f"{ref}/unsnooze")["snoozed_until"] is None
    api("POST", f"{ref}/help/{10**9}/answer", {"coming": True}, 404)


def test_nobody_reached_is_a_state_of_its_own_in_lists_and_filters() -> None:
    calm, red = incident(title="Calm"), incident(title="Red")
    Incident.objects.filter(pk=red.pk).update(unreached=True)
    who = user("Ann")
    api = Api("viewer")
    assert [each["title"] for each in api("GET", "?unreached=true")["items"]] == ["Red"]
    assert len(api("GET", "")["items"]) == 2
    client = signed_in(who)
    html = client.get(reverse("incidents:list") + "?unreached=1").content.decode()
    assert "Red" in html and "Calm" not in html
    for address in (url("detail", red), link(who, SubjectRef("incident", red.pk))):
        assert "nobody reached" in client.get(address).content.decode()
    assert "nobody reached" not in client.get(url("detail", calm)).content.decode()
    csv = b"".join(client.get(reverse("incidents:export")).streaming_content).decode()  # type: ignore[attr-defined]
    assert csv.splitlines()[0].endswith("unreached")
