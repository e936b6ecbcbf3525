"""What kinds of rows can be due, and claiming them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models

log = logging.getLogger(__name__)
BatchHandler = Callable[[Sequence[int], datetime], None]
CHANNEL = "steward_due"


@dataclass(frozen=True)
class DueKind:
    """One kind of due row.

    ``handle(ids, now)`` is called with claimed keys on a thread of the kind's own pool, so a slow kind holds up no
    other. It must, in its own transaction, lock each row, check that it is still due, act, and set ``due_at`` to the
    next time or null and ``leased_until`` to null. A row whose handler raised comes again when its lease ends.

    The runner lengthens the lease while the handler works, so ``lease`` says how soon the rows of an engine that died
    come again, not how long a handler may take.
    """

    name: str
    model: type[models.Model]
    handle: BatchHandler
    lease: timedelta = timedelta(seconds=15)
    batch: int = 50
    workers: int = 1
    # How long after its time a row may still be worked on before the auditor takes its handler for stuck.
    patience: timedelta = timedelta(minutes=10)
    # Rows that must have a due time and have none: nothing would ever look at them again. The auditor counts them.
    stranded: models.Q | None = None


_kinds: dict[str, DueKind] = {}


def register(kind: DueKind) -> None:
    """Make a kind known to the engine (from an AppConfig's ``ready``)."""
    _kinds[kind.name] = kind


def kinds() -> tuple[DueKind, ...]:
    return tuple(_kinds.values())


def wake(name: str) -> None:
    """Tell the engines that a row of this kind is due now or sooner than they think; sent when the transaction
    commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, name])


def claim(kind: DueKind, now: datetime) -> list[int]:
    """Claim up to ``kind.batch`` due rows: lease them and return their keys, oldest first.

    SKIP LOCKED lets any number of engines claim at once without meeting; the lease outlives the transaction, so a
    row is worked on by one engine although no lock is held while the handler runs.
    """
    table = connection.ops.quote_name(kind.model._meta.db_table)
    sql = (
        f"UPDATE {table} SET leased_until = %(until)s WHERE id IN ("
        f" SELECT id FROM {table} WHERE due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)"
        f" ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED) RETURNING id, due_at"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"now": now, "until": now + kind.lease, "batch": kind.batch})
        rows = cursor.fetchall()
    return [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]))]


def extend(kind: DueKind, ids: Sequence[int], now: datetime) -> None:
    """Lengthen the lease of claimed rows that are still worked on. Rows that a transaction holds just now are left
    out instead of waited for: nobody else can claim them either."""
    table = connection.ops.quote_name(kind.model._meta.db_table)
    sql = (
        f"UPDATE {table} SET leased_until = %(until)s WHERE id IN (SELECT id FROM {table}"
        f" WHERE id = ANY(%(ids)s) AND leased_until IS NOT NULL FOR UPDATE SKIP LOCKED)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"until": now + kind.lease, "ids": list(ids)})


def next_due(kind: DueKind) -> datetime | None:
    """When the kind's next row is due, or when the lease of an overdue one ends, whichever is first."""
    table = connection.ops.quote_name(kind.model._meta.db_table)
    with connection.cursor() as cursor:
        # Leased rows are few; the free rows' minimum is one step in the partial index.
        cursor.execute(
            f"SELECT LEAST((SELECT due_at FROM {table} WHERE due_at IS NOT NULL AND leased_until IS NULL"
            f" ORDER BY due_at LIMIT 1), (SELECT min(GREATEST(due_at, leased_until)) FROM {table}"
            f" WHERE due_at IS NOT NULL AND leased_until IS NOT NULL))"
        )
        row = cursor.fetchone()
    return row[0] if row else None


def each(handle_one: Callable[[int, datetime], None]) -> BatchHandler:
    """Make a batch handler of one for a single key; a key that fails is logged and does not stop the others."""

    def handle(ids: Sequence[int], now: datetime) -> None:
        for key in ids:
            try:
                handle_one(key, now)
            except Exception:
                log.exception("due row %s of %s failed; it comes again when its lease ends", key, handle_one.__module__)

    return handle
