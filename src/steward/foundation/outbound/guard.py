"""Resolve once, check every address, connect to exactly what was checked."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from .policy import OutboundPolicy, clean_host

SockAddress = tuple[Any, ...]
Target = tuple[int, SockAddress]
SocketOption = tuple[int, int, int | bytes]

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0


class Deadline:
    """A point in monotonic time that one whole call must not pass."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; 0.0 when there are none."""
        return max(0.0, self.at - time.monotonic())

    def cap(self, seconds: float | None) -> float:
        """``seconds``, but never past the deadline."""
        left = self.remaining()
        return left if seconds is None else min(seconds, left)


def resolve(host: str, port: int, policy: OutboundPolicy, *, timeout: float = CONNECT_SECONDS) -> list[Target]:
    """Every address of ``host``, all of them checked; one bad address refuses the name as a whole.

    Raises Refused, or OSError (socket.gaierror, TimeoutError) when the name cannot be resolved.
    """
    name = clean_host(host)
    try:
        literal = ip_address(name)
    except ValueError:
        targets = _look_up(name, port, timeout)
        for _family, address in targets:
            policy.check_address(str(address[0]), host=name)
        return targets
    # An address as such needs no resolver, which also would accept a zone (fe80::1%eth0) the check does not know.
    policy.check_address(literal, host=name)
    if literal.version == 4:
        return [(socket.AF_INET, (str(literal), port))]
    return [(socket.AF_INET6, (str(literal), port, 0, 0))]


def _look_up(name: str, port: int, timeout: float) -> list[Target]:
    # getaddrinfo cannot be given a time limit, so it runs aside; a hung resolver costs an idle daemon thread.
    answers: queue.SimpleQueue[list[Any] | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(socket.getaddrinfo(name, port, socket.AF_UNSPEC, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=work, name="outbound-dns", daemon=True).start()
    try:
        found = answers.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise TimeoutError(f"no answer from DNS for {name}") from None
    if isinstance(found, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is not a host name")
    if isinstance(found, BaseException):
        raise found
    targets = [(int(family), tuple(address)) for family, _kind, _proto, _canon, address in found]
    if not targets:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} has no address")
    return targets


def guarded_create_connection(
    address: tuple[str, int],
    timeout: float | None = CONNECT_SECONDS,
    source_address: tuple[str, int] | None = None,
    socket_options: Iterable[SocketOption] | None = None,
    *,
    policy: OutboundPolicy,
    on_target: Callable[[SockAddress], None] | None = None,
) -> socket.socket:
    """Like socket.create_connection, for outside addresses. Raises Refused or OSError.

    The name is resolved once and the socket connects to the checked address itself, so a name server that answers
    differently the second time (DNS rebinding) is never asked a second time.
    """
    deadline = Deadline(CONNECT_SECONDS if timeout is None else timeout)
    targets = resolve(address[0], address[1], policy, timeout=deadline.remaining())
    failure: OSError = OSError("no address")
    options = tuple(socket_options or ())
    for position, (family, target) in enumerate(targets):
        # A share of what is left for each, so that one dead address does not eat the time of the next.
        share = deadline.remaining() / (len(targets) - position)
        if share <= 0:
            raise TimeoutError("timed out while connecting")
        if on_target is not None:
            on_target(target)
        try:
            return _connect(family, target, share, source_address, options)
        except OSError as error:
            failure = error
    raise failure


def _connect(
    family: int,
    target: SockAddress,
    timeout: float,
    source_address: tuple[str, int] | None,
    options: Iterable[SocketOption],
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        if source_address:
            sock.bind(source_address)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock
