"""alertmanager.yml becomes a document: what amtool accepts and where it routes is what this does."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.response.timemachine.rules.document import check
from steward.response.timemachine.rules.importing import Imported, read
from steward.response.timemachine.rules.loading import load
from steward.response.timemachine.rules.writing import write
from steward.response.timemachine.tests.walking import taking

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.yml"))
needs_amtool = pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")

# Aliases of aliases: a few lines that come to a thousand million words.
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
SMALL = """\
route: {receiver: a}
receivers: [{name: a}]
"""


def imported(name: str) -> Imported:
    found = read((Path(__file__).parent / "samples" / f"{name}.yml").read_text())
    assert [str(problem) for problem in found.problems] == []
    return found


def amtool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *words], capture_output=True, text=True, timeout=20)


@needs_amtool
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_amtool_accepts_the_samples(sample: Path) -> None:
    assert amtool("check-config", str(sample)).returncode == 0


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_no_secret_comes_along_and_the_document_can_be_edited(sample: Path) -> None:
    found = read(sample.read_text())
    assert found.document is not None
    assert "secret" not in repr(found)
    again = check(load(write(found.document)))
    assert again.problems == ()
    assert again.document == found.document


def test_the_old_syntax() -> None:
    document = imported("old_syntax").document
    assert document is not None
    payments, storage, database = document["routes"]

    assert (
        document["default"] | {"policy": "operations-mail", "group_by": ["alertname", "cluster", "service"]}
        == (document["default"])
    )
    assert payments["name"] == 'payments-mail: service=~"^(billing|ledger|mail)$"'
    assert payments["matchers"] == [{"name": "service", "op": "=~", "value": "^(billing|ledger|mail)$"}]
    assert [payments[name] for name in ("group_wait", "group_interval", "repeat_interval")] == [30, 300, 10800]
    assert payments["children"][0]["repeat_interval"] == 3600
    assert payments["children"][0]["group_by"] == ["alertname", "cluster", "service"]
    assert (storage["continues"], storage["mute_times"]) == (True, ["nights"])
    # `on` is the text that was written, as Alertmanager reads it, and half a second is a whole one.
    assert database["matchers"][1] == {"name": "enabled", "op": "=", "value": "on"}
    assert database["group_wait"] == 1
    assert [child["group_by"] for child in database["children"]] == [["alertname", "cluster", "database"]] * 2
    assert database["children"][1]["matchers"] == [{"name": "owner", "op": "=", "value": ""}]
    assert [rule["equal"] for rule in document["inhibitions"]] == [["alertname", "cluster", "service"], []]
    assert document["inhibitions"][1]["name"] == 'severity="critical" → severity=~"warning|info" (2)'
    assert document["time_intervals"][0]["name"] == "nights"
    assert document["flapping"]["changes"] == 0
    assert document["topology"]["enabled"] is False


def test_the_new_syntax() -> None:
    document = imported("new_syntax").document
    assert document is not None
    web, database, other = document["routes"]

    assert document["default"]["group_by"] == ["..."]
    assert [document["default"][name] for name in ("group_wait", "group_interval", "repeat_interval")] == [
        30, 300, 14400,
    ]  # fmt: skip
    assert web["active_times"] == ["office", "year end"]
    pager, region, nobody = web["children"]
    # Time intervals are not inherited; the receiver and the grouping are, an empty group_by as a missing one.
    assert (region["active_times"], region["policy"], region["group_by"]) == ([], "web", ["alertname"])
    assert (pager["group_wait"], pager["continues"]) == (0, True)
    assert (nobody["policy"], nobody["opens_incident"], nobody["group_by"]) == (None, False, ["alertname"])
    assert (database["group_interval"], database["repeat_interval"]) == (60, 7 * 86400)
    assert other["mute_times"] == ["office"]


def test_the_report_tells_the_fate_of_every_part() -> None:
    found = imported("old_syntax")
    fates = {line.part: (line.line, line.fate) for line in found.lines}
    assert fates["global.resolve_timeout"] == (3, "differs")
    assert fates["global.smtp_auth_password"] == (7, "lost")
    assert fates["global.slack_api_url"] == (8, "lost")
    assert fates["templates"] == (10, "lost")
    assert fates["route"] == (13, "carried")
    assert fates["route.routes[0].routes[0]"] == (24, "carried")
    assert fates["route.routes[2].group_wait"] == (37, "differs")
    assert fates["inhibit_rules[0]"] == (45, "carried")
    assert fates["mute_time_intervals[0]"] == (52, "carried")
    assert fates["receivers[2]"] == (63, "differs")
    kinds = {receiver.name: (receiver.kinds, receiver.used) for receiver in found.receivers}
    assert kinds["payments-pager"] == (("pagerduty", "email"), 1)
    assert kinds["storage-pager"] == (("slack",), 2)
    assert all(str(line.words) for line in found.lines)


def test_a_receiver_that_tells_nobody_only_records() -> None:
    found = imported("kubernetes")
    assert found.document is not None
    assert found.document["default"]["opens_incident"] is False
    assert [route["policy"] for route in found.document["routes"]] == ["Watchdog", None, "Critical"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 0, "no “route”"),
        ("route: [", 2, "not YAML"),
        ("- a", 1, "names with values"),
        ("route: {receiver: b}\nreceivers: [{name: a}]", 1, "no receiver “b”"),
        ("route: {}\nreceivers: [{name: a}]", 1, "root route needs a receiver"),
        ("route:\n  receiver: a\n  continue: true\nreceivers: [{name: a}]", 3, "cannot have “continue”"),
        ("route:\n  receiver: a\n  matchers: [a=b]\nreceivers: [{name: a}]", 3, "cannot have “matchers”"),
        ("route:\n  receiver: a\n  routes:\n  - matchers:\n    - a=b\n    - 'a=~\"(\"'\nreceivers: [{name: a}]", 6, "pattern"),
        ("route:\n  receiver: a\n  routes:\n  - match_re:\n      b: '['\nreceivers: [{name: a}]", 5, "pattern"),
        ("route:\n  receiver: a\n  routes:\n  - matchers: a=b\nreceivers: [{name: a}]", 4, "must be a list"),
        ("route: {receiver: a, group_wait: soon}\nreceivers: [{name: a}]", 1, "“soon” is not a duration"),
        ("route:\n  receiver: a\n  repeat_interval: 0s\nreceivers: [{name: a}]", 3, "cannot be zero"),
        ("route:\n  receiver: a\n  group_by: [a, '...']\nreceivers: [{name: a}]", 3, "beside others"),
        ("route:\n  receiver: a\n  group_by: [a, a]\nreceivers: [{name: a}]", 3, "twice"),
        ("route:\n  receiver: a\n  routes:\n  - mute_time_intervals: [x]\nreceivers: [{name: a}]", 4, "no time interval “x”"),
        ("route:\n  receiver: a\n  typo: 1\nreceivers: [{name: a}]", 3, "“typo” is not known"),
        (SMALL + "receivers2: []", 3, "not a part of alertmanager.yml"),
        (SMALL + "route: {}", 3, "written twice"),
        ("route: {receiver: a}\nreceivers:\n- name: a\n- name: a", 4, "name of its own"),
        (SMALL + "time_intervals:\n- name: x\n  time_intervals:\n  - weekdays: [mon]", 5, "not a weekday"),
        (SMALL + "time_intervals:\n- name: x\n  time_intervals: [{location: Local}]", 5, "another zone"),
        (SMALL + "inhibit_rules:\n- sources: {a: b}", 4, "“sources” is not known"),
        (LAUGHS, 6, "too large"),
        ("a: &a\n  b: *a", 0, "nested too deep"),
        ("x" * 500_001, 0, "At most 500000 characters"),
        ("[" * 400, 2, "not YAML"),
        ("a: " + "[" * 100 + "]" * 100, 1, "nested too deep"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, problem: str) -> None:
    found = read(text)
    assert found.document is None
    told = [each for each in found.problems if problem in str(each)]
    assert told, found.problems
    if line and "too" not in problem and "not YAML" not in problem:
        assert told[0].line == line


def test_all_problems_are_told_at_once() -> None:
    found = read("route:\n  receiver: b\n  group_wait: x\n  routes: [{typo: 1}]\nreceivers: []")
    assert [problem.line for problem in found.problems] == [2, 3, 4]


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["", "x", "y", "xy", "on", "null", "1"])


@st.composite
def routes(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if draw(st.booleans()):
        node["match"] = draw(st.dictionaries(NAMES, VALUES, min_size=1, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        pattern = st.sampled_from(["x|y", ".*", ".+", "x.?", "^y$", "", "(?i)X"])
        node["match_re"] = draw(st.dictionaries(NAMES, pattern, min_size=1, max_size=2))
    if draw(st.booleans()):
        ops = st.sampled_from(["=", "!=", "=~", "!~"])
        texts = st.builds(
            lambda name, op, value: f'{name}{op}"{value}"', NAMES, ops, st.sampled_from(["", "x", "y", "x|y", "1"])
        )
        node["matchers"] = draw(st.lists(texts, min_size=1, max_size=2))
    if draw(st.booleans()):
        node["continue"] = draw(st.booleans())
    if depth < 3:
        children = draw(st.lists(routes(depth + 1), max_size=3 - depth))
        if children:
            node["routes"] = children
    return node


def _numbered(route: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Every route with a receiver of its own, so that amtool's answer names the route."""
    names.append(f"r{len(names)}")
    return {**route, "receiver": names[-1], "routes": [_numbered(child, names) for child in route.get("routes", [])]}


@needs_amtool
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    below=st.lists(routes(), min_size=1, max_size=4),
    label_sets=st.lists(st.dictionaries(NAMES, VALUES.filter(bool)), min_size=1, max_size=3),
)
def test_alerts_end_where_amtool_says(below: list[dict[str, Any]], label_sets: list[dict[str, str]]) -> None:
    names: list[str] = []
    root = _numbered({"routes": below}, names)
    config = {"route": root, "receivers": [{"name": name, "webhook_configs": [{"url": "http://x/"}]} for name in names]}
    text = yaml.safe_dump(config)
    document = read(text).document
    assert document is not None
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        for labels in label_sets:
            words = [f'{name}="{value}"' for name, value in labels.items()]
            told = amtool("config", "routes", "test", f"--config.file={file.name}", *words)
            assert told.returncode == 0, told.stderr
            assert [route["policy"] for route in taking(document, labels)] == told.stdout.strip().split(",")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A sample with a hole in it."""
    text = draw(st.sampled_from(SAMPLES)).read_text()
    start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 30))
    return text[:start] + text[start + length :]


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=200) | damaged())
def test_no_text_makes_it_fail(text: str) -> None:
    found = read(text)
    assert (found.document is None) == bool(found.problems)
