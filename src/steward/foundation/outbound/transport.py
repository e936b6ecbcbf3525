"""The network side of httpcore: sockets from the guard, every read and write under one deadline."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import certifi
import httpcore

from .guard import Deadline, guarded_create_connection
from .policy import OutboundPolicy


def new_tls_context() -> ssl.SSLContext:
    """Trusts the certificates of the system, where companies put their own authority, and the well-known ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The context of our own clients, made once because loading the certificates is slow."""
    return new_tls_context()


class GuardedBackend(httpcore.NetworkBackend):
    """Connects through the guard. ``started_sending`` tells whether any of the request can have arrived."""

    def __init__(self, policy: OutboundPolicy, deadline: Deadline) -> None:
        self.policy = policy
        self.deadline = deadline
        self.started_sending = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a checked connection; Refused passes through httpcore untouched."""
        limit = self.deadline.cap(timeout)
        try:
            sock = guarded_create_connection((host, port), limit, socket_options=socket_options, policy=self.policy)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error) or "timed out") from error
        except OSError as error:
            raise httpcore.ConnectError(error.strerror or str(error)) from error
        return GuardedStream(sock, self)


class GuardedStream(httpcore.NetworkStream):
    """A connected socket under the deadline of its call: a server that trickles bytes cannot stretch it."""

    def __init__(self, sock: socket.socket, backend: GuardedBackend) -> None:
        self._sock = sock
        self._backend = backend

    def _arm(self, timeout: float | None, expired: type[Exception]) -> None:
        limit = self._backend.deadline.cap(timeout)
        if limit <= 0:
            raise expired("the time for this call is over")
        self._sock.settimeout(limit)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, up to ``max_bytes``."""
        self._arm(timeout, httpcore.ReadTimeout)
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("the time for this call is over") from error
        except OSError as error:
            raise httpcore.ReadError(error.strerror or str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of ``buffer``."""
        view = memoryview(buffer)
        try:
            while view:
                self._arm(timeout, httpcore.WriteTimeout)
                self._backend.started_sending = True
                view = view[self._sock.send(view) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout("the time for this call is over") from error
        except OSError as error:
            raise httpcore.WriteError(error.strerror or str(error)) from error

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands; the certificate is checked against the name, not the address that was connected to."""
        try:
            self._arm(timeout, httpcore.ConnectTimeout)
            wrapped = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout("timed out during the TLS handshake") from error
        except OSError as error:
            self.close()
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", None) or str(error)
            raise httpcore.ConnectError(f"TLS: {reason}") from error
        return GuardedStream(wrapped, self._backend)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about its streams."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "socket":
            return self._sock
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "is_readable":
            poller = select.poll()  # select.select fails for descriptors above 1023
            poller.register(self._sock, select.POLLIN)
            return bool(poller.poll(0))
        return None
