"""The loop with real peers: a rule fires, a person is paged by mail, acknowledges by the link, the rule ends."""

from __future__ import annotations

import http.cookiejar
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.harness.mail import Sink, link_in, sink
from tests.harness.processes import Steward, scratch, send, steward_up, wait_until
from tests.harness.prometheus import Prometheus, alertmanager, prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("loop")]
needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="the Debian package prometheus is not installed"
)
needs_alertmanager = pytest.mark.skipif(
    not shutil.which("prometheus-alertmanager"), reason="the Debian package prometheus-alertmanager is not installed"
)
needs_amtool = pytest.mark.skipif(not shutil.which("amtool"), reason="amtool (prometheus-alertmanager) is missing")


@pytest.fixture(scope="module")
def mails() -> Iterator[Sink]:
    with sink() as kept:
        yield kept


@pytest.fixture(scope="module")
def steward(mails: Sink) -> Iterator[Steward]:
    mail = {"STEWARD_SMTP_HOST": "127.0.0.1", "STEWARD_SMTP_PORT": str(mails.port)}
    with scratch() as folder, steward_up(folder, **mail) as running:
        running.page_somebody(
            'service="claims"', group_by=["alertname"], severity_map={"critical": "SEV1"}, reopen_minutes=0
        )
        yield running


def incident_of(steward: Steward, title: str, status: str) -> dict[str, Any] | None:
    return next((i for i in steward.incidents() if title in i["title"] and i["status"] == status), None)


def tap(steward: Steward, link: str, verb: str) -> None:
    """Open the link as a phone does, and tap the button."""
    address = steward.url + urllib.parse.urlsplit(link).path
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(address, timeout=10) as answer:
        page = answer.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token and f'value="{verb}"' in page, page
    body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], "verb": verb}).encode()
    with opener.open(urllib.request.Request(address, data=body), timeout=10) as answer:
        assert answer.status == 200


def look_only(steward: Steward, link: str) -> None:
    """What a mail scanner does: it opens the link, with several methods, and sends forms it has no token for."""
    address = steward.url + urllib.parse.urlsplit(link).path
    for method in ("GET", "HEAD"):
        assert send(address, method)[0] == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(address, "POST", b"verb=resolve", form)[0] == 403


def paged(steward: Steward, mails: Sink, ref: str) -> EmailMessage:
    return wait_until(f"the page about {ref}", lambda: mails.about(ref), 30, steward.log)[0]


def run_the_loop(steward: Steward, mails: Sink, rule: Prometheus) -> None:
    incident = wait_until("an incident", lambda: incident_of(steward, rule.name, "open"), 40, steward.log)
    assert incident["severity"] == "SEV1"
    link = link_in(paged(steward, mails, incident["ref"]))
    look_only(steward, link)
    assert incident_of(steward, rule.name, "open"), "looking at the link must change nothing"
    tap(steward, link, "acknowledge")
    assert incident_of(steward, rule.name, "acknowledged")
    rule.set_rule("vector(1) > 2")
    wait_until("the resolution", lambda: incident_of(steward, rule.name, "resolved"), 40, steward.log)
    check_timeline(steward.timeline(incident["ref"]))
    assert set(mails.counts().values()) == {1}


def check_timeline(entries: list[dict[str, Any]]) -> None:
    kinds = [entry["kind"] for entry in entries]
    order = [kinds.index(kind) for kind in ("opened", "alert", "page", "acknowledged", "resolved")]
    assert order == sorted(order), kinds
    without = [entry for entry in entries if not entry["why"] and entry["kind"] not in {"acknowledged"}]
    assert not without, "every automatic step says why"
    acknowledged = next(entry for entry in entries if entry["kind"] == "acknowledged")
    assert "admin" in acknowledged["by"].lower(), acknowledged


@needs_prometheus
def test_prometheus_with_steward_as_its_alertmanager(steward: Steward, mails: Sink, tmp_path: Path) -> None:
    path = steward.run("source", "create", "--name", "prometheus", "--kind", "alertmanager")
    host = urllib.parse.urlsplit(steward.url).netloc
    with prometheus(tmp_path, name="ClaimsIntakeRejects", alertmanager=host, path_prefix=path) as rule:
        run_the_loop(steward, mails, rule)


@needs_prometheus
@needs_alertmanager
def test_a_real_alertmanagers_webhook(steward: Steward, mails: Sink, tmp_path: Path) -> None:
    path = steward.run("source", "create", "--name", "webhook", "--kind", "alertmanager")
    with alertmanager(tmp_path, webhook=f"{steward.url}{path}/alertmanager") as host:
        with prometheus(tmp_path, name="ClaimsQueueGrows", alertmanager=host) as rule:
            run_the_loop(steward, mails, rule)


@needs_amtool
def test_amtool_talks_to_steward(steward: Steward, mails: Sink) -> None:
    path = steward.run("source", "create", "--name", "amtool", "--kind", "alertmanager")
    amtool(
        steward, path, "alert", "add", "ByHand", "service=claims", "severity=critical", "--annotation=summary=ByHand"
    )
    assert "ByHand" in amtool(steward, path, "alert", "query", "-o", "extended")
    assert "ByHand" in amtool(steward, path, "alert", "query", "service=claims")
    assert "ByHand" not in amtool(steward, path, "alert", "query", "service=other")
    incident = wait_until("an incident", lambda: incident_of(steward, "ByHand", "open"), 20, steward.log)
    tap(steward, link_in(paged(steward, mails, incident["ref"])), "resolve")
    assert incident_of(steward, "ByHand", "resolved")


def amtool(steward: Steward, path: str, *words: str) -> str:
    done = subprocess.run(
        ["amtool", *words, f"--alertmanager.url={steward.url}{path}"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
