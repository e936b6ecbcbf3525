"""The engine's loop: sleep until a row is due or a NOTIFY comes, claim, hand over to the kind's threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
from django.db import close_old_connections, connection

from steward.foundation import clock
from steward.foundation.due.registry import CHANNEL, DueKind, claim, extend, kinds, next_due

log = logging.getLogger(__name__)
# Even when no NOTIFY arrives (a lost listener connection, say) nothing waits longer than this.
LONGEST_SLEEP = 20.0
# How often the leases of what is worked on for longer than this are lengthened; well below every lease.
KEEP_SECONDS = 3.0


class KindLoop(threading.Thread):
    """Claims and runs one kind, on its own threads."""

    def __init__(self, kind: DueKind, stop: threading.Event, now: Callable[[], datetime]) -> None:
        super().__init__(name=f"due-{kind.name}", daemon=True)
        self.kind, self.stop, self.now = kind, stop, now
        self.bell = threading.Event()
        self.pool = ThreadPoolExecutor(kind.workers, thread_name_prefix=f"due-{kind.name}")
        self.free = threading.Semaphore(kind.workers)
        self.held: dict[object, tuple[float, list[int]]] = {}

    def run(self) -> None:
        while not self.stop.is_set():
            self.bell.clear()
            try:
                if not self._round():
                    self._sleep()
            except psycopg.Error as error:
                self._database_trouble(error)
            except Exception as error:  # Django wraps psycopg's errors; anything else is logged and survived too
                self._database_trouble(error)
        self.pool.shutdown(wait=True)

    def _round(self) -> bool:
        """Claim once; returns whether there was anything. Waits for a free thread first, so that claimed rows do not
        age in a queue while another engine is idle."""
        self.free.acquire()
        handed_over = False
        try:
            ids = claim(self.kind, self.now())
            close_old_connections()
            if ids:
                self.pool.submit(self._work, ids).add_done_callback(self._finished)
                handed_over = True
            return bool(ids)
        finally:
            if not handed_over:
                self.free.release()

    def _work(self, ids: list[int]) -> None:
        token = object()
        self.held[token] = (time.monotonic(), ids)
        try:
            self.kind.handle(ids, self.now())
        finally:
            del self.held[token]
            connection.close()

    def keep(self) -> None:
        """Lengthen the leases of what has been worked on for a while."""
        since = time.monotonic() - KEEP_SECONDS
        for began, ids in list(self.held.values()):
            if began <= since:
                extend(self.kind, ids, self.now())

    def _finished(self, future: Future[None]) -> None:
        self.free.release()
        error = future.exception()
        if error:
            log.error("due kind %s failed: its rows come again when their lease ends", self.kind.name, exc_info=error)
            return
        # Handling may have set a nearer due time (or left rows behind); look again.
        self.bell.set()

    def _sleep(self) -> None:
        due = next_due(self.kind)
        connection.close()
        seconds = LONGEST_SLEEP
        if due is not None:
            seconds = min(seconds, max(0.0, (due - self.now()).total_seconds()))
        self.bell.wait(max(seconds, 0.002))

    def _database_trouble(self, error: Exception) -> None:
        log.warning("due kind %s: %s; trying again in a second", self.kind.name, error)
        connection.close()
        self.stop.wait(1.0)


class Runner:
    """All kinds' loops and the listener that rings their bells."""

    def __init__(self, *, now: Callable[[], datetime] = clock.now) -> None:
        self.stop_event = threading.Event()
        self.loops = {kind.name: KindLoop(kind, self.stop_event, now) for kind in kinds()}
        self.listener = threading.Thread(target=self._listen, name="due-listener", daemon=True)
        self.keeper = threading.Thread(target=self._keep, name="due-keeper", daemon=True)
        self.ended = threading.Event()

    def start(self) -> None:
        for loop in self.loops.values():
            loop.start()
        self.listener.start()
        self.keeper.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop claiming and wait for the handlers at work; what they do not finish comes again after its lease."""
        self.stop_event.set()
        for loop in self.loops.values():
            loop.bell.set()
        for loop in self.loops.values():
            loop.join(timeout)
        self.ended.set()

    def _keep(self) -> None:
        while not self.ended.wait(KEEP_SECONDS):
            for loop in self.loops.values():
                try:
                    loop.keep()
                except Exception as error:  # the next round tries again, well before the lease ends
                    log.warning("leases of %s could not be lengthened: %s", loop.kind.name, error)
            connection.close()

    def _listen(self) -> None:
        while not self.stop_event.is_set():
            try:
                self._listen_once()
            except psycopg.Error as error:
                log.warning("listener lost its connection (%s); connecting again", error)
                self.stop_event.wait(1.0)

    def _listen_once(self) -> None:
        wanted = ("dbname", "user", "password", "host", "port")
        parameters = {name: value for name, value in connection.get_connection_params().items() if name in wanted}
        with psycopg.connect(**parameters, autocommit=True) as listening:
            listening.execute(f"LISTEN {CHANNEL}")
            for loop in self.loops.values():
                loop.bell.set()  # what was notified while nobody listened
            while not self.stop_event.is_set():
                for notice in listening.notifies(timeout=2.0, stop_after=1):
                    rung = self.loops.get(notice.payload)
                    if rung:
                        rung.bell.set()


def overdue(kind: DueKind, now: datetime, grace: timedelta) -> int:
    """How many rows of a kind are later than ``grace`` (for ``steward doctor`` and the page's health light)."""
    return kind.model._default_manager.filter(due_at__lt=now - grace).count()


def overdue_by_kind(now: datetime, grace: timedelta) -> dict[str, int]:
    """The same for every kind, in one query."""
    found = kinds()
    if not found:
        return {}
    quote = connection.ops.quote_name
    parts = [f"SELECT %s::text, count(*) FROM {quote(k.model._meta.db_table)} WHERE due_at < %s" for k in found]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [each for kind in found for each in (kind.name, now - grace)])
        return dict(cursor.fetchall())
