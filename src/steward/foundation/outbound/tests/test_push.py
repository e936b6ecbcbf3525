"""Apprise behind the guard: real plugins, real servers, and ways around that must not work."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import threading
from typing import Any

import pytest
import requests
from apprise.manager_plugins import NotificationManager

from steward.foundation.outbound import OutboundPolicy, Refused, check_push_url, send_apprise
from steward.foundation.outbound.scope import ANSWER_LIMIT, guarded_scope
from steward.foundation.outbound.services import GUARDED, REFUSED

from .conftest import LOOPBACK, Script, Web, answer, free_port


def push(url: str, policy: OutboundPolicy = LOOPBACK, **options: Any) -> Any:
    return send_apprise(url, title="Disk full", body="Look at db-1", policy=policy, **options)


def test_message_arrives(web: Web) -> None:
    web.routes["/hook"] = answer(200)
    result = push(f"json://127.0.0.1:{web.port}/hook")
    assert (result.ok, result.detail, result.remote_status) == (True, "", 200)
    (seen,) = web.seen
    sent = json.loads(seen["body"])
    assert (sent["title"], sent["message"]) == ("Disk full", "Look at db-1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_internal_address_is_refused_without_permission(web: Web, host: str) -> None:
    with pytest.raises(Refused) as caught:
        push(f"json://{host}:{web.port}/", OutboundPolicy())
    assert not caught.value.retryable
    assert web.seen == []


def test_refusal_names_the_variable(web: Web) -> None:
    with pytest.raises(Refused, match="STEWARD_OUTBOUND_ALLOW"):
        push(f"json://127.0.0.1:{web.port}/", OutboundPolicy())


def test_redirect_to_an_internal_address_is_refused(web: Web) -> None:
    web.routes["/"] = answer(307, Location="http://169.254.169.254/latest/")
    with pytest.raises(Refused) as caught:
        push(f"json://127.0.0.1:{web.port}/", OutboundPolicy(allow_private=True))
    assert caught.value.reason == "metadata"


def test_rebinding_name_is_resolved_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connected: list[Any] = []

    def getaddrinfo(host: str, *_args: Any, **_kwargs: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, web.port))]

    def connect(_sock: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError("stopped by the test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    result = push(f"json://rebind.example:{web.port}/", OutboundPolicy())
    assert (result.ok, result.retryable, result.maybe_delivered) == (False, True, False)
    assert (asked, connected, web.seen) == (["rebind.example"], ["93.184.216.34"], [])


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (401, False), (429, True), (500, True)])
def test_failure_has_a_reason_and_no_secret(
    web: Web, status: int, retryable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    web.routes["/tok-SECRET"] = answer(status)
    with caplog.at_level(logging.DEBUG):
        result = push(f"json://me:pw-SECRET@127.0.0.1:{web.port}/tok-SECRET?+X-Key=key-SECRET")
    assert (result.ok, result.retryable, result.remote_status) == (False, retryable, status)
    assert str(status) in result.detail
    assert "SECRET" not in result.detail
    assert "SECRET" not in caplog.text, "what Apprise logs goes to the result, not to the process log"
    assert len(web.seen) == 1


def test_nobody_listens() -> None:
    result = push(f"json://127.0.0.1:{free_port()}/")
    assert (result.ok, result.retryable, result.maybe_delivered) == (False, True, False)
    assert result.detail


def test_lost_answer_may_have_been_delivered_and_is_not_sent_again(script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.recv(65536))
    result = push(f"json://127.0.0.1:{server.port}/?retry=5&wait=0")
    assert (result.ok, result.maybe_delivered) == (False, True)
    assert server.connections == 1


def test_optional_in_the_address_does_not_turn_failure_into_success(web: Web) -> None:
    web.routes["/"] = answer(500)
    assert not push(f"json://127.0.0.1:{web.port}/?optional=yes").ok


def test_server_that_trickles_cannot_stretch_the_call(script: Any) -> None:
    done = threading.Event()

    def trickle(sock: socket.socket, _number: int) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while not done.wait(0.02):
            sock.sendall(b"X-A: 1\r\n")

    server: Script = script(trickle)
    try:
        result = push(f"json://127.0.0.1:{server.port}/", timeout=1.5)
    finally:
        done.set()
    assert (result.ok, result.retryable, result.maybe_delivered) == (False, True, True)
    assert "in time" in result.detail


def test_endless_answer_is_cut(web: Web) -> None:
    web.routes["/"] = answer(200, b"x" * (ANSWER_LIMIT + 1))
    assert not push(f"json://127.0.0.1:{web.port}/").ok


def test_proxy_and_netrc_of_the_process_are_not_used(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    web.routes["/"] = answer(200)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert push(f"json://127.0.0.1:{web.port}/").ok
    assert "authorization" not in web.seen[0]["headers"]


# --- Addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nothing", "github.com/caronc/apprise"),
        ("", "github.com/caronc/apprise"),
        ("slak://a/b/c", "slack://"),
        ("nosuchservice://SECRET", "github.com/caronc/apprise"),
        ("https://example.com/any/SECRET", "jsons://"),
        ("slack://SECRET", "does not fit"),
        ("mailto://me:SECRET@example.com", "kind e-mail"),
        ("mqtt://127.0.0.1/SECRET", "own network connections"),
        ("rsyslog://127.0.0.1/SECRET", "own network connections"),
        ("syslog://", "machine Steward runs on"),
        ("vapid://a@b.example/SECRET", "files"),
        ("discord://1234567890/SECRETabcdefghijklmnop?template=/etc/hostname", "file"),
        ("fcm://project/SECRET?keyfile=/etc/hostname", "file"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, says: str, web: Web) -> None:
    for attempt in (check_push_url, push):
        with pytest.raises(Refused) as caught:
            attempt(url)
        assert says in caught.value.detail
        assert "SECRET" not in caught.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/webhooks/1234567890/abcdefghijklmnopqrstuvwxyz",
        "dingtalk://abcdefghijklmnop1234567890",
        "wecombot://abcdefgh-1234-5678-9abc-abcdefghijkl",
        "feishu://abcdefgh-1234-5678-9abc-abcdefghijkl",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "ntfys://ntfy.sh/topic",
    ],
)
def test_addresses_of_well_known_services_are_accepted(url: str) -> None:
    check_push_url(url)


def test_every_service_of_apprise_has_been_judged() -> None:
    manager: Any = NotificationManager()
    manager.load_modules()
    known = set(manager.schemas())
    assert known - GUARDED - set(REFUSED) == set(), "read the code of these, then add them to services.py"
    assert GUARDED - known == set()
    assert not GUARDED & set(REFUSED)


# --- The scope itself ----------------------------------------------------------------------------------------------


def test_any_other_way_out_is_stopped_inside_the_scope(script: Any) -> None:
    server: Script = script(lambda sock, _number: sock.sendall(b"x"))
    with guarded_scope(OutboundPolicy(allow_private=True), 5) as scope:
        with pytest.raises(PermissionError):
            socket.create_connection(("127.0.0.1", server.port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(PermissionError):
            sock.sendto(b"x", ("127.0.0.1", server.port))
        with socket.socket(socket.AF_UNIX) as sock, pytest.raises(PermissionError):
            sock.connect("/dev/log")
        with pytest.raises(PermissionError):
            subprocess.run(["true"], check=False)
    assert scope.refused is not None and scope.refused.reason == "bypass"
    assert server.connections == 0


def test_outside_of_the_scope_nothing_changes(web: Web) -> None:
    web.routes["/"] = answer(200, b"plain")
    inside, outside = threading.Event(), threading.Event()
    answers: list[bytes] = []

    def other_thread() -> None:
        inside.wait(10)
        answers.append(requests.get(web.url(), timeout=5).content)
        outside.set()

    thread = threading.Thread(target=other_thread)
    thread.start()
    with guarded_scope(OutboundPolicy(), 10):
        inside.set()
        outside.wait(10)
        with pytest.raises(requests.ConnectionError):
            requests.get(web.url(), timeout=5)
    thread.join()
    assert answers == [b"plain"]
    assert requests.get(web.url(), timeout=5).content == b"plain"


def test_redirects_inside_the_scope_are_limited(web: Web) -> None:
    web.routes["/"] = answer(302, Location="/")
    with guarded_scope(LOOPBACK, 10), pytest.raises(requests.TooManyRedirects):
        requests.get(web.url(), timeout=5)
    assert len(web.seen) == 4


def test_certificates_are_checked_inside_the_scope(script: Any, certificate: Any) -> None:
    def play(sock: socket.socket, _number: int) -> None:
        certificate.server.wrap_socket(sock, server_side=True).close()

    server: Script = script(play)
    with guarded_scope(OutboundPolicy(allow_private=True), 10), pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://localhost:{server.port}/", timeout=5)
