"""``steward syslog``: takes syslog by UDP and TCP and brings it to a source's ``/syslog``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import signal
import socket
from pathlib import Path
from typing import Any

from steward.cli.receivers.address import bound, listening
from steward.cli.receivers.forwarding import Forwarder, Queue, Waiting, load_spool, save_spool
from steward.cli.receivers.framing import MAX_MESSAGE, Frames
from steward.cli.receivers.steward import Ingest
from steward.cli.trouble import Trouble
from steward.config.environment import load

log = logging.getLogger("steward.syslog")
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
MOST_CONNECTIONS = 2_000
GRACE_SECONDS = 8.0
_NOTICE = 5
_PRIORITY = re.compile(rb"[\r\n\x00 ]*<(\d{1,3})>")


class Intake:
    """Where messages of all connections come together: what is severe enough waits, the rest is counted."""

    def __init__(self, queue: Queue, forwarder: Forwarder, least: int) -> None:
        self.queue, self.forwarder, self.least = queue, forwarder, least
        self.streams: set[Stream] = set()
        self.below = self.cut = 0

    def wanted(self, message: bytes) -> bool:
        if level_of(message) <= self.least:
            return True
        self.below += 1
        # Nothing is brought, but Steward should know that this source speaks.
        self.forwarder.alive = True
        return False


def level_of(message: bytes) -> int:
    """How severe it says it is: 0 to 7; a notice if it does not say."""
    found = _PRIORITY.match(message)
    number = int(found[1]) if found else 192
    return number & 7 if number <= 191 else _NOTICE


class Datagrams(asyncio.DatagramProtocol):
    """One message a datagram."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake

    def datagram_received(self, data: bytes, address: Any) -> None:
        message = data[:MAX_MESSAGE].strip(b"\r\n\x00 ")
        if message and self.intake.wanted(message):
            self.intake.queue.offer(Waiting(_plain(address), message))


class Stream(asyncio.Protocol):
    """One TCP connection. What has been read of it waits at once, so that closing loses nothing; while there is no room
    it is not read, and the sender keeps what it has."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.frames = Frames()
        self.sender = ""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker: this is what TCP gives
        self.sender = _plain(transport.get_extra_info("peername"))
        if len(self.intake.streams) >= MOST_CONNECTIONS:
            log.warning("a connection of %s was refused: there are %s already", self.sender, MOST_CONNECTIONS)
            transport.abort()
            return
        self.transport = transport
        self.intake.streams.add(self)

    def data_received(self, data: bytes) -> None:
        self._keep(self.frames.feed(data))
        if self.intake.queue.full and self.transport is not None:
            self.transport.pause_reading()
            self.intake.queue.room.append(self._resume)

    def connection_lost(self, _error: Exception | None) -> None:
        self.intake.streams.discard(self)
        rest = self.frames.end()
        self._keep([rest] if rest else [])
        self.intake.cut += self.frames.cut

    def _keep(self, messages: list[bytes]) -> None:
        for message in messages:
            if self.intake.wanted(message):
                self.intake.queue.put(Waiting(self.sender, message))

    def _resume(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()


def _plain(address: Any) -> str:
    """The address alone; IPv4 as such where it came by IPv6."""
    return str(address[0]).removeprefix("::ffff:") if address else ""


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    env = load()
    key = (options.key or env.source_key).strip().rstrip("/").rpartition("/")[2]
    if not key:
        raise Trouble("give the key of the source by STEWARD_SOURCE_KEY, or by --key")
    host, port = listening(options.listen)
    ingest = Ingest(options.url or env.public_url)
    spool = Path(options.spool) if options.spool else None
    asyncio.run(_serve(host, port, ingest, key, LEVELS.index(options.severity), options.buffer * 1024 * 1024, spool))
    return 0


async def _serve(
    host: str, port: int, ingest: Ingest, key: str, least: int, most_bytes: int, spool: Path | None
) -> None:
    queue = Queue(most_bytes)
    forwarder = Forwarder(queue, ingest, key, LEVELS[least])
    intake = Intake(queue, forwarder, least)
    if spool is not None:
        load_spool(spool, queue)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    streams, datagrams = (bound(host, port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
    _widen(datagrams)
    tcp = await loop.create_server(lambda: Stream(intake), sock=streams, backlog=512)
    udp, _protocol = await loop.create_datagram_endpoint(lambda: Datagrams(intake), sock=datagrams)
    bringing = asyncio.create_task(forwarder.run())
    print(f"steward: syslog by UDP and TCP at {host}:{port}, from {LEVELS[least]} on, to {ingest.url}", flush=True)
    await stop.wait()
    tcp.close()
    udp.close()
    for stream in list(intake.streams):
        if stream.transport is not None:
            stream.transport.close()
    await asyncio.sleep(0.05)  # for the last bytes that the connections have
    forwarder.stop()
    await asyncio.wait([bringing], timeout=GRACE_SECONDS)
    bringing.cancel()
    await asyncio.gather(bringing, return_exceptions=True)
    _account(intake, spool)


def _widen(sock: socket.socket) -> None:
    """A burst of datagrams waits in the kernel: ask for four megabytes, take what is given."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)


def _account(intake: Intake, spool: Path | None) -> None:
    """What became of everything, and what could not be brought any more."""
    left, forwarder = intake.queue.all(), intake.forwarder
    if spool is not None:
        save_spool(spool, left)
    elif left:
        forwarder.lost += len(left)
    print(
        f"steward: syslog ends: {forwarder.brought} messages brought, {intake.below} not severe enough,"
        f" {len(left) if spool else 0} kept in the spool, {intake.queue.dropped} dropped for want of room,"
        f" {intake.cut} cut, {forwarder.lost} lost",
        flush=True,
    )
