"""Silences with the real amtool, below a source's key; and a clock that ends one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness.processes import Steward, scratch, steward_up, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("silences"),
    pytest.mark.skipif(not shutil.which("amtool"), reason="amtool (prometheus-alertmanager) is missing"),
]


@pytest.fixture(scope="module")
def steward() -> Iterator[Steward]:
    with scratch() as folder, steward_up(folder) as running:
        yield running


@pytest.fixture(scope="module")
def path(steward: Steward) -> str:
    made = steward.run("source", "create", "--name", "north", "--kind", "alertmanager")
    (source,) = [each for each in steward.call("GET", "/sources")["items"] if each["name"] == "north"]
    refused = amtool(steward, made, "silence", "add", "a=b", "--comment=x", fails=True)
    assert "may not manage silences" in refused
    steward.call("PUT", "/silences/keys", {"source_id": source["id"], "allowed": True})
    return made


def amtool(steward: Steward, path: str, *words: str, fails: bool = False) -> str:
    done = subprocess.run(
        ["amtool", *words, f"--alertmanager.url={steward.url}{path}"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
    return done.stderr if fails else done.stdout.strip()


def listed(steward: Steward, path: str, *words: str) -> list[dict[str, Any]]:
    return json.loads(amtool(steward, path, "silence", "query", "-o", "json", *words))  # type: ignore[no-any-return]


def firing(steward: Steward, path: str, *flags: str) -> set[str]:
    found = json.loads(amtool(steward, path, "alert", "query", "-o", "json", *flags))
    return {each["labels"]["alertname"] for each in found}


def two_fire(steward: Steward, path: str) -> None:
    for name in ("DiskFull", "Other"):
        amtool(steward, path, "alert", "add", name, "instance=db-1")


def test_amtool_manages_silences(steward: Steward, path: str) -> None:
    two_fire(steward, path)
    uuid = amtool(
        steward, path, "silence", "add", "alertname=~Disk.*", "--comment=swap", "--author=ann", "--duration=2h"
    )
    (found,) = listed(steward, path)
    assert (found["id"], found["createdBy"], found["status"]["state"]) == (uuid, "ann", "active")
    assert firing(steward, path) == firing(steward, path, "--active") == {"Other"}
    assert firing(steward, path, "--silenced") == {"DiskFull"}
    assert firing(steward, path, "--inhibited") == set()
    assert firing(steward, path, "--receiver=steward") == {"Other"}

    amtool(steward, path, "silence", "update", "--duration=5h", "--comment=longer", uuid)
    (updated,) = listed(steward, path)
    assert (updated["id"], updated["comment"]) == (uuid, "longer")
    assert listed(steward, path, "alertname=Else") == [] and "longer" in amtool(steward, path, "silence", "query")
    assert amtool(steward, path, "silence", "query", "-q") == uuid

    amtool(steward, path, "silence", "expire", uuid)
    assert listed(steward, path) == []
    (ended,) = [each for each in listed(steward, path, "--expired") if each["id"] == uuid]
    assert ended["status"]["state"] == "expired"
    assert firing(steward, path, "--active") == {"DiskFull", "Other"}
    amtool(steward, path, "silence", "expire", "no-such-id", fails=True)


def test_what_was_exported_can_be_imported(steward: Steward, path: str) -> None:
    for name in ("A", "B"):
        amtool(steward, path, "silence", "add", f"alertname={name}", "env!=test", "--comment=export", "--duration=1h")
    exported = amtool(steward, path, "silence", "query", "-o", "json")
    before = listed(steward, path)
    assert len(before) == 2
    for each in before:
        amtool(steward, path, "silence", "expire", each["id"])
    done = subprocess.run(
        ["amtool", "silence", "import", "--force", f"--alertmanager.url={steward.url}{path}"],
        input=exported, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    after = listed(steward, path)
    assert [each["matchers"] for each in after] == [each["matchers"] for each in before]
    for each in after:
        amtool(steward, path, "silence", "expire", each["id"])


def test_the_page_and_the_engine_know_of_it(steward: Steward, path: str) -> None:
    def ends_in(seconds: int) -> dict[str, str]:
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"matchers": "alertname=DiskFull", "comment": "short", "ends_at": end.isoformat()}

    two_fire(steward, path)
    made = steward.call("POST", "/silences", ends_in(3600))
    assert made["state"] == "active"
    assert firing(steward, path, "--silenced") == {"DiskFull"}, "what the page silences, amtool sees"
    steward.call("PUT", f"/silences/{made['id']}", ends_in(2))

    def ended() -> bool:
        return bool(steward.call("GET", f"/silences/{made['id']}")["holds_until"] is None)

    wait_until("the clock ends it", ended, 15, steward.log)
    assert firing(steward, path, "--active") == {"DiskFull", "Other"}
