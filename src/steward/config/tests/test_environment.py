"""The environment becomes a typed object, or one clear line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from steward.config.document import document
from steward.config.environment import BadEnvironment, Environment, parse
from steward.config.secret import keep_secret


def test_defaults_need_nothing() -> None:
    env = parse({})
    assert env.port == 8750
    assert env.embedded
    assert env.public_url == "http://127.0.0.1:8750"


def test_values_are_typed() -> None:
    env = parse({"STEWARD_PORT": "9000", "STEWARD_OUTBOUND_ALLOW": "10.0.0.0/8, hooks.lan", "STEWARD_DEBUG": "yes"})
    assert (env.port, env.outbound_allow, env.debug) == (9000, ("10.0.0.0/8", "hooks.lan"), True)
    assert parse({"STEWARD_LANGUAGE": "zh_Hans"}).language == "zh-hans"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEWARD_PORT", "http"),
        ("STEWARD_PORT", "0"),
        ("STEWARD_URL", "steward.example.org"),
        ("DATABASE_URL", "mysql://x"),
        ("STEWARD_SMTP_SECURITY", "ssl3"),
        ("STEWARD_OUTBOUND_ALLOW", "10.0.0.0/99"),
        ("STEWARD_DEBUG", "perhaps"),
        ("STEWARD_TIME_ZONE", "Mars/Olympus"),
        ("STEWARD_LANGUAGE", "klingon"),
        ("STEWARD_HISTORY_DAYS", "-1"),
        ("STEWARD_HISTORY_DAYS", "a year"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadEnvironment, match=name):
        parse({name: value})


def test_the_document_lists_every_variable() -> None:
    text = document()
    for name in ("STEWARD_DATA", "DATABASE_URL", "STEWARD_SMTP_HOST"):
        assert f"`{name}`" in text
    assert text.count("\n| `") == len(Environment.__dataclass_fields__)


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    first = keep_secret(tmp_path)
    assert len(first) >= 50
    assert keep_secret(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
