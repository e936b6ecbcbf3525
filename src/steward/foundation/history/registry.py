"""Who removes what, and after how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from steward.config.environment import load

# Rows a transaction: long enough to get somewhere, short enough to keep nobody waiting.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: how many rows it removed, and the key after which the next one begins (None: all done)."""

    removed: int
    after: int | None


Clean = Callable[[datetime, int], Step]


@dataclass(frozen=True)
class Cleaner:
    """One kind of old rows.

    ``clean(before, after)`` looks at some rows with a key above ``after``, removes those that are older than
    ``before``, and returns a :class:`Step`. It runs in a transaction, locks what it removes with SKIP LOCKED, and
    may be called by two processes at once or cut off at any moment. ``lifetime`` is how long these rows live; None
    means as long as STEWARD_HISTORY_DAYS says.
    """

    name: str
    clean: Clean
    lifetime: timedelta | None = None


_cleaners: dict[str, Cleaner] = {}


def register(cleaner: Cleaner) -> None:
    """Make a cleaner known (from an AppConfig's ``ready``). They run in the order of registration, which is that of
    the floors: what hangs on a lower room's rows goes with them."""
    _cleaners[cleaner.name] = cleaner


def cleaners() -> Iterator[tuple[Cleaner, timedelta]]:
    """Every cleaner with its lifetime; those of history are left out when history is kept for ever."""
    days = load().history_days
    for cleaner in _cleaners.values():
        if cleaner.lifetime is not None:
            yield cleaner, cleaner.lifetime
        elif days:
            yield cleaner, timedelta(days=days)


def old(
    queryset: QuerySet[Any], field: str, *, before: datetime, after: int, batch: int = BATCH
) -> tuple[list[int], int | None]:
    """The old ones among the next rows by key, and where the next step begins.

    For tables whose rows arrive in order of time: the search ends at the first batch in which nothing is old, so it
    never reads the young rows, and reads old ones that must stay only once a run.
    """
    rows = list(queryset.filter(pk__gt=after).order_by("pk").values_list("pk", field)[:batch])
    found = [key for key, at in rows if at < before]
    return found, rows[-1][0] if found else None


def locked(queryset: QuerySet[Any]) -> list[int]:
    """The keys of the rows, locked; those that somebody else holds just now are left for another night."""
    rows = queryset.order_by("pk").select_for_update(skip_locked=True, of=("self",))
    return list(rows.values_list("pk", flat=True))
