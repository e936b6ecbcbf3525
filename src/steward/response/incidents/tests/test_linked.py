"""The page behind the link in a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from steward.foundation import clock
from steward.foundation.subjects import SubjectRef
from steward.people.accounts.models import User
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import ENGINE, NOW, incident, service, supplier, user
from steward.response.notifications import links
from steward.response.notifications.tests.factories import page
from steward.response.oncall.tests.factories import notify, policy

pytestmark = pytest.mark.django_db


def address(who: User, found: Incident, *, kind: str = "incident", now: datetime | None = None) -> str:
    token = links.sign(who.pk, SubjectRef(kind, found.pk), 1, now or clock.now())
    return reverse("incidents:act", args=[token])


def test_opening_the_link_changes_nothing() -> None:
    """Mail scanners and previews open every link."""
    found, who = incident(), user()
    before = Incident.objects.filter(pk=found.pk).values().get()
    client = Client()
    for answer in (client.get(address(who, found)), client.head(address(who, found))):
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
    text = client.get(address(who, found)).content.decode()
    for part in (found.ref, found.title, ">Acknowledge<", ">Resolve<", str(who)):
        assert part in text
    assert Incident.objects.filter(pk=found.pk).values().get() == before
    assert "sessionid" not in client.cookies


def test_the_button_acts_as_the_person_of_the_link() -> None:
    found, who = incident(), user()
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(who, found), {"verb": "acknowledge"}).status_code == 403
    page = client.get(address(who, found))
    token = client.cookies["csrftoken"].value
    answer = client.post(page.wsgi_request.path, {"verb": "acknowledge", "csrfmiddlewaretoken": token}, follow=True)
    assert answer.status_code == 200
    assert ">Acknowledge<" not in answer.content.decode()
    now = Incident.objects.get(pk=found.pk)
    assert (now.status, now.assignee) == ("acknowledged", who)
    entry = found.timeline.get(kind="acknowledged")
    assert entry.actor_label == str(who)
    assert "from a message" in entry.text
    assert AuditEntry.objects.get(action="incident.acknowledge").actor_kind == "link"
    client.post(page.wsgi_request.path, {"verb": "resolve", "csrfmiddlewaretoken": token})
    assert Incident.objects.get(pk=found.pk).status == "resolved"


def test_the_link_says_why_the_person_was_paged_and_that_the_incident_is_theirs() -> None:
    who = user("Ann")
    found = incident(policy_id=policy(notify(who)).pk)
    other = user("Ben")
    page(who, subject=SubjectRef("incident", found.pk))
    text = Client().get(address(who, found)).content.decode()
    assert "on call for Application" in text and "it is yours" not in text
    assert "Why you" not in Client().get(address(other, found)).content.decode()
    Client().post(address(who, found), {"verb": "acknowledge"})
    assert "Acknowledged: it is yours" in Client().get(address(who, found)).content.decode()
    assert "it is yours" not in Client().get(address(other, found)).content.decode()
    client = Client()
    client.force_login(who)
    assert (
        "Why you were paged: on call for Application"
        in client.get(reverse("incidents:detail", args=[found.number])).content.decode()
    )


def test_a_link_does_nothing_else_than_its_two_buttons() -> None:
    found, who = incident(), user(role="administrator")
    client = Client()
    for verb in ("", "reopen", "close", "add_note"):
        assert client.post(address(who, found), {"verb": verb}).status_code == 404
    # It does not sign anybody in either.
    assert client.get(reverse("incidents:detail", args=[found.number])).status_code == 302
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_a_role_without_the_permission_does_not_get_it_by_link() -> None:
    found, who = incident(), user(role="viewer")
    client = Client()
    assert ">Acknowledge<" not in client.get(address(who, found)).content.decode()
    assert client.post(address(who, found), {"verb": "acknowledge"}).status_code == 403
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_acknowledging_late_shows_who_was_faster() -> None:
    found, who = incident(), user()
    actions.resolve(actor=ENGINE, now=NOW, incident_id=found.pk)
    answer = Client().post(address(who, found), {"verb": "acknowledge"}, follow=True)
    assert answer.status_code == 200
    assert "is resolved already" in answer.content.decode()


def test_expired_and_damaged_links_say_so_plainly() -> None:
    found, who = incident(), user()
    good = address(who, found)
    old = address(who, found, now=datetime.now(UTC) - links.LIFETIME - timedelta(minutes=1))
    for wrong, status in ((old, 410), (good[:-1], 404), ("/act/garbage", 404), ("/act/" + "x" * 3000, 404)):
        for answer in (Client().get(wrong), Client().post(wrong, {"verb": "resolve"})):
            assert answer.status_code == status
            assert "This link does not work" in answer.content.decode()
            assert found.title not in answer.content.decode()
    assert Client().get(address(who, found, kind="contact_method")).status_code == 404
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_the_link_of_someone_who_left_is_dead() -> None:
    found, who = incident(), user()
    User.objects.filter(pk=who.pk).update(is_active=False)
    assert Client().get(address(who, found)).status_code == 404
    assert Client().post(address(who, found), {"verb": "acknowledge"}).status_code == 404


def test_a_suppliers_link_reaches_only_what_is_theirs() -> None:
    acme = supplier("Acme")
    who = user(role="supplier", organisation=acme)
    theirs, foreign = incident(service_id=service(supplier=acme).pk), incident()
    assert Client().get(address(who, theirs)).status_code == 200
    assert Client().post(address(who, theirs), {"verb": "acknowledge"}).status_code == 302
    assert Client().post(address(who, theirs), {"verb": "resolve"}).status_code == 403
    assert Client().get(address(who, foreign)).status_code == 404
    assert Client().post(address(who, foreign), {"verb": "acknowledge"}).status_code == 404
