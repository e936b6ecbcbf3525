"""What must hold for every page, as checks a room's tests call with their own addresses.

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", ["widgets:list", "widgets:new"])
    def test_doors(name: str) -> None:
        check_anonymous(reverse(name))
        check_permission(reverse(name), "widgets.view")

People are made through Django's registry, so that the foundation knows no room.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

HOME_ROLES = ("administrator", "lead", "responder", "agent", "viewer", "auditor")
EXTERNAL_ROLES = ("customer", "supplier")
MOST_QUERIES = 12
_numbers = itertools.count(1)


def signed_in(role: str = "administrator", organisation: Any = None) -> Client:
    """A browser in which a new person of this role is signed in; customers and suppliers get an organisation."""
    organisations: Any = apps.get_model("accounts", "Organisation")._default_manager
    if organisation is None:
        kind = role if role in EXTERNAL_ROLES else "home"
        organisation = organisations.get_or_create(slug=kind, defaults={"kind": kind, "name": kind.title()})[0]
    name = f"visitor{next(_numbers)}"
    users: Any = get_user_model()._default_manager
    client = Client()
    client.force_login(users.create(username=name, name=name.title(), role=role, organisation=organisation))
    return client


def check_anonymous(url: str) -> None:
    """Without signing in, a page sends to the sign-in page and comes back afterwards."""
    response = Client().get(url)
    assert response.status_code == 302, f"{url} answers {response.status_code} to nobody in particular"
    assert response["Location"].startswith("/sign-in?next="), response["Location"]


def check_permission(url: str, permission: str, *, method: str = "get") -> None:
    """Roles without the permission are refused; the roles with it are not, and there is at least one of each kind."""
    seen = set()
    for role in (*HOME_ROLES, *EXTERNAL_ROLES):
        response: Any = getattr(signed_in(role), method)(url)
        status, may = response.status_code, response.wsgi_request.actor.can(permission)
        seen.add(may)
        if not may:
            assert status == 403, f"{role} lacks {permission} but {method} {url} answers {status}"
        elif role in HOME_ROLES:
            assert status != 403 and status < 500, f"{role} has {permission} but {method} {url} answers {status}"
    assert seen == {True, False}, f"{permission} tells no roles apart"


def check_hidden_outside(url: str, texts: Sequence[str], roles: Sequence[str] = EXTERNAL_ROLES) -> None:
    """People of a customer or supplier that owns none of it see nothing of these texts, which we do see."""
    shown = signed_in().get(url).content.decode()
    for text in texts:
        assert text in shown, f"{url} does not show {text!r} even to an administrator"
    for role in roles:
        response = signed_in(role).get(url)
        assert response.status_code in {200, 403, 404}, response.status_code
        for text in texts:
            assert text not in response.content.decode(), f"{url} shows {text!r} to a {role}"


def check_queries(client: Client, url: str, most: int = MOST_QUERIES) -> Any:
    """A page asks the database a bounded number of times. The first request fills the process's caches, as it would;
    one of them may run out before the second, so the page has two tries."""
    client.get(url)
    asked: list[str] = []
    for _try in range(2):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url)
        assert response.status_code == 200, response.status_code
        asked = [query["sql"][:160] for query in captured.captured_queries]
        if len(asked) <= most:
            return response
    raise AssertionError(f"{url} asks {len(asked)} times:\n" + "\n".join(asked))
