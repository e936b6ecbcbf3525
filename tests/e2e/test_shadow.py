"""A team moves from Alertmanager: both get the same alerts, Alertmanager's webhook tells Steward what it told, the
difference is seen, the configuration is mended, the difference is nil, and the source goes live."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness.processes import Steward, scratch, steward_up, wait_until
from tests.harness.running import answers, free_port, process, send

COMMAND = shutil.which("prometheus-alertmanager")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("shadow"),
    pytest.mark.skipif(not COMMAND, reason="Alertmanager (prometheus-alertmanager) is missing"),
]
# What the team had when it first imported: no database team, nothing inhibited.
OLD = """
route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
"""
# What runs.
CONFIG = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 1s
  group_interval: 5s
  repeat_interval: 1h
  routes:
  - {matchers: [team = db], receiver: db}
inhibit_rules:
- {source_matchers: [alertname = HostDown], target_matchers: [alertname = DiskFull], equal: [instance]}
"""


@dataclass
class Both:
    """Alertmanager and Steward, side by side."""

    steward: Steward
    alertmanager: str
    path: str
    source: int

    def push(self, *alerts: dict[str, str], over: bool = False) -> None:
        """What Prometheus does: the same to both."""
        now = datetime.now(UTC)
        times = {"startsAt": (now - timedelta(seconds=1)).isoformat(), "endsAt": now.isoformat()} if over else {}
        body = [{"labels": labels, **times} for labels in alerts]
        for url in (self.alertmanager, self.steward.url + self.path):
            status, answer = send(f"{url}/api/v2/alerts", "POST", body)
            assert status == 200, answer

    def compared(self) -> dict[str, Any]:
        found: dict[str, Any] = self.steward.call("GET", f"/shadow/{self.source}?hours=version")
        return found

    def notifications(self) -> dict[str, int]:
        found: dict[str, int] = self.compared()["notifications"]
        return found

    def publish(self, text: str) -> None:
        """Import an alertmanager.yml with its receivers, and make it live."""
        call = self.steward.call
        draft = call("POST", "/time-machine/drafts/import", {"name": "Alertmanager", "text": text})
        wanted = {each["name"]: each["name"] for each in draft["receivers"]}
        draft = call("PUT", f"/time-machine/drafts/{draft['id']}/policies", {"policies": wanted})
        call("POST", f"/time-machine/drafts/{draft['id']}/publish", {"revision": draft["revision"]})


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[str]:
    port, file, log = free_port(), folder / "alertmanager.yml", folder / "alertmanager.log"
    file.write_text(config)
    command = [
        COMMAND or "", f"--config.file={file}", f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    with process(command, os.environ, log):
        wait_until("alertmanager", lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 30, log)
        yield f"http://127.0.0.1:{port}"


def receivers(target: str, *names: str) -> str:
    """As docs/shadow.md says: every receiver tells Steward too, with its own name at the end."""
    return "receivers:\n" + "".join(
        f"- name: {name}\n  webhook_configs:\n  - url: {target}/shadow/{name}\n    send_resolved: true\n"
        for name in names
    )


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with scratch() as folder, steward_up(folder) as steward:
        path = steward.run("source", "create", "--name", "prod", "--kind", "alertmanager")
        (source,) = [each for each in steward.call("GET", "/sources")["items"] if each["name"] == "prod"]
        admin = steward.call("GET", "/people")["items"][0]["id"]
        for name in ("team", "db"):
            steps = [{"kind": "notify_user", "id": admin}, {"kind": "wait", "minutes": 30}]
            steward.call("POST", "/policies", {"name": name, "repeat": 0, "steps": steps})
        steward.call("PUT", f"/shadow/{source['id']}/mode", {"mode": "shadow"})
        with alertmanager(folder, CONFIG + receivers(steward.url + path, "team", "db")) as url:
            yield Both(steward, url, path, source["id"])


def storm(instance: str) -> list[dict[str, str]]:
    """A host that is down with what it explains, and a slow database."""
    return [
        {"alertname": f"Slow{instance}", "team": "db"},
        {"alertname": "HostDown", "instance": instance},
        {"alertname": "DiskFull", "instance": instance},
    ]


def test_until_the_difference_is_nil_and_then_live(both: Both) -> None:
    both.publish(OLD + receivers("http://example.org", "team"))
    both.push(*storm("1"))
    wait_until("the differences", lambda: both.notifications() == {"both": 1, "receiver": 1, "only_steward": 1})
    why = {each["outcome"]: each for each in both.compared()["differences"]}
    assert (why["receiver"]["receiver"], why["receiver"]["policy"]) == ("db", "team")
    assert why["only_steward"]["names"] == "DiskFull"
    assert "an inhibition" in why["only_steward"]["hint"]
    both.push(*storm("1"), over=True)
    wait_until("all incidents are over", lambda: all(i["status"] == "resolved" for i in both.steward.incidents()))

    both.publish(CONFIG + receivers("http://example.org", "team", "db"))
    assert both.compared()["differences"] == []
    both.push(*storm("2"))
    wait_until("both told the same", lambda: both.notifications() == {"both": 2})
    time.sleep(6)  # a group interval of both: nothing more may come
    found = both.compared()
    assert (found["notifications"], found["differences"], found["agreement"]) == ({"both": 2}, [], 1.0)
    assert {each["labels"]["alertname"]: each["outcome"] for each in found["alerts"] if each["outcome"] != "both"} == {
        "DiskFull": "neither"
    }
    assert both.steward.call("GET", "/pages")["items"] == []

    answer = both.steward.call("PUT", f"/shadow/{both.source}/mode", {"mode": "live", "page_firing": True})
    assert answer == {"mode": "live", "incidents": 2}
    # Each incident; more than one page each may be there by then, for no mail server takes the first.
    wait_until(
        "people are paged",
        lambda: len({each["subject_id"] for each in both.steward.call("GET", "/pages")["items"]}) == 2,
    )
