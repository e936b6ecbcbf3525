"""What one web process remembers of firing alerts, so that "still firing" costs no database.

Only a hint: a resolution elsewhere takes the alert out by NOTIFY, and a refresh that turns out to be about an alert
that does not fire any more is decided on again when it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
Ident = tuple[int, bytes]

MAX_KNOWN = 150_000
MAX_PIECES = 60_000
MAX_PIECE_BYTES = 32 * 1024 * 1024
# A stored end nearer than this is moved at the next tick, others within LAZY_SECONDS.
URGENT_SECONDS = 20.0
LAZY_SECONDS = 10.0
NEVER = float("inf")


class Generations(Generic[K, V]):
    """A bounded dictionary: when the young half is full it becomes the old half and the old one goes, so that what was
    used lately stays. Cheaper than a strict LRU, which would reorder at every read."""

    def __init__(self, most: int, most_weight: int = 0, weight: Callable[[K], int] | None = None) -> None:
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}
        self._most, self._most_weight, self._weigh, self._weight = most, most_weight, weight, 0

    def get(self, key: K) -> V | None:
        found = self.young.get(key)
        if found is None and self.old:
            found = self.old.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        self.young[key] = value
        if self._weigh:
            self._weight += self._weigh(key)
        if len(self.young) >= self._most or (self._most_weight and self._weight >= self._most_weight):
            self.young, self.old, self._weight = {}, self.young, 0

    def pop(self, key: K) -> V | None:
        young, old = self.young.pop(key, None), self.old.pop(key, None)
        return young if young is not None else old

    def clear(self) -> None:
        self.young, self.old, self._weight = {}, {}, 0

    def values(self) -> Iterator[V]:
        yield from self.young.values()
        yield from self.old.values()

    def __len__(self) -> int:
        return len(self.young) + len(self.old)


class Known:
    """A firing alert. Times are seconds since the epoch; ``due`` is the end last heard, ``stored_due`` the one in the
    database. ``listed`` is set while a refresh waits to be written."""

    __slots__ = ("alert_id", "content", "due", "ident", "listed", "seen", "starts", "stored_due")

    def __init__(self, ident: Ident, alert_id: int, content: bytes, starts: float, due: float, seen: float) -> None:
        self.ident, self.alert_id, self.content, self.starts = ident, alert_id, content, starts
        self.due = self.stored_due = due
        self.seen = seen
        self.listed = False


@dataclass(slots=True)
class Piece:
    """What one alert of a body says, all but its end: which alert, with what content, from when (never: not said)."""

    ident: Ident
    content: bytes
    starts: float


class Memory:
    """The firing alerts, the pieces of bodies that name them, and the refreshes that wait to be written."""

    def __init__(self) -> None:
        self.known: Generations[Ident, Known] = Generations(MAX_KNOWN)
        self.pieces: Generations[bytes, Piece] = Generations(MAX_PIECES, MAX_PIECE_BYTES, len)
        self.trusted = False
        self.urgent: list[Known] = []
        self.lazy: list[Known] = []
        self._storing: list[set[Ident]] = []
        self._lazy_since = 0.0

    def refresh(self, known: Known, due: float, now: float) -> None:
        """Note that a known alert still fires."""
        known.due, known.seen = due, now
        if not known.listed:
            known.listed = True
            near = due < known.stored_due or known.stored_due - now < URGENT_SECONDS
            (self.urgent if near else self.lazy).append(known)

    def learn(self, ident: Ident, alert_id: int, content: bytes, starts: float, due: float, now: float) -> None:
        """Remember an alert that was stored as firing."""
        self.known.put(ident, Known(ident, alert_id, content, starts, due, now))

    def forget(self, ident: Ident) -> None:
        """The alert may not fire any more. A refresh that waits is written at once: the database decides on it."""
        known = self.known.pop(ident)
        if known is not None and known.listed:
            self.urgent.append(known)
        for ended in self._storing:
            ended.add(ident)

    def storing(self) -> set[Ident]:
        """From now to :meth:`stored`, what is told to have ended is in this set and must not be learnt: the word may
        overtake the commit."""
        ended: set[Ident] = set()
        self._storing.append(ended)
        return ended

    def stored(self, ended: set[Ident]) -> None:
        self._storing = [each for each in self._storing if each is not ended]

    def distrust(self) -> None:
        """Nothing is told any more what ends elsewhere: forget all, and write what waits."""
        self.trusted = False
        self.urgent += self.lazy
        self.lazy = []
        self.known.clear()

    def waiting(self, now: float, *, everything: bool = False) -> list[Known]:
        """Take the refreshes whose time to be written has come."""
        ready = {known.ident: known for known in self.urgent}
        self.urgent = []
        if self.lazy and not self._lazy_since:
            self._lazy_since = now
        if everything or (self.lazy and now - self._lazy_since >= LAZY_SECONDS):
            ready.update((known.ident, known) for known in self.lazy)
            self.lazy, self._lazy_since = [], 0.0
        for known in ready.values():
            known.listed = False
        return list(ready.values())

    def put_back(self, waiting: list[Known]) -> None:
        """Let refreshes that could not be written wait for the next tick."""
        for known in waiting:
            known.listed = True
        self.urgent += waiting


def seconds(moment: datetime | None) -> float:
    """A time as seconds since the epoch; no time is never."""
    return NEVER if moment is None else moment.timestamp()


def moment(value: float) -> datetime | None:
    """The reverse of :func:`seconds`."""
    return None if value == NEVER else datetime.fromtimestamp(value, UTC)
