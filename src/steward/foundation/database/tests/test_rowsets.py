"""Rows as one parameter: every type comes back as it went, and JSON written before is not written twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from steward.foundation.database.rowsets import Rowset, written
from steward.foundation.sentences import gettext as _

KINDS = Rowset(
    "k", number="bigint", text="text", at="timestamptz", yes="bool", data="jsonb", nothing="jsonb", group="int"
)


@pytest.mark.django_db
def test_values_come_back_as_they_went() -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    awkward = 'it\'s "so" \\ — 100 % {a,b} \n\t𝄞'
    rows = [
        (2**62, awkward, at, True, {"a": [1, None, awkward]}, None, None),
        (-1, "", at, False, written({"at": at, "said": _("It rains")}), None, 7),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT number, text, at, yes, data->>$$a$$, data->>$$at$$, nothing IS NULL, "group" FROM {KINDS.sql}',
            [KINDS.of(rows)],
        )
        found = cursor.fetchall()
    assert [row[:4] for row in found] == [row[:4] for row in rows]
    assert found[0][4] is not None and found[1][5] == "2026-03-29T01:30:00.123456+00:00"
    assert [row[6:] for row in found] == [(True, None), (True, 7)]


@pytest.mark.django_db
def test_no_rows_are_no_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {KINDS.sql}", [KINDS.of([])])
        assert cursor.fetchall() == []


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        KINDS.of([(1, "a")])
