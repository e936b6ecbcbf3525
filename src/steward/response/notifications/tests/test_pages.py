"""The pages as people use them."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from steward.foundation.subjects import SubjectRef
from steward.people.accounts.models import User
from steward.response.notifications import actions
from steward.response.notifications.models import Bundling, ContactMethod, Delivery
from steward.response.notifications.rules import Answer
from steward.response.notifications.tests.factories import NOW, SUBJECT, delivery_of, organisation, page, user

pytestmark = pytest.mark.django_db
URL = "/profile/contacts"


@pytest.fixture
def ann(client: Client) -> Client:
    client.force_login(user("Ann", username="ann", role="viewer"))
    return client


def me() -> ContactMethod:
    return ContactMethod.objects.get()


def test_only_signed_in_people_have_contacts(ann: Client) -> None:
    assert Client().get(URL).status_code == 302
    html = ann.get(URL).content.decode()
    assert "the e-mail address of the profile" in html
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)


def test_a_method_is_added_switched_and_removed(ann: Client) -> None:
    assert ann.post(URL, {"channel": "email", "target": "a@example.org"}).status_code == 302
    change = reverse("notifications:contact-change", args=[me().pk])
    assert ann.get(change).status_code == 405
    ann.post(change, {"enabled": "0"})
    assert not me().enabled
    ann.post(change, {"enabled": "1"})
    assert me().enabled
    assert ann.post(reverse("notifications:contact-remove", args=[me().pk])).status_code == 302
    assert not ContactMethod.objects.exists()


def test_mistakes_are_said_beside_the_field(ann: Client) -> None:
    for channel, target, text in (
        ("email", "nonsense", "is not one e-mail address"),
        ("apprise", "slak://a/b/c", "Did you mean “slack://”?"),
        ("pigeon", "x", "Select a valid choice"),
    ):
        response = ann.post(URL, {"channel": channel, "target": target})
        assert response.status_code == 422
        assert text in response.content.decode()
    assert not ContactMethod.objects.exists()


def test_tokens_do_not_come_back_to_the_page(ann: Client) -> None:
    ann.post(URL, {"channel": "apprise", "target": "ntfy://secret-token@ntfy.sh/secret-topic"})
    html = ann.get(URL).content.decode()
    assert "ntfy://***" in html and "secret" not in html


def test_other_peoples_methods(ann: Client) -> None:
    other = user("Bob")
    method = ContactMethod.objects.create(user=other, channel="email", target="bob@example.org", verified_at=NOW)
    assert ann.get(reverse("notifications:person-contacts", args=[other.pk])).status_code == 403
    assert ann.post(reverse("notifications:contact-remove", args=[method.pk])).status_code == 404
    assert ann.post(reverse("notifications:contact-test", args=[method.pk])).status_code == 404
    panel = ann.get(reverse("notifications:person-panel", args=[other.pk])).content.decode()
    assert "bob@example.org" not in panel and "A page goes to 1 address." in panel
    admin = Client()
    admin.force_login(user(role="administrator"))
    html = admin.get(reverse("notifications:person-contacts", args=[other.pk])).content.decode()
    assert "bob@example.org" in html
    assert admin.get(reverse("notifications:person-contacts", args=[10**9])).status_code == 404
    assert admin.post(reverse("notifications:contact-remove", args=[method.pk])).status_code == 302


def test_a_test_tells_how_it_goes(ann: Client) -> None:
    ann.post(URL, {"channel": "email", "target": "a@example.org"})
    url = reverse("notifications:contact-test", args=[me().pk])
    started = ann.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "pending" in started and "hx-get" in started  # asks again by itself
    delivery = Delivery.objects.get()
    begun = actions.begin_attempt(now=delivery.due_at, delivery_id=delivery.pk)
    actions.end_attempt(now=delivery.due_at, sending=begun, answer=Answer(True, "250 taken"))
    state = reverse("notifications:contact-test-state", args=[delivery.page_id])
    done = ann.get(state).content.decode()
    assert "arrived at the server" in done and "250 taken" in done and "hx-get" not in done
    assert ann.post(url).status_code == 302  # without JavaScript


def test_the_panel_shows_why_and_what_was_answered(ann: Client) -> None:
    url = reverse("notifications:incident-pages", args=[SUBJECT.id])
    assert "Nobody has been paged." in ann.get(url).content.decode()
    sent, unreachable = page(user("Bob")), page(user("Nora", email=""), key="k2")
    assert unreachable.deliveries == 0
    delivery = delivery_of(sent)
    begun = actions.begin_attempt(now=NOW, delivery_id=delivery.pk)
    actions.end_attempt(now=NOW, sending=begun, answer=Answer(False, "450 busy", retryable=True))
    html = ann.get(url).content.decode()
    for text in ("Bob", "on call for Application", "450 busy", "try 2 of 8 follows", "retrying",
                 "Nora has no contact method"):  # fmt: skip
        assert text in html
    customer = Client()
    customer.force_login(user(role="customer"))
    assert customer.get(url).status_code == 403


def test_a_supplier_is_not_told_that_nobody_was_paged(client: Client) -> None:
    """They may not see pages, which is not the same as that there are none."""
    page(user())
    client.force_login(user("Carrier", role="supplier", organisation=organisation("supplier")))
    panel = client.get(reverse("notifications:incident-pages", args=[SUBJECT.id]))
    assert panel.status_code == 200 and panel.content.strip() == b""


def test_bundling_is_chosen_on_the_page(ann: Client) -> None:
    who = User.objects.get(username="ann")
    path = reverse("notifications:bundling", args=[who.pk])
    assert ann.post(path, {"seconds": "90"}).status_code == 302
    assert "At most one message in 90 seconds" in ann.get(URL).content.decode()
    refused = ann.post(path, {"seconds": "4000"})
    assert refused.status_code == 422
    assert "Between 0" in refused.content.decode()
    assert ann.post(path, {"seconds": ""}).status_code == 302
    assert "That is what the installation says." in ann.get(URL).content.decode()
    assert ann.post(reverse("notifications:bundling", args=[user().pk]), {"seconds": "5"}).status_code == 403


def test_the_panel_says_in_whose_message_a_page_was_told(client: Client) -> None:
    who = user("Bo", role="responder")
    Bundling.objects.create(user=who, seconds=60)
    first = page(who, key="a", subject=SubjectRef("incident", 1), subject_label="INC-1")
    page(who, key="b")
    begun = actions.begin_attempt(now=NOW, delivery_id=delivery_of(first).pk)
    assert begun is not None
    actions.end_attempt(now=NOW, sending=begun, answer=Answer(True, "250"))
    client.force_login(who)
    html = client.get(reverse("notifications:incident-pages", args=[SUBJECT.id])).content.decode()
    assert "in the message about INC-1" in html
