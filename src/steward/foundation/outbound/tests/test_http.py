"""One guarded HTTP call against real servers."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from steward.foundation.outbound import NoAnswer, OutboundPolicy, Refused, Rejected, Unreachable, request
from steward.foundation.outbound.http import retry_after

from .conftest import LOOPBACK, Certificate, Script, Web, answer, free_port


def test_post_json_with_idempotency_key(web: Web) -> None:
    web.routes["/hook"] = answer(202, b"taken", X_Kind="test")
    result = request(
        "POST", web.url("/hook"), json={"a": "ü"}, headers={"X-Own": "1"}, idempotency_key="k-1", policy=LOOPBACK
    )
    assert (result.status, result.body, result.headers["x-kind"], result.truncated) == (202, b"taken", "test", False)
    (seen,) = web.seen
    assert json.loads(seen["body"]) == {"a": "ü"}
    assert seen["headers"]["idempotency-key"] == "k-1"
    assert seen["headers"]["x-own"] == "1"
    assert seen["headers"]["content-type"] == "application/json"


def test_user_and_password_of_the_address_become_basic_auth(web: Web) -> None:
    web.routes["/"] = answer(200)
    request("GET", f"http://ann:s3cret@127.0.0.1:{web.port}/", policy=LOOPBACK)
    assert web.seen[0]["headers"]["authorization"] == "Basic YW5uOnMzY3JldA=="


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0",
     "0.0.0.0", "example.org@127.0.0.1", "①②⑦.⓪.⓪.①", "127.0.0.1.", "[::127.0.0.1]"],
)  # fmt: skip
def test_no_spelling_of_loopback_gets_through(web: Web, host: str) -> None:
    with pytest.raises((Refused, Unreachable)) as caught:
        request("GET", f"http://{host}:{web.port}/", policy=OutboundPolicy())
    assert web.seen == []
    # A resolver that does not know the spelling is as good as a refusal; most systems do know it.
    if isinstance(caught.value, Unreachable):
        assert not host.startswith(("127.0.0.1", "[", "localhost", "example"))


@pytest.mark.parametrize("host", ["2130706433", "127.1"])
def test_number_spellings_are_judged_by_what_they_mean(web: Web, host: str) -> None:
    """The resolver turns them into 127.0.0.1, and that address is allowed here."""
    web.routes["/"] = answer(200, b"ok")
    assert request("GET", f"http://{host}:{web.port}/", policy=LOOPBACK).body == b"ok"


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "file:///etc/passwd", "gopher://127.0.0.1/", "/path", "", "http://", "http://[::1"]
)
def test_only_web_addresses(url: str) -> None:
    with pytest.raises(Refused):
        request("GET", url, policy=OutboundPolicy(allow_private=True))


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX-B: 2"}, {"X-A\r\nX-B": "1"}, {"X-A": "1\n"}])
def test_header_injection_is_refused(web: Web, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        request("GET", web.url(), headers=headers, policy=LOOPBACK)
    assert web.seen == []


def test_redirect_to_metadata_is_refused(web: Web) -> None:
    web.routes["/"] = answer(302, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(Refused) as caught:
        request("GET", web.url(), policy=OutboundPolicy(allow_private=True))
    assert caught.value.reason == "metadata"
    assert len(web.seen) == 1


@pytest.mark.parametrize("location", ["http://127.0.0.2/", "http://[::1]/", "//127.0.0.2/", "file:///etc/passwd"])
def test_each_hop_is_checked(web: Web, location: str) -> None:
    web.routes["/"] = answer(307, Location=location)
    with pytest.raises(Refused):
        request("POST", web.url(), json={}, policy=LOOPBACK)


def test_three_redirects_are_followed_and_no_fourth(web: Web) -> None:
    for number in range(4):
        web.routes[f"/{number}"] = answer(302, Location=f"/{number + 1}")
    web.routes["/4"] = answer(200, b"end")
    assert request("GET", web.url("/1"), policy=LOOPBACK).body == b"end"
    web.seen.clear()
    with pytest.raises(Rejected, match="redirects more than 3"):
        request("GET", web.url("/0"), policy=LOOPBACK)
    assert [seen["path"] for seen in web.seen] == ["/0", "/1", "/2", "/3"]


def test_a_post_is_not_turned_into_a_get(web: Web) -> None:
    web.routes["/old"] = answer(301, Location="/new")
    web.routes["/new"] = answer(200)
    with pytest.raises(Rejected, match="moved") as caught:
        request("POST", web.url("/old"), json={"x": 1}, policy=LOOPBACK)
    assert (caught.value.remote_status, caught.value.retryable) == (301, False)
    web.routes["/old"] = answer(308, Location="/new")
    request("POST", web.url("/old"), json={"x": 1}, policy=LOOPBACK)
    assert [(seen["method"], seen["body"]) for seen in web.seen[1:]] == [("POST", b'{"x":1}')] * 2


def test_credentials_do_not_follow_a_redirect_to_another_host(web: Web) -> None:
    web.routes["/"] = answer(307, Location=f"http://localhost:{web.port}/there")
    web.routes["/there"] = answer(200)
    policy = OutboundPolicy.parse(["127.0.0.1", "localhost"])
    headers = {"Authorization": "Bearer t", "X-Signature": "s", "Accept": "text/plain"}
    request("POST", web.url(), headers=headers, content=b"body", idempotency_key="k", policy=policy)
    second = web.seen[1]
    assert second["body"] == b"body"
    assert second["headers"]["accept"] == "text/plain"
    assert second["headers"]["host"] == f"localhost:{web.port}"
    assert not {"authorization", "x-signature", "idempotency-key"} & set(second["headers"])


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (404, False), (410, False), (408, True), (429, True),
                                                    (500, True), (503, True)])  # fmt: skip
def test_rejections(web: Web, status: int, retryable: bool) -> None:
    web.routes["/secret-token"] = answer(status, b"why", Retry_After="7")
    with pytest.raises(Rejected) as caught:
        request("POST", web.url("/secret-token?key=hush"), policy=LOOPBACK)
    error = caught.value
    assert (error.remote_status, error.retryable, error.retry_after) == (status, retryable, 7.0)
    assert "secret-token" not in error.detail and "hush" not in error.detail
    assert request("GET", web.url("/secret-token"), policy=LOOPBACK, any_status=True).status == status


def test_retry_after_forms() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("Thu, 01 Jan 2026 00:01:00 GMT", now) == 60.0
    assert retry_after("Thu, 01 Jan 2020 00:01:00 GMT", now) == 0.0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_oversized_body_is_cut(web: Web) -> None:
    web.routes["/"] = answer(200, b"x" * 300_000)
    result = request("GET", web.url(), policy=LOOPBACK, body_limit=1000)
    assert (len(result.body), result.truncated) == (1000, True)


def test_compression_bomb_is_cut(web: Web) -> None:
    web.routes["/"] = answer(200, gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    web.routes["/small"] = answer(200, gzip.compress(b"small"), Content_Encoding="gzip")
    result = request("GET", web.url(), policy=LOOPBACK, body_limit=1000)
    assert (len(result.body), result.truncated) == (1000, True)
    small = request("GET", web.url("/small"), policy=LOOPBACK)
    assert (small.body, small.truncated) == (b"small", False)


def test_refused_connection_is_retryable_and_nothing_was_delivered() -> None:
    with pytest.raises(Unreachable) as caught:
        request("POST", f"http://127.0.0.1:{free_port()}/tok", policy=LOOPBACK)
    assert caught.value.retryable and not caught.value.maybe_delivered
    assert "tok" not in caught.value.detail


def test_server_that_never_answers(script: Any) -> None:
    done = threading.Event()
    server: Script = script(lambda _sock, _number: done.wait(30) and None)
    try:
        with pytest.raises(NoAnswer) as caught:
            request("POST", f"http://127.0.0.1:{server.port}/", content=b"x", policy=LOOPBACK, timeout=0.2)
    finally:
        done.set()
    assert caught.value.retryable and caught.value.maybe_delivered


def test_server_that_trickles_headers_cannot_stretch_the_call(script: Any) -> None:
    done = threading.Event()

    def trickle(sock: socket.socket, _number: int) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while not done.wait(0.02):
            sock.sendall(b"X-A: 1\r\n")

    server: Script = script(trickle)
    try:
        with pytest.raises(NoAnswer):
            request("GET", f"http://127.0.0.1:{server.port}/", policy=LOOPBACK, timeout=0.3)
    finally:
        done.set()


def test_endless_body_keeps_the_status(script: Any) -> None:
    done = threading.Event()

    def drip(sock: socket.socket, _number: int) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not done.wait(0.02):
            sock.sendall(b"x")

    server: Script = script(drip)
    try:
        result = request("POST", f"http://127.0.0.1:{server.port}/", policy=LOOPBACK, timeout=0.3)
    finally:
        done.set()
    assert (result.status, result.truncated) == (200, True)


def test_connection_closed_without_answer(script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.recv(10))
    with pytest.raises(NoAnswer) as caught:
        request("POST", f"http://127.0.0.1:{server.port}/", content=b"x", policy=LOOPBACK)
    assert caught.value.maybe_delivered
    assert server.connections == 1


def test_answer_that_is_not_http(script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.sendall(b"220 mail ready\r\n"))
    with pytest.raises((NoAnswer, Unreachable)):
        request("GET", f"http://127.0.0.1:{server.port}/", policy=LOOPBACK)


def tls_server(certificate: ssl.SSLContext) -> Callable[[socket.socket, int], None]:
    def play(sock: socket.socket, _number: int) -> None:
        with suppress(ssl.SSLError), certificate.wrap_socket(sock, server_side=True) as wrapped:
            seen = b""
            while not seen.endswith(b"\r\n\r\nx"):  # closing on unread bytes would reset the connection
                chunk = wrapped.recv(65536)
                if not chunk:
                    return
                seen += chunk
            wrapped.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    return play


def test_tls_checks_the_certificate_against_the_name(
    script: Any, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Script = script(tls_server(certificate.server))
    policy = OutboundPolicy.parse(["127.0.0.1", "localhost"])
    with pytest.raises(Unreachable, match="TLS") as caught:
        request("POST", f"https://localhost:{server.port}/", content=b"x", policy=policy)
    assert not caught.value.maybe_delivered, "nothing is sent to a server nobody vouches for"
    monkeypatch.setattr("steward.foundation.outbound.http.tls_context", lambda: certificate.client)
    assert request("POST", f"https://localhost:{server.port}/", content=b"x", policy=policy).body == b"ok"
    with pytest.raises(Unreachable, match="TLS"):
        request("POST", f"https://127.0.0.1:{server.port}/", content=b"x", policy=policy)


def test_redirect_from_https_to_http_is_refused(
    script: Any, web: Web, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(sock: socket.socket, _number: int) -> None:
        with certificate.server.wrap_socket(sock, server_side=True) as wrapped:
            wrapped.recv(65536)
            wrapped.sendall(f"HTTP/1.1 307 X\r\nLocation: {web.url()}\r\nContent-Length: 0\r\n\r\n".encode())

    server: Script = script(play)
    monkeypatch.setattr("steward.foundation.outbound.http.tls_context", lambda: certificate.client)
    with pytest.raises(Refused, match="from https to http"):
        request("POST", f"https://localhost:{server.port}/", policy=OutboundPolicy.parse(["127.0.0.1", "localhost"]))
    assert web.seen == []


def test_proxy_of_the_environment_is_not_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    web.routes["/"] = answer(200, b"direct")
    assert request("GET", web.url(), policy=LOOPBACK).body == b"direct"
