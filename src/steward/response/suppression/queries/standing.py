"""What holds alerts just now, remembered by each process until something changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from steward.estate.configuration import queries as configuration
from steward.foundation.caching import Remembered
from steward.response.suppression import wording
from steward.response.suppression.models import MaintenanceWindow, Silence, Stamp
from steward.response.suppression.rules import Book, HeldBy, SilenceSpec, Verdict, WindowSpec, book
from steward.response.suppression.scope import EMPTY, Graph, Node

# As long as the estate itself remembers whom alerts belong to.
GRAPH_SECONDS = 5.0


class Standing:
    """What holds at one moment; ask it about as many alerts as there are."""

    __slots__ = ("_book",)

    def __init__(self, found: Book) -> None:
        self._book = found

    def verdicts(
        self, labels: Mapping[str, str], service_id: int | None, item_id: int | None, source_id: int | None = None
    ) -> list[Verdict]:
        """Everything that holds such an alert: maintenance windows first, then silences.

        A silence that was made with a source's key holds alerts of that source only; without a ``source_id`` it holds
        nothing.
        """
        return [wording.verdict(each) for each in self._book.holding(labels, service_id, item_id, source_id)]

    def holding(
        self, labels: Mapping[str, str], service_id: int | None, item_id: int | None, source_id: int | None = None
    ) -> list[HeldBy]:
        """The same without words."""
        return self._book.holding(labels, service_id, item_id, source_id)

    def __bool__(self) -> bool:
        """Whether anything holds at all."""
        return self._book.running


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read while the stamp had this token. ``since``: the moment for which the book was made."""

    token: UUID
    silences: tuple[SilenceSpec, ...]
    windows: tuple[WindowSpec, ...]
    graph: Graph
    book: Book
    since: datetime

    def fits(self, token: UUID, graph: Graph, now: datetime) -> bool:
        valid_until = self.book.valid_until
        return (
            self.token == token and self.graph is graph and self.since <= now
            and (valid_until is None or now < valid_until)
        )  # fmt: skip


def _read_graph() -> Graph:
    return Graph(*configuration.dependency_graph())


_graph = Remembered(_read_graph, GRAPH_SECONDS)
_lock = threading.Lock()
_kept: _Kept | None = None


def standing(now: datetime) -> Standing:
    """What holds at ``now``. One query when nothing changed since the last call in this process."""
    global _kept
    token = Stamp.objects.values_list("token", flat=True).first()
    if token is None:
        # An outside organisation's session sees no stamp, and what it sees of the rest is nobody else's to remember.
        silences, windows = _specs(now)
        return Standing(book(silences, windows, _read_graph() if windows else EMPTY, now))
    kept = _kept
    graph = _graph() if kept is not None and kept.windows else EMPTY
    if kept is not None and kept.fits(token, graph, now):
        return Standing(kept.book)
    with _lock:
        kept = _kept
        if kept is None or kept.token != token or now < kept.since:
            silences, windows = _specs(now)
        else:
            silences, windows = kept.silences, kept.windows
        graph = _graph() if windows else EMPTY
        found = book(silences, windows, graph, now)
        _kept = _Kept(token, silences, windows, graph, found, now)
    return Standing(found)


def forget() -> None:
    """Drop what is remembered (tests, which write past the actions)."""
    global _kept
    _kept = None
    _graph.forget()


def _specs(now: datetime) -> tuple[tuple[SilenceSpec, ...], tuple[WindowSpec, ...]]:
    silences = tuple(silence_spec(each) for each in Silence.objects.current(now).order_by("pk"))
    windows = MaintenanceWindow.objects.current(now).order_by("pk").prefetch_related("services", "items")
    return silences, tuple(window_spec(each) for each in windows)


def silence_spec(silence: Silence) -> SilenceSpec:
    """The silence as the rules need it."""
    return SilenceSpec(
        silence.pk, silence.version, silence.parsed, silence.span, silence.source_id, silence.comment, silence.author
    )


def window_spec(window: MaintenanceWindow) -> WindowSpec:
    """The window as the rules need it."""
    return WindowSpec(
        window.pk, window.version, window.title, window.span, chosen_of(window), window.dependants, window.parsed
    )


def chosen_of(window: MaintenanceWindow) -> tuple[Node, ...]:
    """The services and items that were chosen."""
    services: list[Node] = [("service", each.pk) for each in window.services.all()]
    items: list[Node] = [("item", each.pk) for each in window.items.all()]
    return (*services, *items)
