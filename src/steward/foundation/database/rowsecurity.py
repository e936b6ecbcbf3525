"""Row-level security: the second wall behind ``visible_to`` for customer and supplier sessions.

A request of an external organisation sets ``steward.external_org`` on its connection; policies then hide every row
that is not that organisation's. Sessions of the home organisation, the engine and ingest leave it empty and see all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SETTING = "steward.external_org"


@contextmanager
def limited_to(organisation_id: int | None) -> Iterator[None]:
    """Limit this thread's connection to one external organisation for the block; ``None`` limits nothing."""
    if organisation_id is None:
        yield
        return
    limit(organisation_id)
    try:
        yield
    finally:
        lift()


def limit(organisation_id: int) -> None:
    """Limit this thread's connection from now on; whoever calls this sees to it that ``lift`` is called."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, str(organisation_id)])


def lift() -> None:
    """Take the limit off again, before the connection serves somebody else."""
    if connection.in_atomic_block and connection.needs_rollback:
        connection.close()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, '', false)", [SETTING])


def policy_sql(table: str, visible: str) -> str:
    """SQL that turns row-level security on for ``table``, for its owner too; ``visible`` is a condition on the row
    in which ``external_org()`` stands for the organisation's key."""
    org = f"NULLIF(current_setting('{SETTING}', true), '')"
    condition = visible.replace("external_org()", f"{org}::bigint")
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY; "
        f"CREATE POLICY external_wall ON {table} USING ({org} IS NULL OR ({condition}));"
    )


def undo_policy_sql(table: str) -> str:
    return f"DROP POLICY external_wall ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
