"""The second wall: policies hide rows from external sessions even when code forgets to filter."""

from __future__ import annotations

import pytest
from django.db import connection

from steward.foundation.database.rowsecurity import limited_to, policy_sql, undo_policy_sql

pytestmark = pytest.mark.django_db


def test_the_role_cannot_bypass_row_security() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_a_policy_hides_what_is_not_theirs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE wall_test (id bigint, org bigint)")
        cursor.execute("INSERT INTO wall_test VALUES (1, 7), (2, 8), (3, NULL)")
        cursor.execute(policy_sql("wall_test", "org = external_org()"))

        def seen() -> list[int]:
            cursor.execute("SELECT id FROM wall_test ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

        assert seen() == [1, 2, 3]
        with limited_to(7):
            assert seen() == [1]
            cursor.execute("UPDATE wall_test SET org = 7 WHERE id = 2")
            assert cursor.rowcount == 0
        assert seen() == [1, 2, 3]
        cursor.execute(undo_policy_sql("wall_test"))
        with limited_to(7):
            assert seen() == [1, 2, 3]
