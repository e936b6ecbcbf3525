"""What every endpoint inherits: a key is needed, the permission is needed, other organisations see nothing, and lists
ask the database a bounded number of times. An operation that is missing in CASES fails the first test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from steward.api.door import api
from steward.foundation.testing.api import (
    check_hidden_from_others,
    check_key_needed,
    check_key_permission,
    check_key_queries,
    check_scope,
    send,
    with_key,
)
from steward.people.accounts.permissions import ALL_PERMISSIONS
from tests.api.world import MARK, PASSWORD, World

pytestmark = pytest.mark.django_db
PREFIX = "/api/v1"
DOCUMENT = json.loads(json.dumps(api.get_openapi_schema(path_prefix=f"{PREFIX}/"), default=str))
LIFE = {"start_at": "2036-05-01T00:00:00Z", "end_at": "2036-05-02T00:00:00Z"}
RANGE = "?start=2026-03-01T00:00:00Z&end=2026-04-01T00:00:00Z"


@dataclass(frozen=True)
class Case:
    """What one operation needs; words in braces in ``body`` are ids of the world. ``at`` replaces the path's record;
    ``refusal`` is 404 where who may not do it may not even know of the record."""

    permission: str
    body: dict[str, Any] | str | None = None
    query: str = ""
    at: str = ""
    refusal: int = 403


ROTATION = {
    "name": "New", "time_zone": "Europe/Berlin", "layers": [{"start": "2026-03-02", "turns": [["{user_id}"]]}],
}  # fmt: skip
CALENDAR = {"name": "Team", "content": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"}
STEPS = [{"kind": "notify_user", "id": "{user_id}"}, {"kind": "wait", "minutes": 5}]
PATTERN = {"name": "New", "kind": "regex", "target": "labels", "from": "host", "pattern": "(?P<site>[a-z]+)-.*"}
YML = "route: {receiver: a}\nreceivers: [{name: a}]"
CASES: dict[str, Case] = {
    "get /me": Case(""),
    "get /now": Case(""),
    "get /search": Case("", query=f"?q={MARK}"),
    "get /settings": Case("settings.view"),
    "get /people": Case("people.view"),
    "post /people": Case("people.manage", {"username": "new", "name": "New", "role": "viewer"}),
    "get /people/{user_id}": Case("people.view"),
    "patch /people/{user_id}": Case("people.manage", {"name": "Other"}),
    "put /people/{user_id}/password": Case("people.manage", {"password": PASSWORD}),
    "get /teams": Case("people.view"),
    "post /teams": Case("people.manage", {"name": "New"}),
    "get /teams/{team_id}": Case("people.view"),
    "put /teams/{team_id}": Case("people.manage", {"name": "Other"}),
    "get /organisations": Case("people.view"),
    "post /organisations": Case("people.manage", {"name": "New", "kind": "supplier"}),
    "get /organisations/{organisation_id}": Case("people.view"),
    "patch /organisations/{organisation_id}": Case("people.manage", {"name": "Other"}),
    "get /api-keys": Case("apikeys.manage"),
    "post /api-keys": Case("apikeys.manage", {"name": "New", "role": "viewer", "scopes": ["people.view"]}),
    "delete /api-keys/{key_id}": Case("apikeys.manage"),
    "get /audit": Case("audit.view"),
    "get /views": Case(""),
    "post /views": Case("views.share", {"list": "incidents", "name": "New", "query": "severity=SEV1"}),
    "get /views/{view_id}": Case("incidents.view", refusal=404),
    "patch /views/{view_id}": Case("views.share", {"name": "Other"}),
    "delete /views/{view_id}": Case("views.share"),
    "get /services": Case("estate.view"),
    "post /services": Case("estate.manage", {"name": "New"}),
    "get /services/{service}": Case("estate.view"),
    "put /services/{service}": Case("estate.manage", {"name": "Other"}),
    "delete /services/{service}": Case("estate.manage"),
    "get /services/{service}/relations": Case("estate.view"),
    "get /items": Case("estate.view"),
    "post /items": Case("estate.manage", {"type": "host", "name": "New"}),
    "get /items/{item_id}": Case("estate.view"),
    "put /items/{item_id}": Case("estate.manage", {"type": "host", "name": "Other"}),
    "delete /items/{item_id}": Case("estate.manage"),
    "get /items/{item_id}/relations": Case("estate.view"),
    "post /relations": Case(
        "estate.manage", {"kind": "runs_on", "source_item_id": "{item_id}", "target_service_id": "{service_id}"}
    ),
    "delete /relations/{relation_id}": Case("estate.manage"),
    "get /alerts": Case("alerts.view"),
    "get /alerts/{alert_id}": Case("alerts.view"),
    "get /alerts/{alert_id}/changes": Case("alerts.view"),
    "get /alerts/{alert_id}/payload": Case("alerts.view"),
    "get /alerts/{alert_id}/changes/{change_id}/payload": Case("alerts.view"),
    "get /sources": Case("sources.view"),
    "post /sources": Case("sources.manage", {"name": "New"}),
    "get /sources/{source_id}": Case("sources.view"),
    "patch /sources/{source_id}": Case("sources.manage", {"name": "Other"}),
    "post /sources/{source_id}/rotate-key": Case("sources.manage"),
    "get /sources/{source_id}/parked": Case("sources.view"),
    "get /sources/{source_id}/mapping": Case("sources.view"),
    "put /sources/{source_id}/mapping": Case("sources.manage", {"document": {"labels": {"alertname": "name"}}}),
    "post /sources/{source_id}/mapping/try": Case("sources.manage", {"document": {"labels": {"alertname": "name"}}}),
    "post /sources/{source_id}/mapping/{mapping_version}/restore": Case("sources.manage"),
    "get /enrichment": Case("sources.view"),
    "put /enrichment": Case("sources.manage", {"rules": [PATTERN]}),
    "post /enrichment/rules": Case("sources.manage", {"rule": PATTERN}),
    "get /enrichment/rules/{enrichment_id}": Case("sources.view"),
    "put /enrichment/rules/{enrichment_id}": Case("sources.manage", {"rule": PATTERN}),
    "delete /enrichment/rules/{enrichment_id}": Case("sources.manage"),
    "post /enrichment/rules/{enrichment_id}/move": Case("sources.manage", {"position": 0}),
    "post /enrichment/rules/{enrichment_id}/switch": Case("sources.manage", {"enabled": False}),
    "post /enrichment/try": Case("sources.manage", {"rule": PATTERN}),
    "get /enrichment/versions": Case("sources.view"),
    "post /enrichment/versions/{enrichment_version}/restore": Case("sources.manage"),
    "get /lookup-tables": Case("sources.view"),
    "post /lookup-tables": Case("sources.manage", {"name": "new", "csv": "host,owner\na,b"}),
    "get /lookup-tables/{table_id}": Case("sources.view"),
    "get /lookup-tables/{table_id}/csv": Case("sources.view"),
    "put /lookup-tables/{table_id}/csv": Case("sources.manage", "host,owner\na,b"),
    "get /lookup-tables/{table_id}/versions": Case("sources.view"),
    "post /lookup-tables/{table_id}/versions/{lookup_version}/restore": Case("sources.manage"),
    "delete /lookup-tables/{table_id}": Case("sources.manage"),
    "get /sources/{source_id}/identity": Case("sources.view"),
    "put /sources/{source_id}/identity": Case("sources.manage", {"mode": "except", "labels": ["pod"]}),
    "post /sources/{source_id}/replay-parked": Case("sources.manage"),
    "get /sources/{source_id}/payloads": Case("sources.view"),
    "get /sources/{source_id}/acknowledgements": Case("sources.view"),
    "get /sources/parked/{parked_id}": Case("sources.view"),
    "post /sources/parked/{parked_id}/replay": Case("sources.manage"),
    "post /sources/parked/{parked_id}/discard": Case("sources.manage"),
    "get /contact-methods": Case("people.manage"),
    "get /contact-methods/reach": Case("people.view", query="?user_id={user_id}"),
    "get /contact-methods/bundling": Case("people.manage", query="?user_id={user_id}"),
    "put /contact-methods/bundling": Case("people.manage", {"seconds": 30}, query="?user_id={user_id}"),
    "post /contact-methods": Case(
        "people.manage", {"user_id": "{user_id}", "channel": "email", "target": "new@example.org"}
    ),
    "patch /contact-methods/{method_id}": Case("people.manage", {"enabled": False}, refusal=404),
    "delete /contact-methods/{method_id}": Case("people.manage", refusal=404),
    "post /contact-methods/{method_id}/test": Case("people.manage", refusal=404),
    "post /contact-methods/{method_id}/code": Case("people.manage", refusal=404),
    "post /contact-methods/{method_id}/confirm": Case("people.manage", {"code": "123456"}, refusal=404),
    "get /contact-methods/rules": Case("people.manage", query="?user_id={user_id}"),
    "put /contact-methods/rules": Case(
        "people.manage", {"importance": "normal", "steps": []}, query="?user_id={user_id}"
    ),
    "get /contact-methods/quiet-hours": Case("people.manage", query="?user_id={user_id}"),
    "put /contact-methods/quiet-hours": Case(
        "people.manage", {"starts": "22:00", "ends": "07:00"}, query="?user_id={user_id}"
    ),
    "get /channels": Case("people.manage"),
    "put /channels/{channel}": Case("people.manage", {"values": {"token": "xoxb-1", "signing": "x"}}),
    "delete /channels/{channel}": Case("people.manage"),
    "get /pages": Case("incidents.view"),
    "get /pages/{page_id}": Case("incidents.view"),
    "get /leave": Case("people.view"),
    "post /leave": Case("leave.manage", {"user_id": "{user_id}", "first_day": "2036-05-01", "last_day": "2036-05-02"}),
    "delete /leave/{leave_id}": Case("leave.manage"),
    "get /leave/workplaces/{user_id}": Case("people.view"),
    "put /leave/workplaces/{user_id}": Case("leave.manage", {"country": "DE", "part": "BY"}),
    "get /schedules": Case("oncall.view"),
    "post /schedules": Case("oncall.manage", ROTATION),
    "get /schedules/on-call": Case("oncall.view"),
    "get /schedules/{schedule_id}": Case("oncall.view"),
    "put /schedules/{schedule_id}": Case("oncall.manage", ROTATION),
    "delete /schedules/{schedule_id}": Case("oncall.manage"),
    "get /schedules/{schedule_id}/who": Case("oncall.view", query="?at=2026-03-02T12:00:00Z"),
    "get /schedules/{schedule_id}/shifts": Case("oncall.view", query=RANGE),
    "get /schedules/{schedule_id}/overrides": Case("oncall.view"),
    "post /schedules/{schedule_id}/overrides": Case("oncall.manage", {"user_id": "{user_id}", **LIFE}),
    "post /moving": Case(
        "people.manage",
        {
            "source": "alertmanager",
            "document": {"receivers": [{"name": "x", "email_configs": [{"to": "x@example.org"}]}]},
        },
    ),
    "get /readiness": Case("oncall.view"),
    "get /ledger": Case("audit.view"),
    "get /ledger/state": Case("audit.view"),
    "get /schedules/cover": Case("oncall.view"),
    "get /burden": Case("oncall.view"),
    "get /burden/proposals/{schedule_slug}": Case("oncall.view"),
    "post /burden/proposals/{schedule_slug}/apply": Case("oncall.manage"),
    "get /burden/reports": Case("oncall.view"),
    "put /burden/reports/{report_id}": Case("oncall.manage", {"rating": 3}),
    "get /burden/notes/{schedule_id}": Case("oncall.view"),
    "get /burden/guards/{schedule_id}": Case("oncall.view"),
    "put /burden/guards/{schedule_id}": Case("oncall.manage", {"pages": 3}),
    "get /burden/pay": Case("oncall.pay", query="?first=2026-03-01&last=2026-03-02"),
    "get /burden/rates/{organisation_id}": Case("oncall.pay"),
    "put /burden/rates/{organisation_id}": Case("oncall.pay", {"currency": "EUR"}),
    "get /schedules/swaps": Case("oncall.view"),
    "post /schedules/{schedule_id}/swaps": Case("oncall.manage", {"user_id": "{user_id}", **LIFE}),
    "post /schedules/swaps/{swap_id}/take": Case("oncall.manage", {"user_id": "{deputy_id}"}),
    "post /schedules/swaps/{swap_id}/decline": Case("oncall.manage"),
    "post /schedules/swaps/{swap_id}/withdraw": Case("oncall.manage"),
    "post /schedules/replacements": Case("oncall.manage", {"user_id": "{user_id}", "by_id": "{deputy_id}", **LIFE}),
    "delete /schedules/overrides/{override_id}": Case("oncall.manage"),
    "get /schedules/{schedule_id}/calendar-link": Case("oncall.view"),
    "post /schedules/{schedule_id}/calendar-link": Case("oncall.manage"),
    "delete /schedules/{schedule_id}/calendar-link": Case("oncall.manage"),
    "get /schedules/people/{user_id}/calendar-link": Case("oncall.manage"),
    "post /schedules/people/{user_id}/calendar-link": Case("oncall.manage"),
    "delete /schedules/people/{user_id}/calendar-link": Case("oncall.manage"),
    "get /schedules/{schedule_id}/calendars": Case("oncall.view"),
    "post /schedules/{schedule_id}/calendars": Case("oncall.manage", CALENDAR),
    "get /schedules/calendars/{calendar_id}": Case("oncall.view"),
    "put /schedules/calendars/{calendar_id}": Case("oncall.manage", CALENDAR),
    "delete /schedules/calendars/{calendar_id}": Case("oncall.manage"),
    "post /schedules/calendars/{calendar_id}/read": Case("oncall.manage"),
    "get /on-call/now": Case("oncall.view", query="?at=2026-03-02T12:00:00Z"),
    "get /on-call/shifts": Case("oncall.view", query="?from=2026-03-02T12:00:00Z&to=2026-03-03T12:00:00Z"),
    "get /policies": Case("oncall.view"),
    "post /policies": Case("oncall.manage", {"name": "New", "steps": STEPS}),
    "get /policies/{policy_id}": Case("oncall.view"),
    "put /policies/{policy_id}": Case("oncall.manage", {"name": "Other", "steps": STEPS}),
    "delete /policies/{policy_id}": Case("oncall.manage"),
    "get /policies/{policy_id}/preview": Case("oncall.view"),
    "get /incidents": Case("incidents.view"),
    "post /incidents": Case("incidents.declare", {"title": "New"}),
    "get /incidents/{ref}": Case("incidents.view"),
    "post /incidents/{ref}/acknowledge": Case("incidents.acknowledge"),
    "post /incidents/{ref}/resolve": Case("incidents.resolve", {"why": "x"}),
    "post /incidents/{ref}/reopen": Case("incidents.resolve", {"why": "x"}, at="over"),
    "post /incidents/{ref}/close": Case("incidents.resolve", at="over"),
    "post /incidents/{ref}/assign": Case("incidents.assign", {"assignee": "{user_id}"}),
    "post /incidents/{ref}/severity": Case("incidents.edit", {"severity": "SEV1"}),
    "post /incidents/{ref}/notes": Case("incidents.note", {"text": "x"}),
    "get /incidents/{ref}/merge-candidates": Case("incidents.view"),
    "post /incidents/{ref}/merge": Case("incidents.edit", {"into": "{main}"}, at="twin"),
    "post /incidents/{ref}/unmerge": Case("incidents.edit", {"why": "x"}, at="merged"),
    "get /incidents/{ref}/groups": Case("incidents.view"),
    "post /incidents/{ref}/split": Case(
        "incidents.edit", {"title": "New", "severity": "SEV3", "alerts": ["{part_id}"], "page": False}, at="twin"
    ),
    "post /incidents/{ref}/unsplit": Case("incidents.edit", {"why": "x"}, at="part"),
    "get /incidents/{ref}/teamwork": Case("incidents.view"),
    "post /incidents/{ref}/snooze": Case("incidents.edit", {"until": "{tomorrow}"}),
    "post /incidents/{ref}/unsnooze": Case("incidents.edit"),
    "post /incidents/{ref}/handovers": Case("incidents.assign", {"to": "{deputy_id}"}, at="twin"),
    "post /incidents/{ref}/handovers/{handover_id}/answer": Case("incidents.assign", {"accept": True}),
    "post /incidents/{ref}/handovers/{handover_id}/withdraw": Case("incidents.assign"),
    "post /incidents/{ref}/help": Case("incidents.assign", {"people": ["{deputy_id}"]}),
    "post /incidents/{ref}/help/{call_id}/answer": Case("incidents.assign", {"coming": True, "user": "{deputy_id}"}),
    "get /incidents/{ref}/timeline": Case("incidents.view"),
    "get /incidents/{ref}/alerts": Case("incidents.view"),
    "get /incidents/{ref}/escalation": Case("oncall.view"),
    "get /alerts/{alert_id}/receipt": Case("alerts.view"),
    "get /incidents/{ref}/receipt": Case("incidents.view"),
    "get /pages/{page_id}/receipt": Case("incidents.view"),
    "get /receipts/why": Case("oncall.view", query="?person={user_id}&incident={ref}"),
    "get /alert-debt": Case("alerts.view"),
    "get /alert-debt/trend": Case("alerts.view", query=f"?name={MARK}"),
    "get /alert-debt/progress": Case("alerts.view"),
    "post /alert-debt/rebuild": Case("routes.manage"),
    "post /alert-debt/stop": Case("routes.manage"),
    "get /alert-debt/incidents/{ref}/answers": Case("incidents.view"),
    "put /alert-debt/incidents/{ref}/answer": Case("incidents.acknowledge", {"answer": "act"}, at="over"),
    "get /shadow/{source_id}": Case("sources.view"),
    "put /shadow/{source_id}/mode": Case("sources.manage", {"mode": "shadow"}),
    "get /shadow/{source_id}/receivers": Case("sources.view"),
    "put /shadow/{source_id}/receivers": Case("sources.manage", {"receiver": "team", "policy_id": "{policy_id}"}),
    "get /silences": Case("silences.view"),
    "post /silences": Case(
        "silences.manage", {"matchers": f'team="{MARK}"', "comment": "New", "ends_at": "2099-01-01T00:00:00Z"}
    ),
    "post /silences/preview": Case("silences.view", {"matchers": f'team="{MARK}"'}),
    "put /silences/keys": Case("sources.manage", {"source_id": "{source_id}", "allowed": True}),
    "get /silences/{silence_id}": Case("silences.view"),
    "put /silences/{silence_id}": Case(
        "silences.manage", {"matchers": f'team="{MARK}"', "comment": "Other", "ends_at": "2099-01-01T00:00:00Z"}
    ),
    "get /silences/{silence_id}/held": Case("silences.view"),
    "post /silences/{silence_id}/expire": Case("silences.manage"),
    "get /maintenance": Case("maintenance.view"),
    "post /maintenance": Case(
        "maintenance.manage", {"title": "New", "service_ids": ["{service_id}"], "ends_at": "2099-01-01T00:00:00Z"}
    ),
    "post /maintenance/preview": Case("maintenance.manage", {"service_ids": ["{service_id}"], "dependants": True}),
    "get /maintenance/{window_id}": Case("maintenance.view"),
    "put /maintenance/{window_id}": Case(
        "maintenance.manage", {"title": "Other", "service_ids": ["{service_id}"], "ends_at": "2099-01-01T00:00:00Z"}
    ),
    "get /maintenance/{window_id}/held": Case("maintenance.view"),
    "get /maintenance/{window_id}/meanwhile": Case("maintenance.view"),
    "post /maintenance/{window_id}/end": Case("maintenance.manage"),
    "post /maintenance/{window_id}/extend": Case("maintenance.manage", {"until": "2099-02-01T00:00:00Z"}),
    "get /routes": Case("routes.view"),
    "post /routes": Case("routes.manage", {"name": "New"}),
    "post /routes/try": Case("routes.view", {"labels": {"team": MARK}}),
    "get /routes/{route_id}": Case("routes.view"),
    "patch /routes/{route_id}": Case("routes.manage", {"name": "Other"}),
    "post /routes/{route_id}/move": Case("routes.manage", {"direction": "up"}),
    "delete /routes/{route_id}": Case("routes.manage"),
    "get /pipeline": Case("routes.view"),
    "patch /pipeline": Case("routes.manage", {"flap_changes": 5}),
    "get /pipeline/inhibitions": Case("routes.view"),
    "post /pipeline/inhibitions": Case("routes.manage", {"name": "New", "source": 'a="b"', "target": 'c="d"'}),
    "get /pipeline/inhibitions/{rule_id}": Case("routes.view"),
    "put /pipeline/inhibitions/{rule_id}": Case("routes.manage", {"name": "X", "source": 'a="b"', "target": 'c="d"'}),
    "delete /pipeline/inhibitions/{rule_id}": Case("routes.manage"),
    "delete /pipeline/intervals/{interval_id}": Case("routes.manage"),
    "get /pipeline/intervals": Case("routes.view"),
    "put /pipeline/intervals": Case("routes.manage", {"name": "n", "spec": [{"weekdays": ["monday"]}]}),
    "get /time-machine/versions": Case("routes.view"),
    "get /time-machine/versions/{version_number}": Case("routes.view"),
    "get /time-machine/compare": Case("routes.view", query="?left={version_number}&right={version_number}"),
    "post /time-machine/versions/{version_number}/roll-back": Case("routes.manage", {"comment": "Back"}),
    "get /time-machine/drafts": Case("routes.view"),
    "post /time-machine/drafts": Case("routes.manage", {"name": "New"}),
    "post /time-machine/drafts/import": Case("routes.manage", {"name": "New", "text": YML}),
    "get /time-machine/drafts/{draft_id}": Case("routes.view"),
    "patch /time-machine/drafts/{draft_id}": Case("routes.manage", {"revision": 2, "name": "Other"}),
    "delete /time-machine/drafts/{draft_id}": Case("routes.manage"),
    "get /time-machine/drafts/{draft_id}/changes": Case("routes.view"),
    "put /time-machine/drafts/{draft_id}/policies": Case("routes.manage", {"policies": {}}),
    "post /time-machine/drafts/{draft_id}/rebase": Case("routes.manage"),
    "post /time-machine/drafts/{draft_id}/publish": Case("routes.manage", {"revision": 2}),
    "get /time-machine/drafts/{draft_id}/replays": Case("routes.view"),
    "post /time-machine/drafts/{draft_id}/replays": Case(
        "routes.manage", {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    ),
    "get /time-machine/replays/{replay_id}": Case("routes.view"),
    "post /time-machine/replays/{replay_id}/cancel": Case("routes.manage"),
    "get /decisions": Case("routes.view", query="?alert_id={alert_id}"),
}
NEEDING = [name for name, case in CASES.items() if case.permission]
# Any key may ask these; what it may not see is left out of the answer.
OPEN = [name for name, case in CASES.items() if not case.permission]


def filled(value: Any, ids: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(held, ids) for name, held in value.items()}
    if isinstance(value, list):
        return [filled(held, ids) for held in value]
    if isinstance(value, str) and value.startswith("{"):
        return ids[value[1:-1]]
    return value


def request_of(name: str, world: World) -> tuple[str, str, Any]:
    method, template = name.split(" ")
    case = CASES[name]
    ids = {**world.ids, "ref": world.ids[case.at or "ref"]}
    path = world.path(template.replace("{ref}", str(ids["ref"])))
    query = case.query.format(**ids) if "{" in case.query else case.query
    return method, f"{PREFIX}{path}{query}", filled(case.body, ids)


def for_each(names: Iterable[str], check: Callable[[str, str, str, Any], None]) -> None:
    """Run a check on each operation over one world; what fails is told together."""
    world, failed = World(), []
    for name in names:
        try:
            check(name, *request_of(name, world))
        except AssertionError as error:
            failed.append(str(error).splitlines()[0])
    assert not failed, "\n".join(failed)


def test_every_operation_has_a_case() -> None:
    paths = DOCUMENT["paths"]
    present = {f"{method} {path.removeprefix(PREFIX)}" for path, held in paths.items() for method in held}
    assert present == set(CASES)


def test_a_key_is_needed() -> None:
    for_each(CASES, lambda _name, method, url, body: check_key_needed(method, url, body))


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_permission_is_needed(method: str) -> None:
    def check(name: str, method: str, url: str, body: Any) -> None:
        case = CASES[name]
        check_key_permission(method, url, case.permission, body, refusal=case.refusal)
        check_scope(method, url, case.permission, sorted(ALL_PERMISSIONS), body, refusal=case.refusal)

    for_each([name for name in NEEDING if name.startswith(f"{method} ")], check)


def test_an_open_read_leaves_out_what_the_key_may_not_see() -> None:
    def check(name: str, method: str, url: str, body: Any) -> None:
        assert name == "get /me" or MARK in send(with_key(), method, url, body).content.decode()
        answer = send(with_key(scopes=["settings.view"]), method, url, body)
        assert answer.status_code == 200
        assert MARK not in answer.content.decode(), name

    for_each(OPEN, check)


def test_other_organisations_see_nothing() -> None:
    for_each(CASES, lambda _name, method, url, body: check_hidden_from_others(method, url, [MARK], body))


def test_reads_ask_a_bounded_number_of_times() -> None:
    world, client = World(16), with_key()
    for name in (each for each in CASES if each.startswith("get ")):
        _method, url, _body = request_of(name, world)
        check_key_queries(url, client=client)
