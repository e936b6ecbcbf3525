"""Group commit: one task per process writes what all concurrent requests brought, in as few transactions as can be.

While one batch is being committed the next one collects; a request is answered when the batch that holds its alerts is
committed. Refreshes are written by the same task, in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from steward.signals.alerts.ingest.database import Database
from steward.signals.alerts.ingest.memory import Known, Memory, moment, seconds
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
MAX_BATCH = 2_000
MAX_QUEUED = 50_000
REFRESH_CHUNK = 1_000
ATTEMPTS = 3
# When several requests shared the last transaction more are on their way: waiting a moment for them costs less than a
# transaction of their own. A lone sender never waits.
LINGER_SECONDS = 0.0015


class Busy(Exception):
    """More waits to be written than may: the sender is asked to come again."""


@dataclass(slots=True)
class Submission:
    """What one request brought."""

    reports: list[Report]
    parked: list[Parking]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """The task and its queue. ``name`` marks what this process tells the others."""

    def __init__(self, database: Database, memory: Memory, name: str, now: Callable[[], datetime]) -> None:
        self.database, self.memory, self.name, self.now = database, memory, name, now
        self._queue: list[Submission] = []
        self._queued = 0
        self._bell = asyncio.Event()
        self._stopping = False
        self._received: dict[int, datetime] = {}
        self._last_tick = 0.0
        self._crowded = False

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
        """Write until stopped, then write what is left."""
        while not (self._stopping and not self._queue):
            try:
                await asyncio.wait_for(self._bell.wait(), TICK_SECONDS)
            except TimeoutError:
                await self._tick()
                continue
            self._bell.clear()
            while self._queue:
                if self._crowded and self._queued < MAX_BATCH:
                    await asyncio.sleep(LINGER_SECONDS)
                batch = self._take()
                self._crowded = len(batch) > 1
                await self._write(batch)
                if self.now().timestamp() - self._last_tick >= TICK_SECONDS:
                    await self._tick()
        await self._tick(everything=True)

    def stop(self) -> None:
        """Take nothing more in, and let the task end."""
        self._stopping = True
        self._bell.set()

    def _take(self) -> list[Submission]:
        taken, size = 0, 0
        for submission in self._queue:
            if taken and size >= MAX_BATCH:
                break
            taken += 1
            size += len(submission.reports) + len(submission.parked)
        batch, self._queue = self._queue[:taken], self._queue[taken:]
        self._queued -= size
        return batch

    async def _write(self, batch: list[Submission]) -> None:
        try:
            error = await self._try(batch)
            if isinstance(error, psycopg.DataError | psycopg.IntegrityError) and len(batch) > 1:
                # One request's data must not fail the others that happened to share its transaction.
                for submission in batch:
                    _settle([submission], await self._try([submission]))
            _settle(batch, error)
        except asyncio.CancelledError as cancelled:
            _settle(batch, cancelled)
            raise

    async def _try(self, batch: list[Submission]) -> Exception | None:
        reports = [each for submission in batch for each in submission.reports]
        parked = [each for submission in batch for each in submission.parked]
        try:
            async with self.database.lock:
                await self._store(reports)
                if parked:
                    await (await self.database.connect()).execute(*park(parked))
        except (psycopg.Error, OSError) as problem:
            log.warning("%s alerts could not be stored: %s", len(reports), problem)
            await self._recover(problem)
            return problem
        except Exception as problem:
            log.exception("a batch of %s alerts could not be stored", len(reports))
            return problem
        return None

    async def _recover(self, problem: Exception) -> None:
        if isinstance(problem, psycopg.OperationalError | psycopg.InterfaceError | OSError):
            await self.database.close()

    async def _store(self, reports: list[Report]) -> None:
        """Store what is new and what is stored already; what was removed in between is new again."""
        self.memory.storing()
        try:
            while reports:
                reports = await self._store_once(reports)
        finally:
            self.memory.stored()

    async def _store_once(self, reports: list[Report]) -> list[Report]:
        """Store in up to two statements; returns the reports of alerts that went away between them. A late refresh of
        such an alert is not among them: it brings nothing to make it again from, and the sender will."""
        first, later = split_first(reports)
        fresh = [each for each in first if each.normalised is not None]
        known = [each for each in first if each.normalised is None]
        if fresh:
            stored = await self._drive(lambda: insert_new(fresh), transaction=False)
            self._learn(fresh, stored)
            known = stored.left + known
        known += later
        if not known:
            return []
        stored = await self._drive(lambda: change_known(known, self.name), transaction=True)
        self._learn(known, stored)
        return [each for each in stored.left if each.normalised is not None]

    async def _drive(self, steps: Callable[[], Steps], *, transaction: bool) -> Stored:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self.database.drive(steps(), transaction=transaction)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the loop returns or raises")

    def _learn(self, reports: list[Report], stored: Stored) -> None:
        for each in reports:
            outcome = stored.outcomes.get(each.ident)
            if outcome is None:
                continue
            if outcome.firing and each.normalised is not None and not each.resolved:
                due, starts = seconds(outcome.due_at), seconds(outcome.starts_at)
                content = each.normalised.content
                self.memory.learn(each.ident, outcome.alert_id, content, starts, due, each.received_at.timestamp())
            elif not outcome.firing:
                self.memory.forget(each.ident)

    async def _tick(self, *, everything: bool = False) -> None:
        now = self.now()
        self._last_tick = now.timestamp()
        waiting = self.memory.waiting(now.timestamp(), everything=everything)
        written = 0
        try:
            while written < len(waiting):
                await self._refresh(waiting[written : written + REFRESH_CHUNK])
                written += REFRESH_CHUNK
            await self._note_sources()
        except (psycopg.Error, OSError) as problem:
            log.warning("refreshes could not be written: %s", problem)
            await self._recover(problem)
            # Nothing is lost: they are written at a later tick, or the senders say it again.
            self.memory.put_back(waiting[written:])

    async def _refresh(self, waiting: list[Known]) -> None:
        rows = [(each.alert_id, datetime.fromtimestamp(each.seen, UTC), moment(each.due)) for each in waiting]
        firing = {row[0] for row in await self.database.fetch(*refresh(rows))}
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
            async with self.database.lock:
                await self._store(ended)

    async def _note_sources(self) -> None:
        if self._received:
            heard, self._received = self._received, {}
            sql = (
                "UPDATE alerts_source s SET last_received_at = GREATEST(s.last_received_at, u.k)"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(i, k) WHERE s.id = u.i"
            )
            await self.database.fetch(sql, (list(heard), list(heard.values())))


def _settle(batch: list[Submission], error: BaseException | None) -> None:
    """Answer the requests that wait and were not answered yet."""
    for submission in batch:
        if submission.done.done():
            continue
        if error is None:
            submission.done.set_result(None)
        else:
            submission.done.set_exception(error)
