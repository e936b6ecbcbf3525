"""Keep a library that brings its own HTTP client (Apprise on requests) behind the guard.

Inside ``guarded_scope`` three things hold for the running thread, and for no other:

1. every connection of urllib3 comes from ``guarded_create_connection``;
2. every session of requests ignores proxies and .netrc of the process, follows at most three redirects, reads bounded
   answers, and trusts the same certificates as our own client;
3. an audit hook stops any socket that connects to, or sends to, an address the guard has not checked.
   This is the second wall: it holds even if a plugin takes a way nobody thought of.

Outside of a scope nothing changes for anyone.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import requests
import requests.adapters
import urllib3.exceptions
import urllib3.util.connection
from django.utils.translation import gettext as _

from .errors import Refused
from .guard import CONNECT_SECONDS, Deadline, SockAddress, guarded_create_connection
from .policy import OutboundPolicy
from .transport import new_tls_context

ANSWER_LIMIT = 1024 * 1024
MAX_REDIRECTS = 3


@dataclass
class Scope:
    """What happened on the network inside one guarded call."""

    policy: OutboundPolicy
    deadline: Deadline
    refused: Refused | None = None
    statuses: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    unanswered: bool = False
    expired: bool = False
    approved: set[SockAddress] = field(default_factory=set)
    _watched: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self, error: Refused) -> PermissionError:
        """Note the first refusal, and give the plugin an ordinary network error that it knows how to handle."""
        self.refused = self.refused or error
        return PermissionError(errno.EACCES, "refused by the outbound policy")

    def watch(self, sock: socket.socket) -> None:
        """Have this socket cut when time is up. The duplicate stays valid when TLS takes over the original."""
        with self._lock:
            self._watched.append(socket.socket(fileno=os.dup(sock.fileno())))

    def cut(self) -> None:
        """Time is up: break every connection, which ends even a read that trickles byte by byte."""
        with self._lock:
            self.expired = True
            for sock in self._watched:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the duplicates."""
        with self._lock:
            for sock in self._watched:
                sock.close()
            self._watched.clear()


_current: ContextVar[Scope | None] = ContextVar("steward_outbound_scope", default=None)


@contextmanager
def guarded_scope(policy: OutboundPolicy, seconds: float) -> Iterator[Scope]:
    """Guard everything the with-block does in this thread, for at most ``seconds`` on the network."""
    scope = Scope(policy, Deadline(seconds))
    watchdog = threading.Timer(seconds, scope.cut)
    watchdog.daemon = True
    token = _current.set(scope)
    watchdog.start()
    try:
        yield scope
    finally:
        _current.reset(token)
        watchdog.cancel()
        scope.close()


_plain_create_connection = urllib3.util.connection.create_connection


def _scoped_create_connection(
    address: tuple[str, int],
    timeout: Any = None,
    source_address: tuple[str, int] | None = None,
    socket_options: Any = None,
) -> socket.socket:
    scope = _current.get()
    if scope is None:
        return _plain_create_connection(address, timeout, source_address, socket_options)
    wanted = float(timeout) if isinstance(timeout, int | float) else CONNECT_SECONDS
    limit = scope.deadline.cap(min(wanted, CONNECT_SECONDS))
    if limit <= 0 or scope.expired:
        raise TimeoutError("the time for this call is over")
    try:
        sock = guarded_create_connection(
            address, limit, source_address, socket_options, policy=scope.policy, on_target=scope.approved.add
        )
    except Refused as error:
        raise scope.refuse(error) from None
    scope.watch(sock)
    sock.settimeout(wanted)
    return sock


class GuardedAdapter(requests.adapters.HTTPAdapter):
    """The way every session takes inside a scope: no proxy, bounded time, bounded answer, outcome noted."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send one request. ``proxies`` is dropped on purpose: a proxy would connect where the guard cannot look."""
        scope = _current.get()
        if scope is None:
            return super().send(request, stream, timeout, verify, cert, proxies)
        try:
            answer = super().send(request, True, _limits(timeout, scope.deadline), verify, cert, None)
            _read_bounded(answer)
            if scope.expired:  # what was cut looks like a short but complete answer
                raise requests.exceptions.ReadTimeout("the time for this call is over")
            scope.statuses.append(answer.status_code)
        except requests.exceptions.RequestException as error:
            scope.unanswered = scope.unanswered or not _never_left(error)
            raise
        return answer

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Check certificates against the same authorities as our own client."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify is True:
            pool["ssl_context"] = _shared_tls_context()
        return host, pool


@lru_cache(maxsize=1)
def _shared_tls_context() -> ssl.SSLContext:
    # Not the context of our own client: urllib3 sets options on the one it is given.
    return new_tls_context()


def _limits(timeout: Any, deadline: Deadline) -> tuple[float, float]:
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return (
        max(0.001, deadline.cap(min(connect or CONNECT_SECONDS, CONNECT_SECONDS))),
        max(0.001, deadline.cap(read)),
    )


def _read_bounded(answer: requests.Response) -> None:
    """Read the body here, so that whoever asks for it later gets no more than the limit."""
    body = bytearray()
    try:
        for chunk in answer.iter_content(65536):
            body += chunk
            if len(body) > ANSWER_LIMIT:
                raise requests.exceptions.ContentDecodingError("the answer is too large")
    except requests.exceptions.RequestException:
        answer.close()
        raise
    answer._content = bytes(body)


def _never_left(error: requests.exceptions.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, urllib3.exceptions.NewConnectionError) or isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema
    )


def _patch_sessions() -> None:
    plain_init = requests.Session.__init__

    def scoped_init(self: requests.Session) -> None:
        plain_init(self)
        if _current.get() is not None:
            self.trust_env = False
            self.max_redirects = MAX_REDIRECTS
            self.mount("https://", GuardedAdapter())
            self.mount("http://", GuardedAdapter())

    requests.Session.__init__ = scoped_init  # type: ignore[method-assign]


def _audit(event: str, args: tuple[Any, ...], _events: frozenset[str], _get: Callable[[], Scope | None]) -> None:
    if event not in _events:
        return
    scope = _get()
    if scope is None:
        return
    if event == "socket.connect" and args[1] in scope.approved:
        return
    raise scope.refuse(
        Refused(
            _("This service tried to leave past the connection check, which Steward does not allow."), reason="bypass"
        )
    )


class _Collector(logging.Filter):
    """Inside a scope, log lines go to the result (where secrets are masked) instead of the process log."""

    def __init__(self, keep: bool) -> None:
        super().__init__()
        self.keep = keep

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the line away from the log while a scope is open."""
        scope = _current.get()
        if scope is None:
            return True
        if self.keep and record.levelno >= logging.WARNING and len(scope.lines) < 50:
            scope.lines.append(record.getMessage())
        return False


def _install() -> None:
    """Once per process, at import."""
    urllib3.util.connection.create_connection = _scoped_create_connection
    _patch_sessions()
    events = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system"})
    get = _current.get
    sys.addaudithook(lambda event, args: _audit(event, args, events, get))
    library = logging.getLogger("apprise")
    library.addFilter(_Collector(keep=True))
    # Its warnings are the only place where a plugin says why it failed; a quieter process log must not lose them.
    if library.getEffectiveLevel() > logging.WARNING:
        library.setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").addFilter(_Collector(keep=False))


_install()
