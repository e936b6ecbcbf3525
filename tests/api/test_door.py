"""What the door does before any room: bodies that cannot be read or stored are refused with the place."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.rest.parsing import nul_in
from steward.foundation.testing.api import with_key

pytestmark = pytest.mark.django_db
PATH = "/api/v1/incidents"


def post(body: bytes, path: str = PATH) -> Any:
    return with_key().generic("POST", path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (PATH, rb'{"title": "a\u0000b"}', "title"),
        (PATH, b'{"title": "a\0b"}', "title"),
        ("/api/v1/items", rb'{"type": "host", "name": "x", "labels": {"rack": "a\u0000"}}', "labels.rack"),
        ("/api/v1/items", rb'{"type": "host", "name": "x", "labels": {"a\u0000": "b"}}', r"labels.a\u0000"),
        (PATH, rb'"\u0000"', "body"),
    ],
)
def test_a_nul_character_is_refused_with_its_field(path: str, body: bytes, field: str) -> None:
    answer = post(body, path)
    assert answer.status_code == 422
    said = answer.json()
    assert list(said["fields"]) == [field]
    assert field in said["detail"] and "NUL" in said["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"title": ', "line 1, column 11"), (b'{"title": "\xff"}', "UTF-8, from byte 11"),
        (b"\0", "not JSON"), (b"[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_the_place(body: bytes, words: str) -> None:
    answer = post(body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:steward:problem:unreadable-body"
    assert words in answer.json()["detail"]


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    answer = post(rb'{"title": "a\\u0000b"}')
    assert answer.status_code == 201
    assert answer.json()["title"] == r"a\u0000b"


def test_a_body_that_is_too_large_is_answered_413(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = post(b'{"title": "' + b"x" * 2000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:steward:problem:too-large"


def test_the_first_nul_is_found_wherever_it_is() -> None:
    assert nul_in({"a": [{"b": "c"}, {"d": "\0"}]}) == "a.1.d"
    assert nul_in({"a": 1, "b": None, "c": True, "d": ["x"]}) is None
