"""Mail against a real sink and against servers that break at every stage."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from steward.foundation.outbound import (
    MailSettings,
    NoAnswer,
    OutboundError,
    Refused,
    Rejected,
    Unreachable,
    close_connections,
    mail,
    send_mail,
)

from .conftest import Certificate, Script, free_port

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Sink:
    """Takes everything, except what an address says: ``450-rcpt@…`` is answered 450 at RCPT, ``550-data@…`` at DATA."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.peers: set[Any] = set()

    async def handle_RCPT(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.peers.add(session.peer)
        code, _dash, stage = address.partition("@")[0].partition("-")
        if stage == "rcpt":
            return f"{code} not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        code, _dash, stage = envelope.rcpt_tos[0].partition("@")[0].partition("-")
        if stage == "data":
            return f"{code} not this"
        self.taken.append(envelope)
        return "250 taken as 17"


def start(handler: Any, **options: Any) -> Controller:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    return controller


@pytest.fixture
def sink() -> Iterator[tuple[Sink, MailSettings]]:
    handler = Sink()
    controller = start(handler)
    yield handler, settings(controller.port)
    close_connections()
    controller.stop()


def settings(port: int, **changes: Any) -> MailSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "security": "none",
        "from_address": "Operations <ops@example.org>",
        "timeout": 2.0,
    }
    return MailSettings(port=port, **{**values, **changes})


def send(to: MailSettings, recipient: str = "ann@example.com", **changes: Any) -> mail.SmtpResult:
    values: dict[str, Any] = {"subject": "Disk full", "text": "Look.", "message_id": "page-1", "date": NOW}
    return send_mail(to, to=recipient, **{**values, **changes})


def test_message_arrives(sink: tuple[Sink, MailSettings]) -> None:
    handler, where = sink
    result = send(where, text="first\n.\n..two dots\n", html="<p>x</p>", headers={"References": "<a@b.example>"})
    assert (result.code, result.text) == (250, "taken as 17")
    (envelope,) = handler.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ops@example.org", ["ann@example.com"])
    assert isinstance(envelope.content, bytes)
    assert b"first\r\n.\r\n..two dots\r\n" in envelope.content
    assert b"Message-ID: <page-1@example.org>" in envelope.content


def test_bare_line_feeds_cannot_end_the_message_early(sink: tuple[Sink, MailSettings]) -> None:
    handler, where = sink
    send(where, text="a\n.\nMAIL FROM:<evil@example.org>\r.\r\nb\r\n.\r\nQUIT")
    assert len(handler.taken) == 1
    assert handler.taken[0].mail_from == "ops@example.org"


def test_connection_is_kept_and_replaced_when_settings_change(sink: tuple[Sink, MailSettings]) -> None:
    handler, where = sink
    for number in range(5):
        send(where, message_id=f"page-{number}")
    assert (len(handler.taken), len(handler.peers)) == (5, 1)
    send(settings(where.port, timeout=1.0))
    assert len(handler.peers) == 2


def test_idle_connection_is_asked_before_use(sink: tuple[Sink, MailSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    handler, where = sink
    monkeypatch.setattr(mail, "IDLE_CHECK_SECONDS", -1.0)
    send(where)
    send(where)
    assert len(handler.peers) == 1
    monkeypatch.setattr(mail, "IDLE_CLOSE_SECONDS", -1.0)
    send(where)
    assert len(handler.peers) == 2


def test_each_thread_has_its_own_connection(sink: tuple[Sink, MailSettings]) -> None:
    handler, where = sink

    def work(name: int) -> None:
        for number in range(10):
            send(where, message_id=f"{name}-{number}")
        close_connections()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {
        line for taken in handler.taken for line in bytes(taken.content or b"").splitlines() if b"Message-ID" in line
    }
    assert (len(handler.taken), len(ids), len(handler.peers)) == (40, 40, 4)


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(("code", "retryable"), [(450, True), (452, True), (550, False), (554, False)])
def test_rejection_and_the_next_message_on_the_same_connection(
    sink: tuple[Sink, MailSettings], stage: str, code: int, retryable: bool
) -> None:
    handler, where = sink
    with pytest.raises(Rejected) as caught:
        send(where, f"{code}-{stage}@example.com")
    assert (caught.value.remote_status, caught.value.retryable, caught.value.maybe_delivered) == (
        code,
        retryable,
        False,
    )
    send(where)
    assert (len(handler.taken), len(handler.peers)) == (1, 1)


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable) as caught:
        send(settings(free_port()))
    assert caught.value.retryable and not caught.value.maybe_delivered


def test_starttls_that_is_not_offered_sends_nothing(sink: tuple[Sink, MailSettings]) -> None:
    handler, where = sink
    with pytest.raises(Refused, match="STARTTLS"):
        send(settings(where.port, security="starttls"))
    assert handler.taken == []


def test_tls_to_a_plain_server_is_unreachable(sink: tuple[Sink, MailSettings]) -> None:
    with pytest.raises(Unreachable):
        send(settings(sink[1].port, security="tls"))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted(security: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = Sink()
    options = {"ssl_context": certificate.server} if security == "tls" else {"tls_context": certificate.server}
    controller = Controller(handler, hostname="localhost", port=free_port(), **options)
    controller.start()
    where = settings(controller.port, host="localhost", security=security)
    try:
        with pytest.raises(Unreachable, match="certificate"):
            send(where)
        assert handler.taken == []
        monkeypatch.setattr(mail, "tls_context", lambda: certificate.client)
        send(where)
        send(where)
        assert (len(handler.taken), len(handler.peers)) == (2, 1)
    finally:
        close_connections()
        controller.stop()


@pytest.mark.parametrize("accept", [True, False])
def test_sign_in(accept: bool) -> None:
    handler = Sink()
    seen: list[Any] = []

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=accept, handled=False)

    controller = start(handler, authenticator=check, auth_require_tls=False)
    where = settings(controller.port, username="ann", password="s3cret")
    try:
        if accept:
            send(where)
            assert len(handler.taken) == 1
        else:
            with pytest.raises(Rejected) as caught:
                send(where)
            assert (caught.value.remote_status, caught.value.retryable) == (535, False)
            assert "s3cret" not in str(caught.value)
        assert seen[0] == (b"ann", b"s3cret")
    finally:
        close_connections()
        controller.stop()


def test_password_without_sign_in_at_the_server(sink: tuple[Sink, MailSettings]) -> None:
    with pytest.raises(Refused, match="sign-in"):
        send(settings(sink[1].port, username="ann", password="s3cret"))


def test_settings_do_not_show_the_password() -> None:
    assert "s3cret" not in repr(settings(25, password="s3cret"))


# --- A server that follows a script, to break at every stage -------------------------------------------------------

Mailbox = list[bytes]


def talker(mailbox: Mailbox, breaks_at: Callable[[str, int, int], str | None]) -> Callable[[socket.socket, int], None]:
    """A mail server. ``breaks_at(step, number of the connection, messages taken on it)`` gives an answer to send
    instead of the usual one, "close" to close, or None."""

    def play(sock: socket.socket, connection: int) -> None:
        reader = sock.makefile("rb")
        taken = 0

        def reply(step: str, usual: str) -> bool:
            instead = breaks_at(step, connection, taken)
            if instead == "close":
                return False
            sock.sendall(f"{instead or usual}\r\n".encode())
            return True

        if not reply("greeting", "220 ready"):
            return
        for line in reader:
            verb = line.split()[0].decode().upper()
            if verb == "DATA":
                if not reply("DATA", "354 go"):
                    return
                if breaks_at("DATA", connection, taken):
                    continue
                if breaks_at("body", connection, taken) == "close":
                    reader.readline()
                    return
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += reader.readline()
                mailbox.append(body)
                if not reply("end", "250 taken"):
                    return
                taken += 1
            elif not reply(verb, "250 ok"):
                return

    return play


STAGES_BEFORE_DATA = ["MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("stage", ["greeting", "EHLO", *STAGES_BEFORE_DATA])
def test_new_connection_that_breaks_before_the_message(script: Any, stage: str) -> None:
    mailbox: Mailbox = []
    server: Script = script(talker(mailbox, lambda step, *_: "close" if step in {stage, "HELO"} else None))
    with pytest.raises(Unreachable) as caught:
        send(settings(server.port))
    assert not caught.value.maybe_delivered
    assert (mailbox, server.connections) == ([], 1)


@pytest.mark.parametrize("how", ["close", "421 goodbye"])
@pytest.mark.parametrize("stage", STAGES_BEFORE_DATA)
def test_kept_connection_that_broke_is_replaced_and_the_message_arrives_once(script: Any, stage: str, how: str) -> None:
    mailbox: Mailbox = []

    def breaks(step: str, connection: int, taken: int) -> str | None:
        return how if (step, connection, taken) == (stage, 1, 1) else None

    server: Script = script(talker(mailbox, breaks))
    where = settings(server.port)
    send(where, message_id="one")
    assert send(where, message_id="two").code == 250
    assert len(mailbox) == 2
    assert [b"<two@example.org>" in body for body in mailbox] == [False, True]
    assert server.connections == 2


def test_replaced_connection_that_breaks_too_is_not_tried_again(script: Any) -> None:
    mailbox: Mailbox = []

    def breaks(step: str, connection: int, taken: int) -> str | None:
        return "close" if step == "RCPT" and (connection > 1 or taken == 1) else None

    server: Script = script(talker(mailbox, breaks))
    where = settings(server.port)
    send(where)
    with pytest.raises(Unreachable):
        send(where)
    assert (len(mailbox), server.connections) == (1, 2)


@pytest.mark.parametrize("kept", [True, False])
def test_lost_confirmation_is_never_sent_again(script: Any, kept: bool) -> None:
    mailbox: Mailbox = []

    def breaks(step: str, _connection: int, taken: int) -> str | None:
        return "close" if step == "end" and taken == int(kept) else None

    server: Script = script(talker(mailbox, breaks))
    where = settings(server.port)
    if kept:
        send(where, message_id="before")
    with pytest.raises(NoAnswer) as caught:
        send(where, message_id="lost")
    assert caught.value.maybe_delivered
    assert (len(mailbox), server.connections) == (1 + int(kept), 1)


@pytest.mark.parametrize("size", [10, 30_000_000])
def test_connection_that_breaks_inside_the_message_is_not_retried(script: Any, size: int) -> None:
    """A small message may have left completely (no answer); of a big one the end cannot have arrived."""
    mailbox: Mailbox = []
    server: Script = script(talker(mailbox, lambda step, *_: "close" if step == "body" else None))
    with pytest.raises((NoAnswer, Unreachable)) as caught:
        send(settings(server.port, timeout=10.0), text=("x" * 70 + "\n") * (size // 71 + 1))
    if size > 1_000_000:
        assert isinstance(caught.value, Unreachable)
    assert (mailbox, server.connections) == ([], 1)


def test_server_that_never_confirms(script: Any) -> None:
    done = threading.Event()

    def wait(step: str, *_rest: int) -> str | None:
        if step == "end":
            done.wait(30)
        return None

    mailbox: Mailbox = []
    server: Script = script(talker(mailbox, wait))
    try:
        with pytest.raises(NoAnswer):
            send(settings(server.port, timeout=0.2))
    finally:
        done.set()
    assert server.connections == 1


@pytest.mark.parametrize(
    ("step", "says", "error", "retryable"),
    [
        ("greeting", "554 no service", Rejected, False),
        ("greeting", "421 busy", Unreachable, True),
        ("greeting", "HTTP/1.1 400 what", Unreachable, True),
        ("MAIL", "451 later", Rejected, True),
        ("MAIL", "530 sign in first", Rejected, False),
        ("DATA", "451 later", Rejected, True),
        ("DATA", "554 no", Rejected, False),
        ("end", "451 later", Rejected, True),
        ("end", "552 too big", Rejected, False),
        ("end", "421 going down", Rejected, True),
        ("end", "garbage", NoAnswer, True),
    ],
)
def test_answers_at_each_step(script: Any, step: str, says: str, error: type[OutboundError], retryable: bool) -> None:
    mailbox: Mailbox = []
    server: Script = script(
        talker(mailbox, lambda at, connection, _taken: says if (at, connection) == (step, 1) else None)
    )
    where = settings(server.port)
    with pytest.raises(error) as caught:
        send(where, message_id="one")
    assert caught.value.retryable is retryable
    taken = len(mailbox)
    close_connections()
    send(where, message_id="two")
    assert len(mailbox) == taken + 1
