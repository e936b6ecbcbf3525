"""What the database says about itself, for people who look after it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Facts:
    """``version`` as in 18.1, ``size`` of this database and number of ``connections`` to it."""

    version: str
    size: int
    connections: int
    most_connections: int


def facts() -> Facts:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(current_setting('server_version'), ' ', 1), pg_database_size(current_database()),"
            " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),"
            " current_setting('max_connections')::int"
        )
        return Facts(*cursor.fetchone())
