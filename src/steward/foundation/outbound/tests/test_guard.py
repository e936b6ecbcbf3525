"""Resolved once, every address checked, connected to what was checked."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from steward.foundation.outbound import OutboundPolicy, Refused, Unreachable, guarded_create_connection, request

from .conftest import LOOPBACK, Script, Web, answer, free_port


def info(*addresses: str) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


def test_connects_to_loopback_only_when_allowed(script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.sendall(b"hello"))
    with pytest.raises(Refused):
        guarded_create_connection(("127.0.0.1", server.port), policy=OutboundPolicy())
    with guarded_create_connection(("127.0.0.1", server.port), policy=LOOPBACK) as sock:
        assert sock.recv(5) == b"hello"
    assert server.connections == 1


def test_rebinding_name_cannot_reach_loopback(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    """The name answers with a public address first and loopback afterwards; only the first answer is ever used."""
    web.routes["/"] = answer(200, b"internal")
    asked: list[str] = []
    connected: list[Any] = []

    def getaddrinfo(host: str, *_args: Any, **_kwargs: Any) -> list[Any]:
        asked.append(host)
        return info("93.184.216.34") if len(asked) == 1 else info("127.0.0.1")

    def connect(_sock: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError("stopped by the test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unreachable):
        request("GET", f"http://rebind.example:{web.port}/", policy=OutboundPolicy())
    assert asked == ["rebind.example"]
    assert [address[0] for address in connected] == ["93.184.216.34"]
    assert web.seen == []


def test_one_internal_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: info("93.184.216.34", "10.0.0.1"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_a: pytest.fail("connected before every address was checked"))
    with pytest.raises(Refused):
        guarded_create_connection(("mixed.example", 80), policy=OutboundPolicy())


def test_next_address_is_tried(monkeypatch: pytest.MonkeyPatch, script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.sendall(b"x"))
    dead = ("127.0.0.1", free_port())
    alive = ("127.0.0.1", server.port)
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers)
    with guarded_create_connection(("two.example", 1), policy=OutboundPolicy(allow_private=True)) as sock:
        assert sock.recv(1) == b"x"


def test_hung_dns_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_args: Any, **_kwargs: Any) -> list[Any]:
        release.wait(30)
        return info("93.184.216.34")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(TimeoutError):
            guarded_create_connection(("slow.example", 80), timeout=0.05, policy=OutboundPolicy())
    finally:
        release.set()


def test_failing_dns_is_an_ordinary_network_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unreachable, match=r"nowhere\.example"):
        request("GET", "http://nowhere.example/", policy=OutboundPolicy())
