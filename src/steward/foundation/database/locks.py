"""Advisory locks: one process at a time, released by PostgreSQL when the holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

from django.db import connection


def _key(name: str) -> int:
    return crc32(name.encode())


def lock_in_transaction(name: str) -> None:
    """Wait for the lock called ``name``; it is released when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_key(name)])


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the session lock called ``name`` for the block (migrations of two machines starting together)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_key(name)])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_key(name)])
