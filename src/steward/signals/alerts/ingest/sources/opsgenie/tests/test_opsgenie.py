"""Opsgenie's Alert API."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import KINDS, Received, Unreadable, reader_of
from steward.signals.alerts.ingest.sources.opsgenie.parser import verify
from steward.signals.alerts.models import Alert
from steward.signals.alerts.tests.factories import Answer, call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
BY_ALIAS = "identifierType=alias"


def test_samples() -> None:
    check_samples("opsgenie", "v2/alerts", FOLDER)


def test_an_alert_and_its_end() -> None:
    (firing,) = read("v2/alerts", sample(FOLDER, "create.json")).good
    (resolved,) = read("v2/alerts/files-2/var/disk/close", b"", query=BY_ALIAS).good
    assert firing.fingerprint == resolved.fingerprint and (firing.resolved, resolved.resolved) == (False, True)
    assert firing.labels == {
        "alertname": "Disk of files-2 nearly full",
        "severity": "critical",
        "priority": "P1",
        "alias": "files-2/var/disk",
        "entity": "files-2",
        "source": "Sample monitoring",
        "tags": "Critical,prod",
        "team": "4513b7ea-3b91-438f-b7e4-e3e54af9147c,Storage",
    }
    assert firing.annotations == {
        "summary": "Disk of files-2 nearly full",
        "description": "Only 3 % are left on /var.",
        "filesystem": "/var",
        "free": "3 %",
        "note": "Seen twice today",
        "user": "monitoring",
    }
    assert resolved.labels == {"alertname": "files-2/var/disk", "alias": "files-2/var/disk"}


def test_what_others_leave_out() -> None:
    (bare,) = read("v2/alerts", sample(FOLDER, "no-alias.json")).good
    (again,) = read("v2/alerts", sample(FOLDER, "no-alias.json")).good
    assert bare.severity == "warning" and bare.fingerprint == again.fingerprint
    (found,) = read("v2/alerts", sample(FOLDER, "from-alertmanager.json")).good
    assert (found.severity, found.labels["priority"], found.labels["tags"]) == ("high", "P2", "latency")
    assert "team" not in found.labels and found.annotations["severity"] == "page"


def test_only_an_alias_says_which_alert() -> None:
    for query in ("", "identifierType=id", "identifierType=tiny"):
        for action in ("close", "acknowledge"):
            with pytest.raises(Unreadable, match="identifierType=alias"):
                read(f"v2/alerts/1234/{action}", b"{}", query=query)
    parsed = read("v2/alerts/1234/acknowledge", b"{}", query=BY_ALIAS)
    assert not parsed.good and not parsed.bad


def test_a_missing_message() -> None:
    assert "message" in read("v2/alerts", {"alias": "a"}).bad[0].error


def test_paths() -> None:
    for path in ("v2/alerts", "v2/alerts/a/close", "v2/alerts/a/b/c/d/e/close", "v2/alerts/a/acknowledge"):
        reader = reader_of(path)
        assert reader is not None and reader[0] is KINDS["opsgenie"], path
    for path in ("v2/alerts/a", "v2/alerts/a/notes", "v2/alerts/a/b/c/d/e/f/close"):
        assert reader_of(path) is None, path


@pytest.mark.parametrize(
    ("header", "wrong"),
    [("GenieKey right", ""), ("geniekey right", ""), ("GenieKey wrong", "not this source's"), ("Bearer right", "GenieKey"),
     ("", "GenieKey")],
)  # fmt: skip
def test_the_api_key_is_the_secret(header: str, wrong: str) -> None:
    trouble = verify(Received(b"{}", NOW, "v2/alerts", "", [(b"authorization", header.encode())]), "right")
    assert wrong in trouble and bool(wrong) == bool(trouble)


def test_garbage() -> None:
    check_garbage("v2/alerts", sample(FOLDER, "create.json"))


def test_set_up() -> None:
    assert "opsgenie_configs" in check_set_up("opsgenie")


@pytest.mark.django_db(transaction=True)
def test_from_the_alert_to_its_end_through_the_door() -> None:
    source("k")
    body = sample(FOLDER, "create.json")

    async def story(app: Application) -> list[Answer]:
        close = f"/in/k/v2/alerts/{body['alias']}"
        return [
            await call(app, "/in/k/v2/alerts", body),
            await call(app, f"{close}/acknowledge", b"", query=BY_ALIAS.encode()),
            await call(app, f"{close}/close", {"note": "done"}, query=BY_ALIAS.encode()),
            await call(app, "/in/k/v2/alerts/1/close", {}, query=b"identifierType=id"),
        ]

    answers: list[Any] = with_door(story)
    assert [each.status for each in answers] == [202, 202, 202, 400]
    assert answers[0].json["result"] == "Request will be processed"
    assert len({UUID(each.json["requestId"]) for each in answers[:3]}) == 3
    stored = Alert.objects.get()
    assert (stored.status, stored.severity, stored.annotations["free"]) == ("resolved", "critical", "3 %")
