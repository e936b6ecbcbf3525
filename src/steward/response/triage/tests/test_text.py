"""What people type into the form of a route and into "try a label set"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.response.triage.text import (
    MatcherError,
    TextError,
    format_labels,
    format_severity_map,
    parse_labels,
    parse_names,
    parse_severity_map,
)


@pytest.mark.parametrize(
    "text",
    [
        'alertname="Disk full", env="prod"',
        'alertname="Disk full"\nenv=prod',
        '{alertname="Disk full", env="prod"}',
        '  alertname="Disk full" ,\n\n env="prod",\n',
        '{"alertname": "Disk full", "env": "prod"}',
    ],
)
def test_label_sets_in_every_form(text: str) -> None:
    assert parse_labels(text) == {"alertname": "Disk full", "env": "prod"}


def test_the_form_that_prometheus_shows() -> None:
    assert parse_labels('DiskFull{env="prod"}') == {"alertname": "DiskFull", "env": "prod"}
    assert parse_labels("") == {}
    assert parse_labels("{}") == {}


@pytest.mark.parametrize("text", ['env=~"prod"', 'env!="prod"', '{"a": "\\ud800"}'])
def test_what_is_no_label(text: str) -> None:
    with pytest.raises(TextError):
        parse_labels(text)


@pytest.mark.parametrize("text", ["env", "=prod", 'env="prod', "{"])
def test_what_cannot_be_read(text: str) -> None:
    if text == "{":
        assert parse_labels(text) == {}
        return
    with pytest.raises(MatcherError):
        parse_labels(text)


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=5))
def test_written_labels_are_read_back(labels: dict[str, str]) -> None:
    assert parse_labels(format_labels(labels)) == labels


def test_severity_maps() -> None:
    text = "critical = sev1\n\n Warning=SEV3\n* = SEV4\n"
    found = parse_severity_map(text)
    assert found == {"critical": "SEV1", "warning": "SEV3", "*": "SEV4"}
    assert parse_severity_map(format_severity_map(found)) == found


@pytest.mark.parametrize(("text", "line"), [("critical", "critical"), ("critical = bad", "bad"), ("= SEV1", "= SEV1")])
def test_wrong_lines_of_a_severity_map_are_named(text: str, line: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_severity_map(text)
    assert caught.value.line == line


def test_names() -> None:
    assert parse_names("alertname, service  env\nalertname,") == ["alertname", "service", "env"]
