"""What every page inherits: strangers see nothing of ours, who may only read changes nothing, no request from another
site does anything, and looking at a page writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from steward.foundation.testing.pages import signed_in
from steward.people.accounts.models import Organisation
from steward.people.audit.models import AuditEntry
from tests.api.world import MARK, World
from tests.walls.addresses import addresses

pytestmark = pytest.mark.django_db
# What is searched for stands on the page again, so it is searched for by a part.
PART = MARK[:-1]
PUBLIC = {"accounts:sign-in", "web:healthy", "oncall:feed", "notifications:worker"}
# What every signed-in person may do, because it is about themselves.
OWN = {
    "accounts:profile", "accounts:sign-out", "notifications:contacts", "notifications:rules", "notifications:push",
    "notifications:push-key", "workforce:leave", "views:new", "views:edit",
    "views:replace", "views:first", "views:delete", "oncall:swap-ask",
    "oncall:own-link-renew", "oncall:own-link-remove", "oncall:swap-take", "oncall:swap-decline", "oncall:swap-withdraw",
    "burden:note",
}  # fmt: skip
FORM = {"name": "x", "text": "x", "title": "x", "enabled": "1", "active": "1", "why": "x", "severity": "SEV1"}
WRITES = ("INSERT", "UPDATE", "DELETE")
# A session that is kept, and failed sign-ins, which are counted.
OF_THE_DOOR = ("django_session", "accounts_signinattempt")


@pytest.fixture
def world() -> World:
    return World()


def stranger(kind: str) -> Client:
    """Somebody of a customer or supplier that has nothing here."""
    organisation = Organisation.objects.create(kind=kind, name=f"Stranger {kind}", slug=f"stranger-{kind}")
    return signed_in(kind, organisation)


def body_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def failed(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("kind", ["customer", "supplier"])
@pytest.mark.parametrize("htmx", [False, True])
def test_strangers_see_nothing(world: World, kind: str, htmx: bool) -> None:
    client, problems = stranger(kind), []
    headers = {"HX-Request": "true"} if htmx else {}
    for name, url in addresses(world):
        for address in (url, f"{url}?q={PART}"):
            response = client.get(address, headers=headers)
            if response.status_code >= 500 or MARK in body_of(response):
                problems.append(f"{kind} GET {name} {address}: {response.status_code}")
    failed(problems)


@pytest.mark.parametrize("kind", ["customer", "supplier", "viewer", "auditor"])
def test_who_may_only_read_changes_nothing(world: World, kind: str) -> None:
    client = stranger(kind) if kind in {"customer", "supplier"} else signed_in(kind)
    before, problems = AuditEntry.objects.count(), []
    for name, url in addresses(world):
        if name in OWN | PUBLIC:
            continue
        response = client.post(url, FORM)
        if response.status_code not in {403, 404, 405} or AuditEntry.objects.count() != before:
            problems.append(f"{kind} POST {name} {url}: {response.status_code}")
            before = AuditEntry.objects.count()
    failed(problems)


def test_nobody_in_particular_gets_a_sign_in_page(world: World) -> None:
    problems = []
    for name, url in addresses(world):
        for method in ("get", "post"):
            response = getattr(Client(), method)(url, FORM if method == "post" else None)
            if MARK in body_of(response) or response.status_code >= 500:
                problems.append(f"{method} {name}: {response.status_code}")
            if response.status_code == 200 and name not in PUBLIC:
                problems.append(f"{method} {name} answers 200")
    failed(problems)


def test_a_form_on_another_site_does_nothing(world: World) -> None:
    client = signed_in()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    before, problems = AuditEntry.objects.count(), []
    for name, url in addresses(world):
        response = strict.post(url, FORM, headers={"Origin": "https://evil.example.org"})
        if response.status_code not in {403, 405} or AuditEntry.objects.count() != before:
            problems.append(f"POST {name} {url}: {response.status_code}")
    failed(problems)


def test_looking_writes_nothing(world: World) -> None:
    client, problems = signed_in(), []
    for name, url in addresses(world):
        with CaptureQueriesContext(connection) as captured:
            body_of(client.get(url))
        for query in captured.captured_queries:
            sql = query["sql"].upper()
            if sql.startswith(WRITES) and not any(table.upper() in sql for table in OF_THE_DOOR):
                problems.append(f"GET {name} {url}: {query['sql'][:120]}")
    failed(problems)
