"""Signed links: only ours, only whole, only for a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.signing import Signer
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.subjects import SubjectRef
from steward.response.notifications import links
from steward.response.notifications.errors import LinkExpired, LinkInvalid
from steward.response.notifications.tests.factories import NOW

INCIDENT = SubjectRef("incident", 12)


def test_what_was_signed_is_read() -> None:
    token = links.sign(5, INCIDENT, 31, NOW)
    assert links.read(token, NOW) == links.Link(5, INCIDENT, 31, NOW + timedelta(days=7))


def test_it_expires() -> None:
    token = links.sign(5, INCIDENT, 31, NOW)
    links.read(token, NOW + timedelta(days=7) - timedelta(seconds=1))
    with pytest.raises(LinkExpired):
        links.read(token, NOW + timedelta(days=7))


@pytest.mark.parametrize("token", ["", ".", "abc", "a.b", "x" * 5000, "ü.é", "\0"])
def test_nonsense(token: str) -> None:
    with pytest.raises(LinkInvalid):
        links.read(token, NOW)


def test_a_signature_for_something_else_does_not_count() -> None:
    other = Signer(salt="something else", sep=".").sign_object([5, "incident", 12, 31, 4_000_000_000])
    with pytest.raises(LinkInvalid):
        links.read(other, NOW)


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_any_changed_character_is_noticed(position: int, character: str) -> None:
    token = links.sign(5, INCIDENT, 31, NOW)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    # The last character of a base64 text has bits that do not count; those spell the same signature.
    if changed == token or position == len(token) - 1:
        return
    with pytest.raises(LinkInvalid):
        links.read(changed, NOW)


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_tokens_fit_into_an_address(user_id: int, subject_id: int, page_id: int) -> None:
    token = links.sign(user_id, SubjectRef("incident", subject_id), page_id, NOW)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert links.read(token, NOW).page_id == page_id
