"""Where a receiver listens."""

from __future__ import annotations

import socket

from steward.cli.trouble import Trouble


def listening(text: str) -> tuple[str, int]:
    """``host:port``; an IPv6 address in brackets."""
    host, _colon, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Trouble(f"{text} is no address to listen on; write one such as 0.0.0.0:5514 or [::]:5514")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - who writes no host means all


def bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket at this address. That of all addresses by IPv6 takes IPv4 as well, by TCP as by UDP."""
    try:
        family, _kind, protocol, _name, address = socket.getaddrinfo(host, port, type=kind)[0]
        made = socket.socket(family, kind, protocol)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except OSError as error:
        raise Trouble(f"cannot listen on {host}:{port} ({error.strerror or error})") from error
    return made
