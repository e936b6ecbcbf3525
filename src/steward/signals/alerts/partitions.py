"""The months in which changes of alerts and their payloads are stored: made ahead, and dropped as a whole when they are
old.

``alerts_alertchange`` and ``alerts_payload`` are partitioned by month of ``at``. The default partition of each (its name
ends with ``_kept``) has what no month is there for: the rows from before there were months, and what outlives its month
because something still needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MONTHS_AHEAD = 2
# Who waits for the table's lock lets nobody else pass meanwhile: rather try again in another night.
LOCK_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Divided:
    """A table that is divided by month. ``wall`` is what a supplier's session may see of ``{table}``."""

    table: str
    columns: str
    wall: str

    @property
    def kept(self) -> str:
        """The default partition."""
        return f"{self.table}_kept"

    def part(self, month: Month) -> str:
        return f"{self.table}_m{month.year}{month.month:02d}"


CHANGES = Divided(
    "alerts_alertchange", "id, due_at, leased_until, at, status, starts_at, ends_at, reason, alert_id, payload_id",
    "EXISTS (SELECT 1 FROM alerts_alert a WHERE a.id = {table}.alert_id)",
)  # fmt: skip
PAYLOADS = Divided(
    "alerts_payload", "id, at, source_id, endpoint, context, size, packed, body", "false"
)  # fmt: skip

Execute = Callable[..., Any]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def following(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begins(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        return self.following.begins


def wanted(now: datetime) -> list[Month]:
    """The present month and those that are made ahead."""
    months = [Month.of(now)]
    for _ahead in range(MONTHS_AHEAD):
        months.append(months[-1].following)
    return months


def present(cursor: Any, of: Divided) -> list[Month]:
    """The months that there are, the oldest first."""
    cursor.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass"
        " AND c.relname <> %s",
        [of.table, of.kept],
    )
    digits = [name.removeprefix(f"{of.table}_m") for (name,) in cursor.fetchall()]
    return sorted(Month(int(each[:4]), int(each[4:])) for each in digits)


def make_ahead(cursor: Any, now: datetime, of: Divided) -> list[Month]:
    """Make the months that are missing. One for which there are rows already (nobody made it in time) is left out:
    those rows stay where they are, and it does not matter."""
    there = set(present(cursor, of))
    made = []
    for month in wanted(now):
        if month not in there and not _has_rows(cursor, month, of):
            _make(cursor, month, of)
            made.append(month)
    return made


def _has_rows(cursor: Any, month: Month, of: Divided) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {of.kept} WHERE at >= %s AND at < %s)", [month.begins, month.ends])
    return bool(cursor.fetchone()[0])


def _make(cursor: Any, month: Month, of: Divided) -> None:
    # Made alone and then attached: so only the default partition is locked, not the whole table.
    name = of.part(month)
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    cursor.execute(
        f"CREATE TABLE {name} (LIKE {of.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)"
    )
    # Nobody asks a month by its own name, but if somebody does, the wall stands there too.
    cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    cursor.execute(
        f"CREATE POLICY external_wall ON {name} USING (alerts_external_org() IS NULL OR {of.wall.format(table=name)})"
    )
    bounds = f"FROM ('{month.begins.isoformat()}') TO ('{month.ends.isoformat()}')"
    cursor.execute(f"ALTER TABLE {of.table} ATTACH PARTITION {name} FOR VALUES {bounds}")


def drop(cursor: Any, month: Month, of: Divided, kept: Collection[int]) -> int:
    """Drop a month, and move what is still needed of it to the default partition; how many rows went with it."""
    part = of.part(month)
    cursor.execute(f"SELECT count(*) FROM {part}")
    before = int(cursor.fetchone()[0])
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    cursor.execute(f"ALTER TABLE {of.table} DETACH PARTITION {part}")
    cursor.execute(
        f"INSERT INTO {of.table} ({of.columns}) SELECT {of.columns} FROM {part} WHERE id = ANY(%s)", [sorted(kept)]
    )
    moved = int(cursor.rowcount)
    cursor.execute(f"DROP TABLE {part}")
    return before - moved
