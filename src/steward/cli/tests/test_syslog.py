"""``steward syslog``: framing, bounds, and the whole way with the real ``logger`` and Python's own handler."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import random
import socket
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from steward.cli.receivers.address import bound, listening
from steward.cli.receivers.forwarding import Forwarder, Queue, Waiting, load_spool, save_spool
from steward.cli.receivers.framing import MAX_MESSAGE, Frames
from steward.cli.receivers.steward import Ingest, Said
from steward.cli.receivers.syslog import level_of
from steward.cli.tests.doors import door, free_port, receiver, until
from steward.cli.trouble import Trouble
from steward.signals.alerts.models import Alert, ParkedPayload, Source
from steward.signals.alerts.tests.factories import source


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    frames = Frames()
    found = [message for at in range(0, len(stream), size) for message in frames.feed(stream[at : at + size])]
    rest = frames.end()
    return [*found, rest] if rest else found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_framing_of_all_kinds_in_any_pieces(size: int) -> None:
    lines = b"<11>one\n<11>two\r\n<11>three\x00\n<11>four"
    assert in_pieces(lines, size) == [b"<11>one", b"<11>two", b"<11>three", b"<11>four"]
    assert in_pieces(b"7 <11>one12 <11>two\nline5 <11>x", size) == [b"<11>one", b"<11>two\nline", b"<11>x"]
    # A line that only begins like a count, and a change of framing in the middle.
    assert in_pieces(b"12 monkeys\n7 <11>one<11>two\n", size) == [b"12 monkeys", b"<11>one", b"<11>two"]
    assert in_pieces(b"2026-03-02 line\n12345678 <11>x\n", size) == [b"2026-03-02 line", b"12345678 <11>x"]


@pytest.mark.parametrize("size", [1, 1000, MAX_MESSAGE * 3])
def test_too_long_is_cut_and_the_next_is_read(size: int) -> None:
    long = b"<11>" + b"x" * (MAX_MESSAGE * 2)
    counted = in_pieces(str(len(long)).encode() + b" " + long + b"7 <11>one", max(size, 500))
    assert [len(each) for each in counted] == [MAX_MESSAGE, 7]
    lines = in_pieces(long + b"\n<11>one\n", max(size, 500))
    assert [len(each) for each in lines] == [MAX_MESSAGE, 7]


def test_any_garbage_gives_messages_and_nothing_is_kept_without_bound() -> None:
    choice = random.Random(3)
    for _round in range(300):
        frames = Frames()
        for _piece in range(10):
            piece = choice.choice(
                [choice.randbytes(choice.randint(0, 200)), b"99999 <11>", b"7 <11>one", b"\n", b"1" * 20]
            )
            for message in frames.feed(piece):
                assert message and len(message) <= MAX_MESSAGE
        assert len(frames.end()) <= MAX_MESSAGE


def test_levels_and_addresses() -> None:
    assert [level_of(each) for each in (b"<11>x", b"\x00<8>x", b"x", b"<200>x", b"<>")] == [3, 0, 5, 5, 5]
    assert listening("[::]:5514") == ("::", 5514) and listening(":1") == ("0.0.0.0", 1)
    for wrong in ("localhost", "1.2.3.4:0", "h:x", "h:70000"):
        with pytest.raises(Trouble):
            listening(wrong)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_all_addresses_by_ipv6_are_those_by_ipv4_too() -> None:
    port = free_port()
    with bound("::", port, socket.SOCK_STREAM) as streams, bound("::", port, socket.SOCK_DGRAM) as datagrams:
        streams.listen()
        with socket.create_connection(("127.0.0.1", port)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            assert streams.accept()[1][0] == "::ffff:127.0.0.1"
            sender.sendto(b"x", ("127.0.0.1", port))
            assert datagrams.recvfrom(10)[1][0] == "::ffff:127.0.0.1"
        with pytest.raises(Trouble, match="cannot listen"):
            bound("::", port, socket.SOCK_DGRAM)


class Peer(Ingest):
    """Answers as told."""

    def __init__(self, *said: str) -> None:
        super().__init__("http://127.0.0.1:1")
        self.said = list(said)
        self.bodies: list[bytes] = []

    def bring(self, key: str, path: str, body: bytes, **_more: object) -> Said:
        self.bodies.append(body)
        return Said(self.said.pop(0) if self.said else "taken", "told so")  # type: ignore[arg-type]


def bring(peer: Peer, queue_of: int = 3, stop: bool = True) -> tuple[Queue, Forwarder]:
    async def story() -> tuple[Queue, Forwarder]:
        queue = Queue(10_000)
        for number in range(queue_of):
            queue.put(Waiting("h", f"<11>{number}".encode()))
        forwarder = Forwarder(queue, peer, "k", "err")
        running = asyncio.create_task(forwarder.run())
        await asyncio.sleep(0.8 if stop else 0)
        forwarder.stop()
        await asyncio.wait_for(running, 5)
        return queue, forwarder

    return asyncio.run(story())


def test_what_is_not_taken_stays_and_is_brought_again_in_order() -> None:
    peer = Peer("away")
    queue, forwarder = bring(peer)
    assert forwarder.brought == 3 and not len(queue) and len(peer.bodies) == 2 and peer.bodies[0] == peer.bodies[1]
    queue, forwarder = bring(Peer("away", "unknown", "refused"), stop=False)
    assert len(queue) == 3 and forwarder.brought == 0


def test_too_large_batches_are_halved_and_only_a_message_too_large_by_itself_is_lost() -> None:
    peer = Peer("too-large", "too-large")
    queue, forwarder = bring(peer, 3)
    assert (forwarder.brought, forwarder.lost, len(queue)) == (2, 1, 0)


def test_datagrams_are_dropped_and_counted_when_there_is_no_room() -> None:
    queue = Queue(1_000)
    for _number in range(10):
        queue.offer(Waiting("h", b"x" * 100))
    assert len(queue) == 4 and queue.dropped == 6
    rung: list[int] = []
    queue.room.append(lambda: rung.append(1))
    queue.remove(1)
    assert rung == [1] and not queue.full


def test_the_spool_keeps_any_bytes(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    save_spool(path, [Waiting("h", "<11>größe\n2".encode()), Waiting("h", b"<11>\xff")])
    path.write_bytes(path.read_bytes() + b"{broken\n")
    queue = Queue(1000)
    load_spool(path, queue)
    assert [each.text.decode() for each in queue.all()] == ["<11>größe\n2", "<11>ÿ"]
    save_spool(path, [])
    assert not path.exists()


def said() -> set[tuple[str, str, str]]:
    with connection.cursor():
        return {
            (each.labels.get("app", ""), each.labels["severity"], str(each.annotations.get("summary")))
            for each in Alert.objects.all()
        }


@pytest.mark.django_db(transaction=True)
def test_the_real_logger_and_pythons_handler_by_udp_and_tcp(tmp_path: Path) -> None:
    source("the-key", kind="syslog")
    with door() as steward, receiver(tmp_path, "syslog", steward.url, key="the-key") as syslog:
        to = ["logger", "--server", "127.0.0.1", "--port", str(syslog.port)]
        for number, way in enumerate(
            (["--udp"], ["--tcp"], ["--udp", "--rfc3164"], ["--tcp", "--rfc3164"], ["--tcp", "--octet-count"])
        ):
            words = ["--priority", "daemon.crit", "--tag", f"way{number}", f"message {number}"]
            subprocess.run([*to, *way, *words], check=True)
        for number, kind in enumerate((socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            handler = logging.handlers.SysLogHandler(("127.0.0.1", syslog.port), socktype=kind)
            handler.ident = f"python{number}: "
            record = logging.LogRecord("n", logging.ERROR, "", 0, "from Größe", (), None)
            handler.emit(record)
            handler.emit(logging.LogRecord("n", logging.INFO, "", 0, "harmless", (), None))
            handler.close()
        wanted = {(f"way{number}", "critical", f"message {number}") for number in range(5)}
        wanted |= {(f"python{number}", "error", "from Größe") for number in range(2)}
        until(lambda: said() == wanted)
        assert all(each.labels["host"] for each in Alert.objects.all())
        assert syslog.stop() == 0
        assert "7 messages brought, 2 not severe enough" in syslog.said and "0 lost" in syslog.said
    assert Source.objects.get().last_received_at is not None and not ParkedPayload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_that_tcp_accepted_is_lost_while_steward_is_away_or_the_receiver_is_restarted(tmp_path: Path) -> None:
    source("the-key", kind="syslog")
    spool = tmp_path / "spool"
    with door() as steward:
        steward.away = True
        with receiver(tmp_path, "syslog", steward.url, "--spool", str(spool), key="the-key") as syslog:
            with socket.create_connection(("127.0.0.1", syslog.port)) as stream:
                for number in range(500):
                    stream.sendall(f"<11>app{number}: failed\n".encode())
                stream.sendall(b"<11>last: without an end")
            until(lambda: "Steward takes nothing (503); " in syslog.said)
            assert syslog.stop() == 0
        assert "501 kept in the spool" in syslog.said and "the-key" not in syslog.said
        assert len(spool.read_bytes().splitlines()) == 501
        steward.away = False
        with receiver(tmp_path, "syslog", steward.url, "--spool", str(spool), key="the-key") as again:
            until(lambda: Alert.objects.count() == 501)
            assert again.stop() == 0
    assert not spool.exists()


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_garbage_is_survived_and_a_full_buffer_makes_tcp_wait(tmp_path: Path) -> None:
    source("the-key", kind="syslog")
    choice = random.Random(5)
    with door() as steward, receiver(tmp_path, "syslog", steward.url, "--buffer", "1", key="the-key") as syslog:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for _round in range(500):
                datagrams.sendto(choice.randbytes(choice.randint(0, 1400)), ("127.0.0.1", syslog.port))
        for _connection in range(20):
            with socket.create_connection(("127.0.0.1", syslog.port)) as stream:
                stream.sendall(choice.randbytes(5_000))
        steward.away = True
        with socket.create_connection(("127.0.0.1", syslog.port)) as stream:
            stream.settimeout(1.0)
            with pytest.raises(TimeoutError):
                for number in range(100_000):
                    stream.sendall(f"<11>host{number % 50}: {'x' * 1_000}\n".encode())
            steward.away = False
            stream.settimeout(40.0)
            stream.sendall(b"\n<8>after: the flood\n")
        until(lambda: Alert.objects.filter(name="after").exists(), 60)
        assert Alert.objects.filter(name__startswith="host").count() == 50
        assert syslog.stop() == 0


def test_trouble_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="steward: give the key of the source by STEWARD_SOURCE_KEY"):
        with receiver(tmp_path, "syslog", "http://127.0.0.1:1"):
            pass
