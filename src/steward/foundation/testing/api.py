"""What must hold for every endpoint of the API, as checks a room's tests call with their own addresses.

    def test_doors() -> None:
        check_key_needed("get", "/api/v1/widgets")
        check_key_permission("post", "/api/v1/widgets", "widgets.manage", {"name": "x"})

Each call is undone afterwards, so that one role's write is not what the next role finds. Keys are made through Django's
registry: the foundation knows no room.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from steward.foundation import clock
from steward.foundation.testing.pages import EXTERNAL_ROLES, HOME_ROLES, MOST_QUERIES, signed_in

_numbers = itertools.count(1)


def with_key(role: str = "administrator", *, scopes: Sequence[str] = (), organisation: Any = None) -> Client:
    """A program with a new key of this role; a customer's or supplier's key belongs to ``organisation`` or a new one."""
    organisations: Any = apps.get_model("accounts", "Organisation")._default_manager
    if organisation is None:
        kind = role if role in EXTERNAL_ROLES else "home"
        organisation = organisations.get_or_create(slug=kind, defaults={"kind": kind, "name": kind.title()})[0]
    raw = f"stw_test_{next(_numbers)}"
    keys: Any = apps.get_model("accounts", "ApiKey")._default_manager
    keys.create(
        name=raw, prefix=raw[:10], digest=hashlib.sha256(raw.encode()).hexdigest(), role=role, scopes=list(scopes),
        organisation=organisation, created_at=clock.now(),
    )  # fmt: skip
    return Client(headers={"Authorization": f"Bearer {raw}"}, raise_request_exception=False)


def send(client: Client, method: str, url: str, body: Any = None) -> Any:
    """One request with a JSON body, with the text of a CSV file, or with none."""
    if body is None or isinstance(body, str):
        return client.generic(method.upper(), url, body or "", "text/csv" if body else "application/octet-stream")
    return getattr(client, method.lower())(url, body, content_type="application/json")


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def check_key_needed(method: str, url: str, body: Any = None) -> None:
    """Nobody gets in without a key: not without anything, not with a session, not with a wrong key."""
    for client in (Client(), signed_in(), Client(headers={"Authorization": "Bearer stw_wrong"})):
        response = send(client, method, url, body)
        assert response.status_code == 401, f"{method} {url} answers {response.status_code} without a key"
        assert response["Content-Type"] == "application/problem+json"


def check_key_permission(method: str, url: str, permission: str, body: Any = None, *, refusal: int = 403) -> None:
    """Roles without the permission are refused; the roles with it are not, and there is at least one that has it.

    External people may be told 404 instead: for them a record of others does not exist.
    """
    seen = set()
    for role in (*HOME_ROLES, *EXTERNAL_ROLES):
        with undone():
            response = send(with_key(role), method, url, body)
        status, may = response.status_code, response.wsgi_request.actor.can(permission)
        seen.add(may)
        if not may:
            refused = {refusal, 404} if role in EXTERNAL_ROLES else {refusal}
            assert status in refused, f"{role} lacks {permission} but {method} {url} answers {status}"
        elif role in HOME_ROLES:
            assert status < 400, f"{role} has {permission} but {method} {url} answers {status}: {response.content}"
    assert True in seen, f"no role has {permission}"


def check_scope(
    method: str, url: str, permission: str, everything: Sequence[str], body: Any = None, *, refusal: int = 403
) -> None:
    """An administrator's key that is limited to everything else is refused, and says which permission it lacks."""
    scopes = [each for each in everything if each != permission]
    with undone():
        response = send(with_key(scopes=scopes), method, url, body)
    status = response.status_code
    allowed = {refusal, 404} if permission.endswith(".view") else {refusal}
    assert status in allowed, f"{method} {url} without {permission} answers {status}"
    if status == 403:
        assert permission in response.json()["detail"], response.json()["detail"]


def check_hidden_from_others(method: str, url: str, texts: Sequence[str], body: Any = None) -> None:
    """Keys of a customer or supplier that owns none of it get nothing of these texts."""
    for role in EXTERNAL_ROLES:
        with undone():
            response = send(with_key(role), method, url, body)
        assert response.status_code < 500, response.status_code
        if method.lower() != "get":
            assert response.status_code in {403, 404}, f"{role}: {method} {url} answers {response.status_code}"
        for text in texts:
            assert text not in response.content.decode(), f"{method} {url} shows {text!r} to a {role}"


def check_key_queries(url: str, most: int = MOST_QUERIES, client: Client | None = None) -> Any:
    """An endpoint asks the database a bounded number of times, however long its list is."""
    client = client or with_key()
    asked: list[str] = []
    for _try in range(2):  # the first fills what the process remembers
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url)
        assert response.status_code == 200, (url, response.status_code, response.content[:300])
        asked = [query["sql"][:160] for query in captured.captured_queries]
    assert len(asked) <= most, f"{url} asks {len(asked)} times:\n" + "\n".join(asked)
    return response
