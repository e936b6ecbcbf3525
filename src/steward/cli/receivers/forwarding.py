"""What waits to be brought to Steward, within bounds, and who brings it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from steward.cli.receivers.steward import Ingest, Said

log = logging.getLogger("steward.syslog")
LINGER_SECONDS = 0.1
MOST_MESSAGES, MOST_BYTES = 1_000, 1024 * 1024
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# So often Steward hears that messages come, even if none is severe enough to be brought.
ALIVE_SECONDS = 60.0
# What a message costs beside its bytes: the entry, the address, the object.
_OVERHEAD = 200


@dataclass(slots=True)
class Waiting:
    """A message and who sent it."""

    sender: str
    text: bytes

    @property
    def size(self) -> int:
        return len(self.text) + _OVERHEAD

    def as_json(self) -> dict[str, str]:
        return {"from": self.sender, "message": decoded(self.text)}


def decoded(raw: bytes) -> str:
    """Text, whatever alphabet it is in: a byte that is not UTF-8 is kept as a character."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Queue:
    """Messages in the order in which they came. ``room`` is called when there is some again."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self.dropped = 0
        self.room: list[Callable[[], None]] = []
        self.bell = asyncio.Event()
        self._messages: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        return self.bytes >= self.most_bytes

    def put(self, message: Waiting) -> None:
        """Keep a message, however full it is: a stream is asked to pause, but what has been read of it counts."""
        self._messages.append(message)
        self.bytes += message.size
        self.bell.set()

    def offer(self, message: Waiting) -> None:
        """Keep a message if there is room; a datagram cannot be asked to wait."""
        if self.full:
            self.dropped += 1
        else:
            self.put(message)

    def first(self, most: int) -> list[Waiting]:
        """The oldest messages, which stay until :meth:`remove` says that they have arrived."""
        found: list[Waiting] = []
        size = 0
        for message in self._messages:
            if len(found) >= most or (found and size + message.size > MOST_BYTES):
                break
            found.append(message)
            size += message.size
        return found

    def remove(self, number: int) -> None:
        """Forget the oldest messages."""
        was_full = self.full
        for _each in range(number):
            self.bytes -= self._messages.popleft().size
        if was_full and not self.full:
            waiting, self.room = self.room, []
            for resume in waiting:
                resume()

    def all(self) -> list[Waiting]:
        return list(self._messages)


class Forwarder:
    """Brings what waits, in order, in batches; tries until Steward takes it."""

    def __init__(self, queue: Queue, ingest: Ingest, key: str, severity: str) -> None:
        self.queue, self.ingest, self.key, self.severity = queue, ingest, key, severity
        self.brought = self.lost = 0
        self.alive = False
        self._stopping = asyncio.Event()
        self._most = MOST_MESSAGES
        self._away_since: float | None = None
        self._wait = FIRST_WAIT
        self._told = 0.0

    def stop(self) -> None:
        """Bring what waits if Steward takes it at once, and end."""
        self._stopping.set()
        self.queue.bell.set()

    async def run(self) -> None:
        """Until stopped."""
        while True:
            await self._something()
            if len(self.queue) < self._most and not self._stopping.is_set():
                await asyncio.sleep(LINGER_SECONDS)
            batch = self.queue.first(self._most)
            if not batch and not self.alive:
                if self._stopping.is_set():
                    return
                continue
            self.alive = False
            said = await self._bring(batch)
            self._settle(batch, said)
            if said.outcome not in ("taken", "too-large"):
                if self._stopping.is_set():
                    return
                await self._rest()

    async def _something(self) -> None:
        """Wait for a message, or until Steward should hear that there are some."""
        if len(self.queue) or self._stopping.is_set():
            return
        self.queue.bell.clear()
        try:
            await asyncio.wait_for(self.queue.bell.wait(), ALIVE_SECONDS)
        except TimeoutError:
            return

    async def _bring(self, batch: list[Waiting]) -> Said:
        body = orjson.dumps({"messages": [each.as_json() for each in batch]})
        parameters = {"severity": self.severity}
        return await asyncio.to_thread(
            lambda: self.ingest.bring(self.key, "syslog", body, media="application/json", parameters=parameters)
        )

    def _settle(self, batch: list[Waiting], said: Said) -> None:
        if said.outcome == "taken":
            self.queue.remove(len(batch))
            self.brought += len(batch)
            self._most = min(self._most * 2, MOST_MESSAGES)
            self._back()
        elif said.outcome == "too-large":
            self._halve(batch, said)
        else:
            self._away(said)

    def _halve(self, batch: list[Waiting], said: Said) -> None:
        if len(batch) > 1:
            self._most = len(batch) // 2
            return
        log.error("Steward does not take a message of %s bytes, which is lost: %s", len(batch[0].text), said.why)
        self.queue.remove(1)
        self.lost += 1

    def _away(self, said: Said) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since, self._told = now, 0.0
        if now - self._told >= LONGEST_WAIT:
            self._told = now
            log.warning(
                "Steward takes nothing (%s); %s messages wait, %s were dropped for want of room. Trying again.",
                said.why, len(self.queue), self.queue.dropped,
            )  # fmt: skip

    def _back(self) -> None:
        self._wait = FIRST_WAIT
        if self._away_since is not None:
            seconds, self._away_since = time.monotonic() - self._away_since, None
            log.warning("Steward takes messages again, after %.0f s; %s wait", seconds, len(self.queue))

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._wait)
        except TimeoutError:
            self._wait = min(self._wait * 2, LONGEST_WAIT)


def load_spool(path: Path, queue: Queue) -> None:
    """Take up what an earlier run could not bring. The file stays until it is rewritten at the end or all of it has
    been brought: what is brought twice is the same alert twice."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            value = orjson.loads(line)
            queue.put(Waiting(str(value["from"]), str(value["message"]).encode("utf-8", "replace")))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            log.error("a line of %s cannot be read and is left out", path)
    log.warning("%s messages of an earlier run wait", len(queue))


def save_spool(path: Path, messages: list[Waiting]) -> None:
    """Keep what waits, or nothing; whole or not at all."""
    if not messages:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        for each in messages:
            file.write(orjson.dumps(each.as_json()) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
