"""Contact methods: who may change them, what can be one, and what is shown of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.foundation.actors import Actor
from steward.foundation.errors import Forbidden
from steward.people.audit.models import AuditEntry
from steward.response.notifications import actions, queries
from steward.response.notifications.errors import (
    ContactMethodExists,
    ContactMethodInvalid,
    ContactMethodNotFound,
    PageNotFound,
    TooManyContactMethods,
)
from steward.response.notifications.models import ContactMethod, Delivery, Page
from steward.response.notifications.tests.factories import NOW, actor, user

pytestmark = pytest.mark.django_db
SECRET = "tgram://123456789:AAabcdefghijklmnopqrstuvwxyz0123456/987654321/"


def add(who: Any, target: str = "ann@example.org", channel: str = "email", by: Actor | None = None) -> ContactMethod:
    return actions.add_contact_method(actor=by or actor(who), now=NOW, user_id=who.pk, channel=channel, target=target)


def test_added_changed_and_removed() -> None:
    who = user()
    method = add(who, " ann@example.org ")
    assert (method.target, method.enabled) == ("ann@example.org", True)
    actions.update_contact_method(actor=actor(who), now=NOW, method_id=method.pk, enabled=False)
    actions.update_contact_method(actor=actor(who), now=NOW, method_id=method.pk, target="b@example.org")
    method.refresh_from_db()
    assert (method.target, method.enabled) == ("b@example.org", False)
    actions.remove_contact_method(actor=actor(who), now=NOW, method_id=method.pk)
    assert not ContactMethod.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "contact_method.add", "contact_method.update", "contact_method.update", "contact_method.remove",
    ]  # fmt: skip


def test_tokens_are_kept_but_not_shown() -> None:
    who = user()
    method = add(who, SECRET, "apprise")
    assert method.target == SECRET
    assert queries.method_target(method) == "tgram://***"
    assert "AAabcdef" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("channel", "target", "field"),
    [
        ("email", "not an address", "target"),
        ("email", "a@example.org, b@example.org", "target"),
        ("email", "", "target"),
        ("email", "a@example.org\nBcc: b@example.org", "target"),
        ("apprise", "no address", "target"),
        ("apprise", "syslog://", "target"),
        ("apprise", "mailto://a:b@example.org", "target"),
        ("apprise", "json://" + "x" * 3000, "target"),
        ("pigeon", "coop 7", "channel"),
    ],
)
def test_what_cannot_be_used_is_refused_beside_its_field(channel: str, target: str, field: str) -> None:
    with pytest.raises(ContactMethodInvalid) as refused:
        add(user(), target, channel)
    assert list(refused.value.fields) == [field]


def test_one_of_a_kind_and_not_too_many() -> None:
    who = user()
    add(who)
    with pytest.raises(ContactMethodExists):
        add(who)
    for number in range(19):
        add(who, f"a{number}@example.org")
    with pytest.raises(TooManyContactMethods):
        add(who, "last@example.org")


def test_ones_own_only() -> None:
    ann, eve = user(), user(role="lead")
    method = add(ann)
    for act in (
        lambda: add(ann, "x@example.org", by=actor(eve)),
        lambda: actions.update_contact_method(actor=actor(eve), now=NOW, method_id=method.pk, enabled=False),
        lambda: actions.remove_contact_method(actor=actor(eve), now=NOW, method_id=method.pk),
        lambda: actions.send_test(actor=actor(eve), now=NOW, method_id=method.pk),
    ):
        with pytest.raises((Forbidden, ContactMethodNotFound)):
            act()
    assert list(queries.contact_methods(actor(eve))) == []
    # A link from a mail makes nobody the owner of an account.
    link = Actor(kind="link", label="Ann", id=ann.pk)
    with pytest.raises(Forbidden):
        actions.remove_contact_method(actor=link, now=NOW, method_id=method.pk)
    admin = actor(role="administrator")
    actions.update_contact_method(actor=admin, now=NOW, method_id=method.pk, enabled=False)
    assert list(queries.contact_methods(admin, ann.pk)) == [method]


def test_a_test_goes_the_way_of_a_page_once_in_ten_seconds() -> None:
    who = user()
    method = add(who)
    first = actions.send_test(actor=actor(who), now=NOW, method_id=method.pk)
    assert actions.send_test(actor=actor(who), now=NOW + timedelta(seconds=5), method_id=method.pk) == first
    assert actions.send_test(actor=actor(who), now=NOW + timedelta(seconds=15), method_id=method.pk) != first
    assert Delivery.objects.count() == 2
    assert queries.test_state(actor(who), first) == ("pending", "")
    with pytest.raises(PageNotFound):
        queries.test_state(actor(role="lead"), first)
    assert Page.objects.filter(subject_kind="contact_method").count() == 2
