"""Reading and verifying the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from steward.foundation.actors import Actor
from steward.response.ledger import rules
from steward.response.ledger.models import Clock, Entry, EntryQuerySet
from steward.response.ledger.rules import Checkpoint, Finding, Link
from steward.response.ledger.wording import finding as told

__all__ = ["Checkpoint", "State", "Verdict", "checkpoint", "entries", "links", "state", "told", "verify"]

BATCH = 5_000
LATE = timedelta(minutes=1)
_COLUMNS = "sequence, hash, at, kind, record_id, page_id, user_id, change::text"


@dataclass(frozen=True, slots=True)
class State:
    """How the ledger is: sealed up to where, what waits for longer than a minute, and what the last check found."""

    through: int
    late: int
    checked_at: datetime | None
    checked_through: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: how many entries were read, up to where, and what is wrong."""

    count: int
    at: Checkpoint
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        return not self.findings


def entries(actor: Actor) -> EntryQuerySet:
    """The entries that this actor may read."""
    return Entry.objects.all().visible_to(actor)


def state(now: datetime) -> State:
    """How the ledger is."""
    last = Entry.objects.filter(sequence__isnull=False).order_by("-sequence").values_list("sequence", flat=True).first()
    late = Entry.objects.filter(sequence__isnull=True, at__lt=now - LATE).count()
    clock = Clock.objects.order_by("id").first()
    if clock is None:
        return State(last or 0, late, None, 0, "")
    return State(last or 0, late, clock.checked_at, clock.checked_through, clock.problem)


def checkpoint() -> Checkpoint:
    """How far the chain is; 0 and zeros for an empty one."""
    last = Entry.objects.filter(sequence__isnull=False).order_by("-sequence").first()
    if last is None or last.sequence is None or last.hash is None:
        return Checkpoint(0, rules.START)
    return Checkpoint(last.sequence, bytes(last.hash))


def verify(kept: Iterable[Checkpoint] = (), since: Checkpoint | None = None) -> Verdict:
    """Read the whole chain (or what came after a place that was verified before) and say what is wrong with it."""
    checker = rules.Checker(kept, since if since is not None else _start())
    for link in links(checker.at.sequence):
        checker.take(link)
    return Verdict(checker.count, checker.at, tuple(checker.close()))


def links(after: int) -> Iterator[Link]:
    """The sealed entries after a number, in order, read in pieces."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM ledger_entry WHERE sequence > %s ORDER BY sequence LIMIT {BATCH}", [after]
            )
            rows = cursor.fetchall()
        for row in rows:
            yield _link(row)
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _start() -> Checkpoint | None:
    """Where the chain begins: what the last cut says, if old entries were removed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM ledger_entry WHERE kind = 'cut' AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return rules.cut_of(_link(row)) if row else None


def _link(row: tuple[Any, ...]) -> Link:
    sequence, known, *rest = row
    return Link(sequence, bytes(known), *rest)
