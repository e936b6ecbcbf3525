"""The API of schedules and policies."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from steward.people.accounts import actions as accounts
from steward.response.oncall.tests.factories import ENGINE, NOW, layer, notify, policy, schedule, user, wait

pytestmark = pytest.mark.django_db
SCHEDULE = {"name": "App", "time_zone": "Europe/Berlin"}


def layers(*turns: Any, **changes: Any) -> dict[str, Any]:
    """A schedule of one layer, as it is sent."""
    return {**SCHEDULE, "layers": [{"start": "2026-03-02", "turns": [[each.pk] for each in turns], **changes}]}


class Api:
    """A client with a key of a role."""

    def __init__(self, role: str, *scopes: str) -> None:
        _key, raw = accounts.create_api_key(actor=ENGINE, now=NOW, name=role, role=role, scopes=scopes)
        self.client = Client(headers={"Authorization": f"Bearer {raw}"})

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = self.client.generic(
            method, f"/api/v1{path}", "" if body is None else json.dumps(body), content_type="application/json"
        )
        assert response.status_code == status, response.content
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
        return response.json() if response.content else None


@pytest.fixture
def api() -> Api:
    return Api("lead")


def test_schedules_from_first_to_last(api: Api) -> None:
    ann, bob = user("Ann"), user("Bob")
    made = api("POST", "/schedules", layers(bob, ann), 201)
    assert [[person["name"] for person in turn] for turn in made["layers"][0]["turns"]] == [["Bob"], ["Ann"]]
    path = f"/schedules/{made['id']}"
    assert api("GET", path) == made
    key = made["layers"][0]["id"]
    changed = api("PUT", path, {**layers(ann, id=key, length=2), "name": "Apps"})
    (layer,) = changed["layers"]
    assert (changed["name"], layer["id"], layer["length"], len(layer["turns"])) == ("Apps", key, 2, 1)
    (shift,) = api("GET", f"{path}/who?at=2026-03-04T12:00:00Z")["shifts"]
    assert shift["user"]["name"] == "Ann"
    begin, end = "2096-03-02T09:00:00Z", "2096-03-02T12:00:00Z"
    body = {"user_id": bob.pk, "start_at": begin, "end_at": "2096-03-02T10:00:00Z", "reason": "dentist"}
    api("POST", f"{path}/overrides", {**body, "end_at": begin}, 422)
    override = api("POST", f"{path}/overrides", body, 201)
    found = api("GET", f"{path}/shifts?start={begin}&end={end}")
    assert [(shift["user"]["name"], shift["source"]) for shift in found["shifts"]] == [
        ("Bob", "override"), ("Ann", "rotation"),
    ]  # fmt: skip
    assert found["gaps"] == []
    assert [each["id"] for each in api("GET", f"{path}/overrides")["items"]] == [override["id"]]
    api("DELETE", f"/schedules/overrides/{override['id']}", status=204)
    api("DELETE", f"/schedules/overrides/{override['id']}", status=404)
    api("DELETE", path, status=204)
    api("GET", path, status=404)


def test_layers_are_kept_changed_and_taken_away_through_the_schedule(api: Api) -> None:
    ann, bob, eve = user("Ann"), user("Bob"), user("Eve")
    day = {"start": "2026-03-02", "name": "Days", "turns": [[ann.pk, bob.pk]]}
    night = {
        "start": "2026-03-02", "name": "Nights", "turns": [[eve.pk]], "priority": 5, "unit": "day", "own_zones": True,
        "windows": [{"days": [0, 1, 2, 3, 4], "start": "20:00", "end": "06:00"}], "time_zone": "Asia/Shanghai",
        "begins_at": "2026-03-03T00:00:00Z", "ends_at": "2026-04-03T00:00:00Z",
    }  # fmt: skip
    made = api("POST", "/schedules", {**SCHEDULE, "layers": [day, night]}, 201)
    path = f"/schedules/{made['id']}"
    first, second = made["layers"]
    assert second["windows"] == [{"days": [0, 1, 2, 3, 4], "start": "20:00:00", "end": "06:00:00"}]
    assert (second["own_zones"], second["begins_at"]) == (True, "2026-03-03T00:00:00Z")
    both = api("GET", f"{path}/who?at=2026-03-02T12:00:00Z")["shifts"]
    assert [(shift["user"]["name"], shift["layer"]) for shift in both] == [("Ann", "Days"), ("Bob", "Days")]
    # Eve lives in UTC: her evening, not Shanghai's.
    assert [s["user"]["name"] for s in api("GET", f"{path}/who?at=2026-03-03T21:00:00Z")["shifts"]] == ["Eve"]
    swapped = api("PUT", path, {**SCHEDULE, "layers": [{**night, "id": second["id"]}, {**day, "id": first["id"]}]})
    assert [layer["id"] for layer in swapped["layers"]] == [second["id"], first["id"]]
    only = api("PUT", path, {**SCHEDULE, "layers": [{**day, "id": first["id"]}]})
    assert [layer["name"] for layer in only["layers"]] == ["Days"]
    gone = api("PUT", path, {**SCHEDULE, "layers": [{**night, "id": second["id"]}]}, 422)
    assert list(gone["fields"]) == ["layers.0.id"]
    begin, end = "2096-03-02T00:00:00Z", "2096-03-03T00:00:00Z"
    body = {"user_id": bob.pk, "by_id": eve.pk, "start_at": begin, "end_at": end}
    (override,) = api("POST", "/schedules/replacements", body, 201)
    assert (override["schedule_id"], override["replaces"]["name"]) == (made["id"], "Bob")
    found = api("GET", f"{path}/shifts?start={begin}&end={end}")["shifts"]
    assert sorted((shift["user"]["name"], shift["source"]) for shift in found) == [
        ("Ann", "rotation"), ("Eve", "override"),
    ]  # fmt: skip


def test_policies_from_first_to_last(api: Api) -> None:
    ann = user("Ann")
    body = {
        "name": "Main",
        "repeat": 1,
        "steps": [{"kind": "notify_user", "id": ann.pk}, {"kind": "wait", "minutes": 5}],
    }
    made = api("POST", "/policies", body, 201)
    basics = ("kind", "id", "label", "minutes")
    assert [{name: step[name] for name in basics} for step in made["steps"]] == [
        {"kind": "notify_user", "id": ann.pk, "label": "Ann", "minutes": None},
        {"kind": "wait", "id": None, "label": "", "minutes": 5},
    ]
    path = f"/policies/{made['id']}"
    assert api("PUT", path, {**body, "repeat": 2})["version"] == 2
    first, _wait = api("GET", f"{path}/preview")
    assert first["people"] == [{"user_id": ann.pk, "name": "Ann", "why": "named in the policy"}]
    wrong = api("PUT", path, {**body, "steps": [{"kind": "wait", "minutes": 5}]}, 422)
    assert list(wrong["fields"]) == ["steps"]
    api("POST", "/policies", body, 409)
    api("DELETE", path, status=204)
    api("GET", path, status=404)


def test_lists_are_paged_by_key(api: Api) -> None:
    for name in ("C", "A", "B"):
        schedule(name=name)
        policy(notify(user()), wait(), name=name)
    for noun in ("schedules", "policies"):
        first = api("GET", f"/{noun}?limit=2")
        rest = api("GET", f"/{noun}?limit=2&cursor={first['next']}")
        assert [item["name"] for item in first["items"] + rest["items"]] == ["A", "B", "C"]
        assert rest["next"] is None
        api("GET", f"/{noun}?cursor=nonsense", status=400)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/schedules/{id}/who?at=2026-03-04T12:00:00", None, 422),  # no zone
        ("GET", "/schedules/{id}/who?at=9999-12-31T23:59:59Z", None, 422),
        ("GET", "/schedules/{id}/shifts?start=2026-01-01T00:00:00Z&end=2028-01-01T00:00:00Z", None, 422),
        ("GET", "/schedules/{id}/shifts?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", None, 422),
        ("GET", "/schedules/99999999999999999999", None, 404),
        ("POST", "/schedules", {"name": "x"}, 422),
        ("POST", "/schedules", {**SCHEDULE, "layers": [{"start": "2026-03-02", "turns": [[10**30]]}]}, 422),
        ("POST", "/schedules", layers(handover_time="09:00:00+05:00"), 422),
        ("POST", "/schedules", layers(start="0001-01-01"), 422),
        ("POST", "/schedules", {**layers(), "time_zone": ""}, 422),
        ("POST", "/schedules", layers(windows=[{"days": [7]}]), 422),
        ("POST", "/schedules", layers(windows=[{"days": [0], "start": "09:00:00Z"}]), 422),
        ("POST", "/schedules", layers(turns=[[]]), 422),
        ("POST", "/schedules", layers(unit="year"), 422),
        ("POST", "/schedules/replacements",
         {"user_id": 1, "by_id": 1, "start_at": "2096-01-01T00:00:00Z", "end_at": "2096-01-02T00:00:00Z"}, 422),
        ("POST", "/schedules/{id}/overrides",
         {"user_id": 1, "start_at": "2026-01-01T00:00:00", "end_at": "2026-01-02T00:00:00"}, 422),
        ("POST", "/policies", {"name": "x", "steps": [{"kind": "dance"}]}, 422),
        ("POST", "/policies", {"name": " ", "steps": []}, 422),
    ],
)  # fmt: skip
def test_bad_input_is_a_problem_document(api: Api, method: str, path: str, body: Any, status: int) -> None:
    rota = schedule(user(), name="Present")
    api(method, path.replace("{id}", str(rota.pk)), body, status)


def test_who_may_do_what() -> None:
    rota, chosen = schedule(user(), name="App"), policy(notify(user()), wait())
    viewer, narrow = Api("viewer"), Api("viewer", "people.view")
    reads = ["/schedules", f"/schedules/{rota.pk}", f"/schedules/{rota.pk}/who", f"/schedules/{rota.pk}/overrides",
             "/policies", f"/policies/{chosen.pk}", f"/policies/{chosen.pk}/preview"]  # fmt: skip
    step = {"kind": "wait", "minutes": 5}
    when = {"start_at": "2096-01-01T00:00:00Z", "end_at": "2096-01-02T00:00:00Z"}
    writes = [
        ("POST", "/schedules", {**layers(), "name": "New"}),
        ("PUT", f"/schedules/{rota.pk}", layers()),
        ("DELETE", f"/schedules/{rota.pk}", None),
        ("POST", f"/schedules/{rota.pk}/overrides", {"user_id": 1, **when}),
        ("DELETE", "/schedules/overrides/1", None),
        ("POST", "/policies", {"name": "New", "steps": [step]}),
        ("PUT", f"/policies/{chosen.pk}", {"name": "New", "steps": [step]}),
        ("DELETE", f"/policies/{chosen.pk}", None),
    ]
    for path in reads:
        assert Client().get(f"/api/v1{path}").status_code == 401
        viewer("GET", path)
        narrow("GET", path, status=403)
    for method, path, body in writes:
        viewer(method, path, body, 403)


def test_shifts_cost_the_same_for_any_range(api: Api, django_assert_max_num_queries: Any) -> None:
    rota = schedule(user(), user())
    for days in (7, 365):
        end = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with django_assert_max_num_queries(12):
            api("GET", f"/schedules/{rota.pk}/shifts?start=2026-03-02T12:00:00Z&end={end}")


def test_who_is_on_call_everywhere_at_a_time(api: Api) -> None:
    rota, empty = schedule(user("Ann"), user("Bob"), name="App"), schedule(name="Empty")
    first, second = api("GET", "/schedules/on-call?at=2026-03-02T12:00:00Z")["schedules"]
    assert (first["schedule_id"], first["shifts"][0]["user"]["name"], first["gaps"]) == (rota.pk, "Ann", [])
    assert first["following"]["user"]["name"] == "Bob" and first["following"]["start"] == first["shifts"][0]["end"]
    assert (second["schedule_id"], second["shifts"], len(second["gaps"])) == (empty.pk, [], 1)
    later = api("GET", "/schedules/on-call?at=2026-03-10T12:00:00Z")["schedules"]
    assert later[0]["shifts"][0]["user"]["name"] == "Bob"
    api("GET", "/schedules/on-call?at=0001-01-01T00:00:00Z", status=422)
    api("GET", "/schedules/on-call?at=2026-03-02T12:00:00", status=422)


def test_who_is_on_call_as_flat_rows(api: Api) -> None:
    ann, bob = user("Ann", email="ann@example.org"), user("Bob")
    app = schedule(ann, bob, name="App")
    empty = schedule(name="Web", layers=[layer(ann, begins_at=NOW + timedelta(days=1))])
    first, second = api("GET", "/on-call/now?at=2026-03-02T12:00:00Z")
    assert (first["schedule"], first["state"], first["person"], first["email"], first["until"]) == (
        "App", "on call", "Ann", "ann@example.org", "2026-03-09T08:00:00Z",
    )  # fmt: skip
    assert (second["schedule"], second["state"], second["person"]) == ("Web", "nobody", "")
    assert second["until"] == "2026-03-03T12:00:00Z"
    milliseconds = int(NOW.timestamp() * 1000)
    assert api("GET", f"/on-call/now?at={milliseconds}&schedule={app.slug}") == [first]
    end = milliseconds + 8 * 86_400_000
    found = api("GET", f"/on-call/shifts?from={milliseconds}&to={end}&schedule={app.slug}")
    assert [(row["person"], row["start"]) for row in found] == [
        ("Ann", "2026-03-02T12:00:00Z"), ("Bob", "2026-03-09T08:00:00Z"),
    ]  # fmt: skip
    found = api("GET", f"/on-call/shifts?from={milliseconds}&to={end}&schedule={empty.slug}")
    assert [row["state"] for row in found] == ["nobody", "on call"]
    for path in ("now?at=yesterday", "now?at=2026-03-02T12:00:00", f"shifts?from={end}&to={milliseconds}"):
        api("GET", f"/on-call/{path}", status=422)
    api("GET", "/on-call/now?schedule=nonsense", status=404)
    api("GET", f"/on-call/shifts?from={milliseconds}&to={end}&schedule=nonsense", status=404)


def test_links_are_made_renewed_and_taken_away(api: Api) -> None:
    ann = user("Ann")
    for path in (f"/schedules/{schedule(ann).pk}/calendar-link", f"/schedules/people/{ann.pk}/calendar-link"):
        assert api("GET", path) == {"url": None}
        first = api("POST", path, status=201)["url"]
        assert api("GET", path) == {"url": first}
        second = api("POST", path, status=201)["url"]
        inside = "/calendars/"
        assert Client().get(inside + first.partition(inside)[2]).status_code == 404
        assert Client().get(inside + second.partition(inside)[2]).status_code == 200
        api("DELETE", path, status=204)
        assert api("GET", path) == {"url": None}


def test_calendars_from_first_to_last(api: Api) -> None:
    ann = user("Ann")
    path = f"/schedules/{schedule(ann).pk}/calendars"
    text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"
    for wrong in (
        {"url": "file:///etc/passwd"},
        {"content": "hello"},
        {"url": "https://example.org/c.ics", "content": text},
        {},
    ):
        api("POST", path, {"name": "Team", **wrong}, 422)
    made = api("POST", path, {"name": "Team", "url": "webcal://example.org/private-s3cret/c.ics?key=s3cret"}, 201)
    assert made["url"].startswith("https://example.org") and "s3cret" not in made["url"]
    one = f"/schedules/calendars/{made['id']}"
    assert api("GET", path) == [api("GET", one)]
    changed = api("PUT", one, {"name": "File", "content": text, "priority": 3, "as_overrides": True})
    assert (changed["name"], changed["url"], changed["priority"], changed["as_overrides"]) == ("File", "", 3, True)
    api("POST", f"{one}/read")
    api("DELETE", one, status=204)
    api("GET", one, status=404)
    Api("viewer")("POST", path, {"name": "Team", "content": text}, 403)
