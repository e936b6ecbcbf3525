"""The API as programs use it."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.testing.api import send, with_key
from steward.response.timemachine.tests.factories import make_live, pages, route

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/time-machine"


def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = send(with_key(), method, f"{ROOT}{path}", body)
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def test_versions() -> None:
    make_live(route("a"))
    make_live(route("b"))
    listed = call("get", "/versions?limit=1")
    assert [each["number"] for each in listed["items"]] == [2] and listed["next"]
    found = call("get", "/versions/2")
    assert [(each["kind"], each["name"]) for each in found["changes"]] == [("added", "b"), ("removed", "a")]
    assert "name: b" in found["text"]
    made = call("post", "/versions/1/roll-back", {"comment": "Back"})
    assert (made["number"], made["kind"], made["restored"], made["comment"]) == (3, "rolled_back", 1, "Back")
    assert call("get", "/compare?left=1&right=3") == []
    assert call("get", "/versions/9", status=404)["type"] == "urn:steward:problem:configuration-version-not-found"


def test_a_draft_from_beginning_to_end() -> None:
    pages("Desk")
    make_live(route("a"))
    made = call("post", "/drafts", {"name": "Calmer"}, 201)
    path = f"/drafts/{made['id']}"
    wrong = call("patch", path, {"revision": 1, "text": "routes: [{name: a, policy: No}]"})
    assert [(each["line"], "“No”" in each["text"]) for each in wrong["problems"]] == [(1, True)]
    refused = call("post", f"{path}/publish", {"revision": 2}, 422)
    assert refused["problems"] == wrong["problems"]
    assert call("get", f"{path}/changes", status=422)["type"] == "urn:steward:problem:draft-invalid"
    call("put", f"{path}/policies", {"policies": {"No": "Desk"}})
    changes = call("get", f"{path}/changes")
    assert changes["changes"][1]["fields"] == [{"name": "policy", "before": "", "after": "Desk"}]
    make_live(route("a"), route("b"))
    assert call("post", f"{path}/publish", {"revision": 3}, 409)["live"] == 2
    assert call("get", f"{path}/changes")["live_moved"][0]["name"] == "b"
    rebased = call("post", f"{path}/rebase")
    assert (rebased["base"], rebased["collisions"]) == (2, [])
    assert call("patch", path, {"revision": 1, "name": "x"}, 409)["type"] == "urn:steward:problem:draft-changed"
    version = call("post", f"{path}/publish", {"revision": rebased["revision"], "comment": "Go"})
    assert (version["number"], version["comment"]) == (3, "Go")
    assert [each["version"] for each in call("get", "/drafts")["items"]] == [3]
    assert call("delete", path, status=409)["type"] == "urn:steward:problem:draft-closed"


def test_importing() -> None:
    text = "route: {receiver: team}\nreceivers: [{name: team, slack_configs: [{channel: x}]}]\n"
    made = call("post", "/drafts/import", {"name": "Imported", "text": text}, 201)
    assert made["receivers"][0]["kinds"] == ["slack"] or made["receivers"][0]["kinds"] == ["slack_configs"]
    assert {each["fate"] for each in made["report"]} <= {"carried", "differs", "lost"}
    refused = call("post", "/drafts/import", {"name": "x", "text": "route: {receiver: a}"}, 422)
    assert refused["problems"][0]["line"] == 1
    call("delete", f"/drafts/{made['id']}", status=204)
