"""What held alerts at any moment of the past, for replays: silences as they stood then, each in its version of that time;
windows as they are now, from when they were made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from steward.algorithms.matching import from_json
from steward.estate.configuration import queries as configuration
from steward.response.suppression.models import MaintenanceWindow, Silence
from steward.response.suppression.queries.standing import window_spec
from steward.response.suppression.recurring import Recurrence, Span, runs_between
from steward.response.suppression.rules import Book, SilenceSpec, WindowSpec, book
from steward.response.suppression.scope import EMPTY, Graph

Dated = tuple[datetime, datetime | None, SilenceSpec]
DatedWindow = tuple[datetime, WindowSpec]
# What a replay adds counts as something of its own: no stored silence has such a key.
TRIED = 0
MOST = datetime.max.replace(tzinfo=UTC)


class Past:
    """Ask it about moments in order of time; each answer is reckoned once for as long as nothing changes."""

    def __init__(
        self, silences: Sequence[Dated], windows: Sequence[DatedWindow], graph: Graph, start: datetime, end: datetime
    ) -> None:
        self._silences, self._windows, self._graph = silences, windows, graph
        spans = [each.span for _from, _to, each in silences] + [each.span for _from, each in windows]
        runs = [run for span in spans for run in runs_between(span, start, end, most=10_000)]
        moments = {moment for run in runs for moment in (run.begins, run.ends)}
        moments |= {moment for begins, ends, _spec in silences for moment in (begins, ends) if moment is not None}
        moments |= {begins for begins, _spec in windows}
        self.turns = sorted(moment for moment in moments if start <= moment < end)
        self._book: Book | None = None
        self._since = self._until = start

    def holding(
        self, now: datetime, labels: Mapping[str, str], service_id: int | None, item_id: int | None, source_id: int
    ) -> tuple[str, int, datetime] | None:
        """The kind and key of what holds such an alert at that moment, and until when."""
        if not self._silences and not self._windows:
            return None
        for held in self._at(now).holding(labels, service_id, item_id, source_id):
            kind = "silence" if isinstance(held.spec, SilenceSpec) else "maintenance"
            return kind, held.spec.id, held.run.ends
        return None

    def _at(self, now: datetime) -> Book:
        if self._book is None or not self._since <= now < self._until:
            silences = [spec for begins, ends, spec in self._silences if begins <= now and (ends is None or now < ends)]
            windows = [spec for begins, spec in self._windows if begins <= now]
            self._book = book(silences, windows, self._graph, now)
            self._since = now
            turn = bisect_right(self.turns, now)
            ends = self.turns[turn] if turn < len(self.turns) else MOST
            self._until = min(ends, self._book.valid_until or MOST)
        return self._book


def past(start: datetime, end: datetime, tried: Iterable[Mapping[str, Any]] = ()) -> Past:
    """What held between these moments; ``tried`` are silences of a draft besides."""
    dated: list[Dated] = []
    silences = Silence.objects.filter(created_at__lt=end).exclude(ends_at__lt=start, rrule="")
    events = Silence.pgh_event_model.objects.filter(pgh_obj__in=silences).order_by("pgh_obj_id", "pgh_id")  # type: ignore[attr-defined]
    rows = list(events)
    for place, row in enumerate(rows):
        following = rows[place + 1] if place + 1 < len(rows) else None
        ends = following.updated_at if following is not None and following.pgh_obj_id == row.pgh_obj_id else None
        dated.append((row.updated_at, ends, _spec(row)))
    for each in tried:
        begins = datetime.fromisoformat(each["starts_at"]) if each.get("starts_at") else start
        # Without an end it holds beyond the replay: its end must not page at the replay's last moment.
        ends = datetime.fromisoformat(each["ends_at"]) if each.get("ends_at") else end + timedelta(days=1)
        spec = SilenceSpec(TRIED, 1, from_json(each["matchers"]), Span(begins, ends), None, each.get("name", ""))
        dated.append((start, None, spec))
    windows = MaintenanceWindow.objects.filter(created_at__lt=end).prefetch_related("services", "items").order_by("pk")
    found = [(each.created_at, window_spec(each)) for each in windows]
    return Past(dated, found, Graph(*configuration.dependency_graph()) if found else EMPTY, start, end)


def _spec(row: Any) -> SilenceSpec:
    recurs = Recurrence(row.rrule, row.duration, row.time_zone) if row.rrule else None
    span = Span(row.starts_at, row.ends_at, recurs)
    return SilenceSpec(
        row.pgh_obj_id, row.version, from_json(row.matchers), span, row.source_id, row.comment, row.author
    )
