"""Group commit: what all concurrent requests brought is written in as few transactions as can be.

There are two lanes, each with a connection: while one batch is being committed the next one collects, is decided on and
is written beside it. A request is answered when the batch that holds its alerts is committed. Reports of one alert are
never in both lanes, so they are decided on in the order in which they came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from steward.signals.alerts import payloads
from steward.signals.alerts.ingest.database import Database
from steward.signals.alerts.ingest.lately import Lately
from steward.signals.alerts.ingest.memory import Ident, Known, Memory, moment, seconds
from steward.signals.alerts.storing import (
    Parking,
    Report,
    Steps,
    Stored,
    change_known,
    insert_new,
    park,
    refresh,
    split_first,
)

log = logging.getLogger(__name__)
TICK_SECONDS = 1.0
# Half of what comes in a rush is better committed, and its senders answered, while the other half is written.
MAX_BATCH = 300
LANES = 2
MAX_QUEUED = 50_000
REFRESH_CHUNK = 1_000
ATTEMPTS = 3


class Busy(Exception):
    """More waits to be written than may: the sender is asked to come again."""


@dataclass(slots=True)
class Submission:
    """What one request brought."""

    reports: list[Report]
    parked: list[Parking]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """The lanes and their queue. ``name`` marks what this process tells the others."""

    def __init__(self, conninfo: str, memory: Memory, name: str, now: Callable[[], datetime]) -> None:
        self.memory, self.name, self.now = memory, name, now
        self.lanes = [Database(conninfo) for _lane in range(LANES)]
        self._queue: deque[Submission] = deque()
        self._queued = 0
        self._under_way: set[Ident] = set()
        self._bell = asyncio.Event()
        self._stopping = False
        self._received: dict[int, datetime] = {}
        self.lately = Lately()

    async def submit(self, reports: list[Report], parked: list[Parking]) -> None:
        """Return when everything is committed; raise what psycopg raised if it is not."""
        if self._queued >= MAX_QUEUED or self._stopping:
            raise Busy
        submission = Submission(reports, parked)
        for each in reports:
            self.memory.forget(each.ident)
        self._queue.append(submission)
        self._queued += len(reports) + len(parked)
        self._bell.set()
        await submission.done

    def heard_from(self, source_id: int, now: datetime) -> None:
        """Note when a source was last heard of; written with the next tick."""
        self._received[source_id] = now

    async def run(self) -> None:
        """Write until stopped, then write what is left and close the connections."""
        ticking = asyncio.create_task(self._ticks())
        try:
            await asyncio.gather(*map(self._work, self.lanes))
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
        await self._tick(everything=True)
        for lane in self.lanes:
            await lane.close()

    def stop(self) -> None:
        """Take nothing more in, and let the task end."""
        self._stopping = True
        self._bell.set()

    async def _work(self, lane: Database) -> None:
        while True:
            batch, idents = self._take()
            if batch:
                await self._write(lane, batch, idents)
            elif self._stopping and not self._queue:
                return
            else:
                self._bell.clear()
                await self._bell.wait()

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self._tick()

    def _take(self) -> tuple[list[Submission], set[Ident]]:
        """The oldest submissions of which no alert is being written just now, and their alerts."""
        batch: list[Submission] = []
        idents: set[Ident] = set()
        size = 0
        while self._queue and (not batch or size < MAX_BATCH):
            brought = {each.ident for each in self._queue[0].reports}
            if not self._under_way.isdisjoint(brought):
                break
            submission = self._queue.popleft()
            batch.append(submission)
            idents |= brought
            size += len(submission.reports) + len(submission.parked)
        self._queued -= size
        self._under_way |= idents
        return batch, idents

    async def _write(self, lane: Database, batch: list[Submission], idents: set[Ident]) -> None:
        try:
            error = await self._try(lane, batch)
            if isinstance(error, psycopg.DataError | psycopg.IntegrityError) and len(batch) > 1:
                # One request's data must not fail the others that happened to share its transaction.
                for submission in batch:
                    _settle([submission], await self._try(lane, [submission]))
            _settle(batch, error)
        except asyncio.CancelledError as cancelled:
            _settle(batch, cancelled)
            raise
        finally:
            self._under_way -= idents
            self._bell.set()

    async def _try(self, lane: Database, batch: list[Submission]) -> Exception | None:
        reports = [each for submission in batch for each in submission.reports]
        parked = [each for submission in batch for each in submission.parked]
        try:
            async with lane.lock:
                await self._store(lane, reports)
                if parked:
                    await (await lane.connect()).execute(*park(parked))
        except (psycopg.Error, OSError) as problem:
            log.warning("%s alerts could not be stored: %s", len(reports), problem)
            await self._recover(lane, problem)
            return problem
        except Exception as problem:
            log.exception("a batch of %s alerts could not be stored", len(reports))
            return problem
        return None

    async def _recover(self, lane: Database, problem: Exception) -> None:
        if isinstance(problem, psycopg.OperationalError | psycopg.InterfaceError | OSError):
            await lane.close()

    async def _store(self, lane: Database, reports: list[Report]) -> None:
        """Store what is new and what is stored already; what was removed in between is new again."""
        ended = self.memory.storing()
        try:
            while reports:
                reports = await self._store_once(lane, reports, ended)
        finally:
            self.memory.stored(ended)

    async def _store_once(self, lane: Database, reports: list[Report], ended: set[Ident]) -> list[Report]:
        """Store in up to two statements; returns the reports of alerts that went away between them. A late refresh of
        such an alert is not among them: it brings nothing to make it again from, and the sender will."""
        first, later = split_first(reports)
        fresh = [each for each in first if each.normalised is not None]
        known = [each for each in first if each.normalised is None]
        if fresh:
            stored = await self._drive(lane, lambda: insert_new(fresh), transaction=False)
            self._learn(fresh, stored, ended)
            known = stored.left + known
        known += later
        if not known:
            return []
        stored = await self._drive(lane, lambda: change_known(known, self.name), transaction=True)
        self._learn(known, stored, ended)
        return [each for each in stored.left if each.normalised is not None]

    async def _drive(self, lane: Database, steps: Callable[[], Steps], *, transaction: bool) -> Stored:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await lane.drive(steps(), transaction=transaction)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the loop returns or raises")

    def _learn(self, reports: list[Report], stored: Stored, ended: set[Ident]) -> None:
        for each in reports:
            outcome = stored.outcomes.get(each.ident)
            if outcome is None:
                continue
            if each.ident in ended:
                continue
            if outcome.firing and each.normalised is not None and not each.resolved:
                due, starts = seconds(outcome.due_at), seconds(outcome.starts_at)
                content = each.normalised.content
                self.memory.learn(each.ident, outcome.alert_id, content, starts, due, each.received_at.timestamp())
            elif not outcome.firing:
                self.memory.forget(each.ident)

    async def _tick(self, *, everything: bool = False) -> None:
        now = self.now()
        waiting = self.memory.waiting(now.timestamp(), everything=everything)
        written = 0
        try:
            while written < len(waiting):
                await self._refresh(waiting[written : written + REFRESH_CHUNK])
                written += REFRESH_CHUNK
            await self._note_sources()
            if lately := self.lately.take():
                for statement in payloads.note_last(lately):
                    await self.lanes[0].fetch(*statement)
        except (psycopg.Error, OSError) as problem:
            log.warning("refreshes could not be written: %s", problem)
            await self._recover(self.lanes[0], problem)
            # Nothing is lost: they are written at a later tick, or the senders say it again.
            self.memory.put_back(waiting[written:])

    async def _refresh(self, waiting: list[Known]) -> None:
        rows = [(each.alert_id, datetime.fromtimestamp(each.seen, UTC), moment(each.due)) for each in waiting]
        firing = {row[0] for row in await self.lanes[0].fetch(*refresh(rows))}
        ended = []
        for each in waiting:
            if each.alert_id in firing:
                each.stored_due = each.due
                continue
            self.memory.forget(each.ident)
            seen = datetime.fromtimestamp(each.seen, UTC)
            source_id, mark = each.ident
            ended.append(Report(source_id, mark, seen, False, None, None, moment(each.due)))
        if ended:
            lane = self.lanes[0]
            async with lane.lock:
                await self._store(lane, ended)

    async def _note_sources(self) -> None:
        if self._received:
            heard, self._received = self._received, {}
            sql = (
                "UPDATE alerts_source s SET last_received_at = GREATEST(s.last_received_at, u.k)"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(i, k) WHERE s.id = u.i"
            )
            await self.lanes[0].fetch(sql, (list(heard), list(heard.values())))


def _settle(batch: list[Submission], error: BaseException | None) -> None:
    """Answer the requests that wait and were not answered yet."""
    for submission in batch:
        if submission.done.done():
            continue
        if error is None:
            submission.done.set_result(None)
        else:
            submission.done.set_exception(error)
