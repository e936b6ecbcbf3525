"""Smoke."""

from datetime import UTC, datetime, timedelta

import pytest

from steward.algorithms.matching import parse_matchers
from steward.foundation.actors import system
from steward.response.suppression import queries
from steward.response.suppression.actions import silences
from steward.response.suppression.actions.planning import Plan

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_silence_holds() -> None:
    wish = silences.Wish(parse_matchers('{job="node"}'), "why", Plan(NOW, NOW + timedelta(hours=1)))
    made = silences.create_silence(actor=system("x"), now=NOW, wish=wish)
    found = queries.standing(NOW).verdicts({"job": "node"}, None, None)
    assert [each.id for each in found] == [made.pk]
    print(found)
    assert not queries.standing(NOW + timedelta(hours=1)).verdicts({"job": "node"}, None, None)
    silences.expire_silence(actor=system("x"), now=NOW + timedelta(minutes=1), silence_id=made.pk)
    assert not queries.standing(NOW+ timedelta(minutes=1)).verdicts({"job": "node"}, None, None)
