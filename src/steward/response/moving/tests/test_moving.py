"""Plans, applying, repeating, and the comparison."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from steward.cli import moving as command
from steward.cli.trouble import Trouble
from steward.foundation.errors import Forbidden
from steward.people.accounts.models import Team, User
from steward.people.audit.models import AuditEntry
from steward.response.moving import actions, reading
from steward.response.moving.errors import ExportUnreadable
from steward.response.moving.models import Taken
from steward.response.moving.results import Result
from steward.response.moving.tests.test_sources import HERE, sample
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import EscalationPolicy, Override, Schedule
from steward.response.oncall.tests.factories import ENGINE, actor, layer, schedule, user
from steward.response.oncall.tests.test_api import Api

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
SOURCES = ["pagerduty", "opsgenie", "grafana-oncall"]


def export(source: str) -> Any:
    return sample(source.replace("-", "_"))


def move(source: str, apply: bool = True, document: Any = None, **more: Any) -> Result:
    document = document if document is not None else export(source)
    return actions.move(actor=ENGINE, now=NOW, source=source, document=document, apply=apply, **more)


def acts(result: Result, *left_out: str) -> set[str]:
    return {item.act for item in result.items if item.act not in left_out}


@pytest.mark.parametrize("source", SOURCES)
def test_a_plan_changes_nothing_and_applying_twice_changes_nothing_more(source: str) -> None:
    before = (User.objects.count(), Schedule.objects.count())
    plan = move(source, apply=False)
    assert (User.objects.count(), Schedule.objects.count(), Taken.objects.count()) == (*before, 0)
    done = move(source)
    assert [(i.kind, i.name, i.act, i.why) for i in plan.items] == [(i.kind, i.name, i.act, i.why) for i in done.items]
    assert "make" in acts(done)
    records = (User.objects.count(), Team.objects.count(), Schedule.objects.count(), EscalationPolicy.objects.count())
    versions = list(EscalationPolicy.objects.values_list("version", flat=True))
    again = move(source)
    assert acts(again, "cannot") == {"same"}
    assert records == (
        User.objects.count(), Team.objects.count(), Schedule.objects.count(), EscalationPolicy.objects.count()
    )  # fmt: skip
    assert list(EscalationPolicy.objects.values_list("version", flat=True)) == versions
    assert AuditEntry.objects.filter(action="moving.apply").count() == 1


@pytest.mark.parametrize("source", SOURCES)
def test_both_systems_would_page_the_same_people(source: str) -> None:
    (compared,) = move(source).compared
    assert compared.known
    if source != "opsgenie":  # the sample's timeline shows one of the two rotations only
        assert compared.differences == ()


def test_a_difference_is_told() -> None:
    document = export("pagerduty")
    document["schedules"][0]["final_schedule"]["rendered_schedule_entries"][1]["user"]["id"] = "PBOB"
    (compared,) = move("pagerduty", apply=False, document=document).compared
    (one,) = compared.differences
    assert (one.theirs, one.ours) == (frozenset({"Bob"}), frozenset({"Eve"}))


def test_people_are_known_by_their_address_and_keep_what_they_have() -> None:
    ann = user("Ann Ours", email="Ann@Example.org", role="lead")
    move("pagerduty")
    ann.refresh_from_db()
    assert (ann.name, ann.role) == ("Ann Ours", "lead")
    assert User.objects.filter(email__iexact="ann@example.org").count() == 1
    bob = User.objects.get(email="bob@example.org")
    assert (bob.username, bob.role, bob.time_zone, bob.has_usable_password()) == (
        "bob", "responder", "America/New_York", False,
    )  # fmt: skip


def test_what_was_changed_here_by_hand_stays_unless_forced() -> None:
    move("pagerduty")
    ours = Schedule.objects.get()
    oncall.update_schedule(
        actor=ENGINE, now=NOW, schedule_id=ours.pk, name=ours.name, time_zone="UTC", team_id=ours.team_id
    )
    by_name = {item.kind: item for item in move("pagerduty").items if item.act != "cannot"}
    assert by_name["schedule"].act == "kept"
    document = export("pagerduty")
    document["schedules"][0]["time_zone"] = "Europe/Paris"
    assert {i.act for i in move("pagerduty", document=document).items if i.kind == "schedule"} == {"kept"}
    assert {i.act for i in move("pagerduty", document=document, force=True).items if i.kind == "schedule"} == {"change"}
    ours.refresh_from_db()
    assert ours.time_zone == "Europe/Paris"


def test_a_change_there_is_a_change_here() -> None:
    move("pagerduty")
    document = export("pagerduty")
    document["escalation_policies"][0]["num_loops"] = 5
    document["teams"][0]["name"] = "Payments EU"
    changed = {(i.kind, i.act) for i in move("pagerduty", document=document).items if i.act == "change"}
    assert changed == {("policy", "change"), ("team", "change")}
    assert (EscalationPolicy.objects.get().repeat, Team.objects.get(slug="payments").name) == (5, "Payments EU")


def test_a_record_of_the_same_name_stays_and_is_used() -> None:
    theirs = schedule(user("Zoe"), name="Payments on-call", layers=[layer()])
    items = {(i.kind, i.act) for i in move("pagerduty").items}
    assert ("schedule", "kept") in items and ("policy", "make") in items
    step = EscalationPolicy.objects.get().steps.first()
    assert step is not None and step.schedule == theirs


def test_overrides_ahead_come_along_once() -> None:
    for _again in range(2):
        move("grafana-oncall")
    made = Override.objects.get()
    assert (made.user.email, made.reason) == ("bob@example.org", "taken over")


def test_what_cannot_be_done_keeps_none_of_the_others() -> None:
    document = export("pagerduty")
    document["users"][1]["name"] = "x" * 300
    document["escalation_policies"].append({"id": "PE9", "name": "Empty", "escalation_rules": []})
    result = move("pagerduty", document=document)
    assert ("policy", "Empty", "cannot") in {(i.kind, i.name, i.act) for i in result.items}
    assert ("policy", "Payments", "make") in {(i.kind, i.name, i.act) for i in result.items}
    assert ("schedule", "make") in {(i.kind, i.act) for i in result.items}


def test_who_may() -> None:
    for role in ("responder", "lead", "viewer"):
        with pytest.raises(Forbidden):
            actions.move(actor=actor(role=role), now=NOW, source="pagerduty", document={}, apply=False)
    with pytest.raises(ExportUnreadable):
        move("pagerduty", document={"users": 3})


def test_files_are_put_together() -> None:
    files = [
        ("schedules-1.json", b'{"schedule": {"id": 1}}'), ("schedules-2.json", b'{"schedule": {"id": 2}}'),
        ("users.json", b'{"data": [{"id": "u"}]}'), ("teams.json", b'[{"id": "t"}]'), ("am.yml", b"receivers: []"),
    ]  # fmt: skip
    assert reading.document_of(files) == {
        "schedules": [{"id": 1}, {"id": 2}], "users": [{"id": "u"}], "teams": [{"id": "t"}], "receivers": [],
    }  # fmt: skip
    for wrong in ([], [("x.json", b"{")], [("x.json", b"3")], [("x.yml", b"\t:")]):
        with pytest.raises(ExportUnreadable):
            reading.document_of(wrong)


def test_the_command(capsys: Any, tmp_path: Path) -> None:
    def run(*files: str, **more: Any) -> int:
        values = {"kind": "pagerduty", "plan": True, "apply": False, "force": False, "json": False}
        return command.run(Namespace(files=list(files), **{**values, **more}))

    folder = str(HERE / "pagerduty" / "samples")
    assert run(folder) == 1  # services cannot be taken over, and it says so
    said = capsys.readouterr().out
    assert "Nothing was changed" in said and "Payments on-call" in said
    assert not Schedule.objects.exists()
    assert run(folder, apply=True, json=True) == 1
    assert json.loads(capsys.readouterr().out)["applied"] is True
    assert Schedule.objects.exists()
    for wrong in (str(tmp_path), str(tmp_path / "nothing.json")):
        with pytest.raises(Trouble):
            run(wrong)


def test_pages(client: Client) -> None:
    client.force_login(user("Root", role="administrator"))
    url = reverse("moving:move")
    assert client.get(url).status_code == 200
    wrong = client.post(url, {"source": "pagerduty", "file": SimpleUploadedFile("x.json", b"{")})
    assert wrong.status_code == 422 and "cannot be read" in wrong.content.decode()
    content = (HERE / "pagerduty" / "samples" / "export.json").read_bytes()
    plan = client.post(url, {"source": "pagerduty", "file": SimpleUploadedFile("export.json", content)})
    html = plan.content.decode()
    assert plan.status_code == 200 and "What would happen" in html and "will be made" in html
    assert not Schedule.objects.exists()
    key = html.partition('name="key" value="')[2].partition('"')[0]
    done = client.post(reverse("moving:apply"), {"key": key}).content.decode()
    assert "Taken over" in done and Schedule.objects.exists()
    assert client.post(reverse("moving:apply"), {"key": "nonsense"}).status_code == 302
    lead = Client()
    lead.force_login(user(role="lead"))
    assert lead.get(url).status_code == 403


def test_api() -> None:
    api = Api("administrator")
    body = {"source": "grafana-oncall", "document": export("grafana-oncall")}
    assert api("POST", "/moving", body)["applied"] is False
    assert not Schedule.objects.exists()
    assert api("POST", "/moving", {**body, "apply": True})["applied"] is True
    assert Schedule.objects.exists()
    api("POST", "/moving", {"source": "pagerduty", "document": {}}, 422)
    api("POST", "/moving", {"source": "nagios", "document": {}}, 422)
