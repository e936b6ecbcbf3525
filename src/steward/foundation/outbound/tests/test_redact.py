"""No secret of an address in anything that people or logs get to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.outbound import redact_url
from steward.foundation.outbound.redact import scrub, secrets_of

WORD = st.text(alphabet="abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_", min_size=8, max_size=24)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.com/services/T000/B000/SECRET?key=SECRET#SECRET", "https://hooks.example.com/***"),
        ("https://user:SECRET@example.com:8443", "https://example.com:8443"),
        ("http://[2001:db8::1]:80/SECRET", "http://[2001:db8::1]:80/***"),
        ("json://user:SECRET@collector.example.com/SECRET", "json://collector.example.com/***"),
        ("tgram://123456:SECRET/chat", "tgram://***"),
        ("slack://SECRETA/SECRETB/SECRETC/#channel", "slack://***"),
        ("unknown://SECRET.example.com/SECRET", "unknown://***"),
        ("https://exa[mple/SECRET", "https://***"),
        ("SECRET", "***"),
        ("", "***"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@given(WORD, WORD, WORD, WORD)
def test_no_part_survives(user: str, password: str, path: str, value: str) -> None:
    url = f"https://{user}:{password}@host.example/{path}?token={value}"
    assert not [part for part in (user, password, path, value) if part in redact_url(url)]
    line = f"POST {url.upper()} failed, token {value} of {user}, {password}, /{path}/"
    cleaned = scrub(line, secrets_of(url, host_is_public=True))
    assert not [part for part in (user, password, path, value) if part.lower() in cleaned.lower()]
    assert "host.example" in cleaned.lower()


def test_escaped_secrets_are_masked_in_both_spellings() -> None:
    secrets = secrets_of("ntfys://me:p%40ss%2Fword@host.example/topic", host_is_public=False)
    assert scrub("p%40ss%2Fword p@ss/word", secrets) == "*** ***"
