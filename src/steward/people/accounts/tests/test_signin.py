"""Signing in and out: the right password only, a limit on wrong ones, and everything on record."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from steward.foundation.errors import TooMany
from steward.foundation.testing.pages import signed_in
from steward.foundation.testing.races import race
from steward.people.accounts import signin
from steward.people.accounts.models import SignInAttempt, User
from steward.people.accounts.tests.factories import NOW, PASSWORD, UserFactory
from steward.people.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def send(username: str, password: str, **more: str):
    return Client().post("/sign-in", {"username": username, "password": password, **more})


def attempt(username: str = "ana", password: str = "wrong", *, address: str = "192.0.2.1", now=NOW) -> User:
    request = RequestFactory().post("/sign-in")
    return signin.sign_in(
        request=request, now=now, username=username, password=password, address=address, request_id="r1"
    )


def fail(times: int, **values) -> None:
    for _ in range(times):
        with pytest.raises(signin.WrongCredentials):
            attempt(**values)


def test_the_page_needs_nobody_and_shows_no_navigation():
    response = Client().get("/sign-in?next=/incidents/")
    assert response.status_code == 200
    assert b'name="next" value="/incidents/"' in response.content
    assert b'id="rail"' not in response.content


@pytest.mark.parametrize("typed", ["ana", "ANA", " ana "])
def test_the_right_password_signs_in_and_goes_back(typed):
    UserFactory(username="ana", password=PASSWORD)
    response = send(typed, PASSWORD, next="/profile/")
    assert (response.status_code, response["Location"]) == (302, "/profile/")
    assert response.cookies["sessionid"]["httponly"]
    assert AuditEntry.objects.get().action == "sign-in"
    assert not SignInAttempt.objects.exists()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_next_never_leaves_steward(target):
    UserFactory(username="ana", password=PASSWORD)
    assert send("ana", PASSWORD, next=target)["Location"] == "/"


def test_unknown_name_wrong_password_and_inactive_person_are_not_told_apart():
    UserFactory(username="ana", password=PASSWORD)
    UserFactory(username="gone", password=PASSWORD, is_active=False)
    UserFactory(username="mute")
    with mock.patch("django.contrib.auth.hashers.Argon2PasswordHasher.encode", return_value="x") as encoded:
        pages = []
        for name in ("nobody", "mute", "gone", "ana"):
            response = send(name, "not it at all")
            pages.append((response.status_code, response.content.decode().split("alert-octagon")[1].split("</p>")[0]))
        # One hash for the unknown name and one for the person without a password: as long as checking a real one.
        assert encoded.call_count == 2
    assert len(set(pages)) == 1 and pages[0][0] == 403


def test_an_inactive_person_cannot_sign_in_with_the_right_password():
    UserFactory(username="gone", password=PASSWORD, is_active=False)
    assert send("gone", PASSWORD).status_code == 403


def test_the_sixth_try_of_a_name_must_wait_even_with_the_right_password():
    UserFactory(username="ana", password=PASSWORD)
    fail(5)
    later = NOW + timedelta(minutes=14, seconds=10)
    with pytest.raises(TooMany) as refused:
        attempt(password=PASSWORD, address="198.51.100.7", now=later)
    assert "1 minute" in refused.value.message and refused.value.extra == {"retry_after": 60}
    assert attempt(password=PASSWORD, now=NOW + timedelta(minutes=15)).username == "ana"


def test_an_address_gets_twenty_failures_over_all_names():
    UserFactory(username="ana", password=PASSWORD)
    for number in range(20):
        fail(1, username=f"guess{number}")
    with pytest.raises(TooMany):
        attempt(password=PASSWORD)
    assert attempt(password=PASSWORD, address="198.51.100.7").username == "ana"


def test_success_elsewhere_gives_a_guesser_no_new_tries():
    UserFactory(username="ana", password=PASSWORD)
    fail(4, address="203.0.113.9")
    attempt(password=PASSWORD)
    fail(1, address="203.0.113.9")
    with pytest.raises(TooMany):
        attempt(address="203.0.113.9")


def test_the_page_says_when_to_come_back():
    for _ in range(5):
        assert send("ana", "wrong").status_code == 403
    response = send("ana", "wrong")
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert b"15 minutes" in response.content


def test_failures_are_on_record_without_what_was_typed_for_unknown_names():
    user = UserFactory(username="ana", password=PASSWORD)
    fail(1)
    fail(1, username="my secret password")
    known, unknown = AuditEntry.objects.order_by("pk")
    assert (known.action, known.subject_id, known.address) == ("sign-in.failed", user.pk, "192.0.2.1")
    assert unknown.subject_id is None and "secret" not in unknown.actor_label + unknown.subject_label


def test_old_failures_are_purged():
    fail(1, username="one")
    fail(1, username="two", now=NOW + timedelta(days=1, minutes=1))
    assert list(SignInAttempt.objects.values_list("username", flat=True)) == ["two"]


@pytest.mark.django_db(transaction=True)
def test_tries_sent_at_once_do_not_pass_the_limit():
    results = race(*[lambda number=number: attempt(address=f"192.0.2.{number}") for number in range(9)])
    connection.close()
    kinds = [type(result) for result in results]
    assert kinds.count(signin.WrongCredentials) == 5 and kinds.count(TooMany) == 4


def test_signing_out_ends_the_session_by_post_only():
    client = signed_in("viewer")
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.get().action == "sign-out"


def test_who_is_signed_in_does_not_see_the_form():
    assert signed_in().get("/sign-in?next=/people/")["Location"] == "/people/"
