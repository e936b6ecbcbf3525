"""Emptying the tables after a test that commits.

Django truncates every table, which makes new files for each of them: most of a second with a hundred and fifty tables, of
which a test fills five. Here only tables that hold rows are emptied, by DELETE. Keys between tables are checked when the
transaction ends, so the order is free.
"""

from __future__ import annotations

from typing import Any

# The same for every test: Django would write them anew each time.
KEPT = frozenset({"django_content_type", "auth_permission"})
# Their triggers refuse DELETE, and no table refers to them.
APPEND_ONLY = ("audit_auditentry", "ledger_entry")
EMPTY = """
DO $$
DECLARE
  name text;
  filled boolean;
BEGIN
  FOREACH name IN ARRAY ARRAY[{tables}]
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
    IF filled AND name IN ({append_only}) THEN
      EXECUTE format('TRUNCATE %I', name);
    ELSIF filled THEN
      EXECUTE format('DELETE FROM %I', name);
    END IF;
  END LOOP;
END $$
"""


def install() -> None:
    """Empty quickly from now on."""
    from django.test import TransactionTestCase  # Django's settings are there by now

    setattr(TransactionTestCase, "_fixture_teardown", _empty)  # noqa: B010 - the type checker knows it otherwise


def _empty(case: Any) -> None:
    from django.db import connections  # as above

    for alias in case._databases_names(include_mirrors=False):
        connection = connections[alias]
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
        sql = EMPTY.format(tables=_quoted(tables), append_only=_quoted(APPEND_ONLY))
        with connection.cursor() as cursor:
            cursor.execute(sql)


def _quoted(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in names)
