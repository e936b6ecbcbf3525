"""The words that senders write for how bad something is."""

from __future__ import annotations

import pytest

from steward.response.triage.rules import SEVERITIES, USUAL_SEVERITIES


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("SEV1", "page emergency disaster emerg alert sev0 sev1 p0 p1"),
        ("SEV2", "critical fatal high major crit sev2 p2"),
        ("SEV3", "error average warning err unknown sev3 p3"),
        ("SEV4", "minor info informational notice debug ok normal none clear sev4 sev5 p4 p5"),
    ],
)
def test_what_senders_usually_mean(level: str, words: str) -> None:
    assert {word: USUAL_SEVERITIES.get(word) for word in words.split()} == dict.fromkeys(words.split(), level)


def test_what_nobody_classified_is_not_harmless() -> None:
    assert USUAL_SEVERITIES["not classified"] == "SEV3"


def test_words_are_lower_case_and_levels_exist() -> None:
    assert all(word == word.lower() for word in USUAL_SEVERITIES)
    assert set(USUAL_SEVERITIES.values()) == set(SEVERITIES)


def test_syslogs_levels_are_in_order() -> None:
    order = [USUAL_SEVERITIES[word] for word in ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")]
    assert order == sorted(order)
