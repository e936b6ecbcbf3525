import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.signals.alerts.expressions import BadExpression, expression
from steward.signals.alerts.ingest.sources import Received, TooManyAlerts, Unreadable
from steward.signals.alerts.ingest.sources.generic.examples import EXAMPLES
from steward.signals.alerts.ingest.sources.generic.mapping import BadMapping, compiled, remembered
from steward.signals.alerts.tests.kinds import NOW, check_set_up, read

FOLDER = Path(__file__).resolve().parent.parent
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["items", "type", "status", "a", "event", "labels"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def received(value: Any, query: str = "") -> Received:
    return Received(value if isinstance(value, bytes) else json.dumps(value).encode(), NOW, "json", query)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: str(each.name))
def test_every_example_reads_its_sample(example: Any) -> None:
    parsed = compiled(dict(example.document)).read(received(example.sample, "cluster=prod"))
    assert parsed.good and not parsed.bad
    assert all(each.labels["alertname"] for each in parsed.good)
    assert {path.stem for path in (FOLDER / "samples").glob("*.json")} == {each.name for each in EXAMPLES}


def test_kubernetes_events_are_its_warnings_alone_or_in_a_list() -> None:
    example = EXAMPLES[0]
    mapping, body = compiled(dict(example.document)), json.loads(example.sample)
    assert [each.name for each in mapping.read(received(body)).good] == ["BackOff", "FailedScheduling"]
    assert [each.name for each in mapping.read(received(body["items"][0])).good] == ["BackOff"]
    normal = {**body, "items": [body["items"][1]]}
    assert mapping.read(received(normal)).good == [] and mapping.read(received(normal)).bad == []


def test_status_key_times_and_expiry() -> None:
    mapping = compiled(dict(EXAMPLES[2].document))
    body = json.loads(EXAMPLES[2].sample)
    firing = mapping.read(received(body)).good[0]
    assert firing.keyed and not firing.resolved and firing.expires is None and firing.starts_at is not None
    body["event"].update(status=" Closed", closed_at=1772452600)
    ended = mapping.read(received(body)).good[0]
    assert ended.resolved and ended.fingerprint == firing.fingerprint and ended.ends_at is not None
    silent = compiled({"labels": {"alertname": "name"}}).read(received({"name": "x"})).good[0]
    assert silent.expires == "timeout"  # nothing says when it is over but silence


def test_one_alert_that_fails_does_not_stop_the_others() -> None:
    mapping = compiled({"labels": {"alertname": "name", "n": "length(list)"}})
    parsed = mapping.read(received([{"name": "a", "list": [1]}, {"name": "b", "list": 3}]))
    assert [each.labels for each in parsed.good] == [{"alertname": "a", "n": "1"}]
    assert parsed.bad[0].error.startswith("labels.n: ") and parsed.repack is list


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "labels"), ({"labels": {"a": "b["}}, "labels"), ({"labels": {"a": "b"}, "status": "s"}, "resolved"),
        ({"labels": {"a": "b"}, "alerts": "["}, "alerts"), ({"labels": {"a": "b"}, "colour": "x"}, "colour"),
        ({"labels": {"a": "b"}, "expires_in": 0}, "expires_in"), ({"labels": "a"}, "labels"), ([], "labels"),
        ({"labels": {"a": "nothing_such(@)"}, "resolved": [1]}, "resolved"), ({"labels": {"": "b"}}, "labels"),
        ({"labels": {"a": "x" * 1_001}}, "labels"), ({"labels": {"a": 3}}, "labels"),
    ],
)  # fmt: skip
def test_says_in_which_field_a_mapping_is_wrong(document: Any, field: str) -> None:
    with pytest.raises(BadMapping) as error:
        compiled(document)
    assert error.value.fields[field][0]


def test_without_a_mapping_everything_is_parked() -> None:
    with pytest.raises(Unreadable, match="no mapping"):
        read("json", {"a": 1})
    assert remembered("") is None and remembered("{}") is None and remembered("{") is None


def test_expressions_are_bounded() -> None:
    growing = " | ".join(["[@, @]"] * 20)
    for text in ("", "x" * 1_001, "a[", growing, "$."):
        if text == "$.":
            assert expression(text).find(1, {"a": 2}) == {"a": 2}
            continue
        with pytest.raises(BadExpression):
            expression(text)
    with pytest.raises(BadExpression, match="steps"):
        expression("[*][*].a").find([[{"a": 1}] * 600] * 600)
    assert expression("$query.cluster").find(None, None, {"cluster": "x"}) == "x"


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from([each.document for each in EXAMPLES]))
def test_garbage_is_read_or_said_to_be_bad(value: Any, document: Any) -> None:
    try:
        parsed = compiled(dict(document)).read(received(value))
    except (Unreadable, TooManyAlerts) as error:
        assert str(error)
        return
    assert all(each.labels for each in parsed.good) and all(each.error for each in parsed.bad)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab.[]*{}|&@`'?()!=<>,:0 ", max_size=25), JSON)
def test_whatever_is_written_only_its_own_error_comes(text: str, value: Any) -> None:
    try:
        expression(text).find(value, value)
    except BadExpression as error:
        assert str(error)


def test_set_up_page() -> None:
    assert "/json" in check_set_up("generic")
