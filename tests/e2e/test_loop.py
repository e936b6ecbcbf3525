"""The loop with real peers: a rule fires, a person is paged by mail, acknowledges by the link, the rule ends."""

from __future__ import annotations

import http.cookiejar
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.mail import Sink, link_in, sink
from tests.harness.processes import Steward, send, steward_up, wait_until
from tests.harness.prometheus import Prometheus, alertmanager, prometheus

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.skipif(not shutil.which("prometheus"), reason="the Debian package prometheus is not installed"),
]


@pytest.fixture(scope="module")
def mails() -> Iterator[Sink]:
    with sink() as kept:
        yield kept


@pytest.fixture(scope="module")
def steward(tmp_path_factory: pytest.TempPathFactory, mails: Sink) -> Iterator[Steward]:
    folder = tmp_path_factory.mktemp("loop")
    with steward_up(folder, STEWARD_SMTP_HOST="127.0.0.1", STEWARD_SMTP_PORT=str(mails.port)) as running:
        policy = _policy(running)
        running.call(
            "POST", "/routes",
            {"name": "Claims", "matchers": 'service="claims"', "group_by": ["alertname"], "group_wait": 0,
             "policy_id": policy, "severity_map": {"critical": "SEV1"}},
        )  # fmt: skip
        yield running


def _policy(steward: Steward) -> int:
    admin = steward.call("GET", "/people")["items"][0]["id"]
    policy = steward.call(
        "POST", "/policies",
        {"name": "Call the administrator", "repeat": 1,
         "steps": [{"kind": "notify_user", "user_id": admin}, {"kind": "wait", "wait_minutes": 5}]},
    )  # fmt: skip
    return int(policy["id"])


def only_incident(steward: Steward, status: str, known: set[str]) -> Any:
    return next((i for i in steward.incidents() if i["status"] == status and i["ref"] not in known), None)


def acknowledge_by_link(steward: Steward, url: str) -> None:
    """Open the link as a phone does, and tap the button."""
    address = steward.url + urllib.parse.urlsplit(url).path
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(address, timeout=10) as answer:
        page = answer.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    button = re.search(r'name="([a-z]+)"[^>]*value="acknowledge"', page)
    assert token and button, page
    body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], button[1]: "acknowledge"}).encode()
    with opener.open(urllib.request.Request(address, data=body), timeout=10) as answer:
        assert answer.status == 200


def run_the_loop(steward: Steward, mails: Sink, rule: Prometheus) -> None:
    before, known = len(mails.messages), {incident["ref"] for incident in steward.incidents()}
    rule.set_rule("vector(1)")
    incident = wait_until("an incident", lambda: only_incident(steward, "open", known), 40, steward.log)
    assert incident["severity"] == "SEV1"
    wait_until("the page", lambda: len(mails.messages) > before, 20, steward.log)
    message = mails.messages[before]
    assert incident["ref"] in str(message["Subject"])
    link = link_in(message)
    for method in ("GET", "HEAD"):
        status, _body = send(steward.url + urllib.parse.urlsplit(link).path, method)
        assert status == 200
    assert only_incident(steward, "open", known), "a mail scanner's GET must change nothing"
    acknowledge_by_link(steward, link)
    assert steward.call("GET", f"/incidents/{incident['ref']}")["status"] == "acknowledged"
    rule.set_rule("vector(1) > 2")
    wait_until("the resolution", lambda: only_incident(steward, "resolved", known), 40, steward.log)
    timeline = steward.call("GET", f"/incidents/{incident['ref']}/timeline")
    entries = timeline["items"] if isinstance(timeline, dict) else timeline
    kinds = [entry["kind"] for entry in entries]
    for kind in ("opened", "alert", "page", "acknowledged", "resolved"):
        assert kind in kinds, kinds
    assert all(entry["why"] for entry in entries if entry["kind"] in {"opened", "alert", "page", "resolved"}), entries
    assert max(mails.counts().values()) == 1


def test_prometheus_with_steward_as_its_alertmanager(steward: Steward, mails: Sink, tmp_path: Path) -> None:
    path = steward.run("source", "create", "--name", "prometheus", "--kind", "alertmanager")
    host = urllib.parse.urlsplit(steward.url).netloc
    with prometheus(tmp_path, alertmanager=host, path_prefix=path) as rule:
        run_the_loop(steward, mails, rule)


def test_a_real_alertmanagers_webhook(steward: Steward, mails: Sink, tmp_path: Path) -> None:
    path = steward.run("source", "create", "--name", "webhook", "--kind", "alertmanager")
    with alertmanager(tmp_path, webhook=f"{steward.url}{path}/alertmanager") as host:
        with prometheus(tmp_path, alertmanager=host) as rule:
            run_the_loop(steward, mails, rule)
