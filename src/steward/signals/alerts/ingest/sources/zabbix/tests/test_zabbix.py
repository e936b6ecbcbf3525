"""Zabbix: the payload, and the media type that sends it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from steward.signals.alerts.ingest.sources import Unreadable
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
# Zabbix' own objects, as far as the script uses them; what was posted is the last line that is printed.
ZABBIX = """
var status = STATUS, headers = [], posted = null;
function HttpRequest() {}
HttpRequest.prototype.addHeader = function (text) { headers.push(text); };
HttpRequest.prototype.setProxy = function (text) { headers.push('proxy ' + text); };
HttpRequest.prototype.getStatus = function () { return status; };
HttpRequest.prototype.post = function (url, body) { posted = {url: url, body: body}; return 'because'; };
var logged = [], Zabbix = {log: function (level, text) { logged.push(text); }}, answer = null, thrown = null;
try { answer = (new Function('value', SCRIPT))(VALUE); } catch (error) { thrown = String(error); }
console.log(JSON.stringify({posted: posted, headers: headers, logged: logged, answer: answer, thrown: thrown}));
"""


def media_type() -> dict[str, Any]:
    exported = yaml.safe_load((FOLDER / "files" / "steward-media-type.yaml").read_text())["zabbix_export"]
    assert exported["version"] == "7.0"
    (found,) = exported["media_types"]
    return dict(found)


def run_script(values: dict[str, str], status: int = 200) -> dict[str, Any]:
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        pytest.skip("nothing here runs JavaScript")
    program = ZABBIX.replace("STATUS", str(status)).replace("SCRIPT", json.dumps(media_type()["script"]))
    program = program.replace("VALUE", json.dumps(json.dumps(values)))
    done = subprocess.run([node, "-"], input=program, capture_output=True, text=True, timeout=60, check=True)
    return dict(json.loads(done.stdout))


def test_samples() -> None:
    check_samples("zabbix", "zabbix", FOLDER)


def test_a_problem() -> None:
    (fires,) = read("zabbix", sample(FOLDER, "problem.json")).good
    assert fires.labels == {
        "alertname": "Linux: Disk space is critically low on /var (used > 90%)",
        "severity": "average",
        "host": "db-3",
        "trigger_id": "23187",
        "component": "storage",
        "scope": "availability,capacity",
        "monitored": "true",
    }
    assert (fires.resolved, fires.starts_at, fires.ends_at) == (False, datetime(2026, 3, 2, 9, 35, tzinfo=UTC), None)
    assert fires.annotations["operational_data"] == "Space used: 18.6 GB of 20 GB (93.1 %)"
    assert fires.annotations["summary"] == "db-3: Linux: Disk space is critically low on /var (used > 90%)"
    assert fires.generator_url == "https://zabbix.example.org/tr_events.php?triggerid=23187&eventid=48213"


def test_a_recovery_is_of_the_same_alert_though_its_severity_was_changed_by_hand() -> None:
    (fires,) = read("zabbix", sample(FOLDER, "problem.json")).good
    (ended,) = read("zabbix", sample(FOLDER, "recovery.json")).good
    assert ended.labels == fires.labels and ended.fingerprint == fires.fingerprint
    assert (ended.resolved, ended.ends_at) == (True, datetime(2026, 3, 2, 11, 15, tzinfo=UTC))
    assert ended.annotations["event_severity"] == "High"


def test_macros_that_have_no_value_are_left_out() -> None:
    (fires,) = read("zabbix", sample(FOLDER, "unresolved-macros.json")).good
    assert fires.labels["severity"] == "disaster" and fires.starts_at is None
    assert fires.generator_url == "https://wiki.example.org/switches"
    shown = [*fires.labels.values(), *fires.annotations.values()]
    assert not any(text.startswith("{") or "*UNKNOWN*" in text for text in shown)


def test_updates_and_the_test_button_bring_nothing() -> None:
    problem = sample(FOLDER, "problem.json")
    untouched = {each["name"]: each.get("value", "") for each in media_type()["parameters"]}
    for payload in ({**problem, "event_update_status": "1"}, untouched):
        parsed = read("zabbix", payload)
        assert not parsed.good and not parsed.bad


def test_what_cannot_be_used_says_so() -> None:
    problem = sample(FOLDER, "problem.json")
    for change, wrong in (({"event_source": "4"}, "trigger"), ({"event_value": "2"}, "1")):
        with pytest.raises(Unreadable, match=wrong):
            read("zabbix", {**problem, **change})
    with pytest.raises(Unreadable, match="media type"):
        read("zabbix", {"subject": "Problem"})
    assert read("zabbix", {**problem, "trigger_id": ""}).bad
    assert read("zabbix", {**problem, "event_tags": "[{"}).good[0].labels["host"] == "db-3"


def test_garbage() -> None:
    check_garbage("zabbix", sample(FOLDER, "problem.json"))


def test_set_up() -> None:
    page = check_set_up("zabbix")
    assert "https://steward.example.org/in/KEY/zabbix" in page and "steward-media-type.yaml" in page
    assert "{$ZABBIX.URL}" in page


def test_the_media_type_has_what_the_parser_reads() -> None:
    found = media_type()
    assert found["type"] == "WEBHOOK"
    names = [each["name"] for each in found["parameters"]]
    secret = {"steward_url", "http_proxy"}
    assert len(names) == len(set(names)) and set(names) - secret == set(sample(FOLDER, "problem.json"))
    modes = {(each["event_source"], each["operation_mode"]) for each in found["message_templates"]}
    assert modes == {("TRIGGERS", "PROBLEM"), ("TRIGGERS", "RECOVERY"), ("TRIGGERS", "UPDATE")}


def test_the_script_posts_what_it_is_given() -> None:
    url, problem = "https://steward.example.org/in/KEY/zabbix", sample(FOLDER, "problem.json")
    ran = run_script({**problem, "steward_url": url, "http_proxy": ""})
    assert (ran["answer"], ran["thrown"], ran["logged"]) == ("OK", None, [])
    assert ran["posted"]["url"] == url and ran["headers"] == ["Content-Type: application/json"]
    assert json.loads(ran["posted"]["body"]) == problem


def test_the_script_fails_when_steward_refuses() -> None:
    given = {**sample(FOLDER, "problem.json"), "steward_url": "https://steward.example.org/in/KEY/zabbix"}
    ran = run_script({**given, "http_proxy": "http://proxy.example.org:3128"}, status=503)
    assert "503: because" in ran["thrown"] and "503" in ran["logged"][0]
    assert "KEY" not in ran["thrown"] + ran["logged"][0] and "proxy http://proxy.example.org:3128" in ran["headers"]
    assert "Send to" in run_script({**given, "steward_url": "someone@example.org"})["thrown"]
