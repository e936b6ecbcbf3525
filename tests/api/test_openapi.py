"""The API's document is the committed one, and the API keeps to it whatever is sent."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

import steward
from steward.api.door import api
from steward.foundation import clock
from steward.foundation.actors import system
from steward.people.accounts import actions as accounts

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
DOCUMENT = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), default=str))
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = get_wsgi_application()


def test_the_document_is_the_committed_one() -> None:
    assert json.loads(SNAPSHOT.read_text()) == DOCUMENT, "the API changed: run `make snapshot` and commit the result"


def test_no_two_schemas_share_a_name() -> None:
    """The document has one place for a name: of two schemas called the same, one would be told as the other."""
    rooms = Path(steward.__file__).parent
    found = [
        name
        for path in sorted({*rooms.glob("*/**/*api.py"), *rooms.glob("*/**/api/*.py")})
        for name in re.findall(r"^class (\w+)\(", path.read_text(), flags=re.MULTILINE)
    ]
    assert sorted(name for name, count in Counter(found).items() if count > 1) == []


@pytest.mark.django_db
def test_the_document_is_served(client: Client) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["paths"] == DOCUMENT["paths"]


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "methods"), [(path, sorted(item)) for path, item in DOCUMENT["paths"].items()])
def test_every_endpoint_needs_a_key(client: Client, path: str, methods: list[str]) -> None:
    address = path.replace("{", "").replace("}", "")
    for name in methods:
        answer = client.generic(name.upper(), _numbers(path) or address, data="{}", content_type="application/json")
        assert answer.status_code == 401, f"{name} {path} answered {answer.status_code} without a key"
        assert answer["Content-Type"] == "application/problem+json"


def _numbers(path: str) -> str:
    return "/".join("1" if part.startswith("{") else part for part in path.split("/"))


@pytest.fixture(autouse=True)
def keep_the_connection() -> Iterator[None]:
    """The requests run inside the test's transaction: the end of a request must not close its connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def key(db: Any) -> str:
    now = clock.now()
    home = accounts.ensure_home_organisation(now=now)
    assert home is not None
    _key, raw = accounts.create_api_key(
        actor=system("test"), now=now, name="schemathesis", role="administrator", scopes=(), expires_at=None
    )
    return raw


@pytest.mark.timeout(240)
@schema.parametrize()
@settings(
    max_examples=5, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
def test_the_api_keeps_to_its_document(case: schemathesis.Case, key: str) -> None:
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
    response = case.call()
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance, content_type_conformance])
