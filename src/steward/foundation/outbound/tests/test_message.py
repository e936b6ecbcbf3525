"""What an e-mail looks like, and that nothing can be smuggled into it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from steward.foundation.outbound.errors import Refused
from steward.foundation.outbound.message import mailbox, message_id_for, one_line, write_message

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BREAKS = ["\r\nBcc: all@example.org", "\n", "\r", "\0", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]


def build(**changes: Any) -> Any:
    given_: dict[str, Any] = {
        "from_address": "Operations <ops@example.org>",
        "to": "ann@example.com",
        "subject": "Disk full",
        "text": "Please look.\n",
        "html": None,
        "message_id": "page-17",
        "headers": {},
        "date": NOW,
    }
    raw = write_message(**{**given_, **changes})
    assert raw.endswith(b"\r\n") and raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw), "a bare line end could end the message early"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=default)
    assert not message.defects
    return message


def rows(text: str) -> list[str]:
    """What of a text must arrive."""
    clean = re.sub(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd", text.encode("utf-8", "replace").decode())
    found = re.split(r"\r\n|\r|\n", clean)
    return found[:-1] if found[-1] == "" and len(found) > 1 else found


def test_headers() -> None:
    message = build(subject="磁盘已满 – über", headers={"In-Reply-To": "<a@b.example>", "X-Steward": "1"})
    assert message["From"] == "Operations <ops@example.org>"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "磁盘已满 – über"
    assert message["Message-ID"] == "<page-17@example.org>"
    assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert (message["In-Reply-To"], message["X-Steward"]) == ("<a@b.example>", "1")


def test_text_and_html() -> None:
    message = build(text="plain ü\n.\nend", html="<p>rich</p>")
    assert message.get_content_type() == "multipart/alternative"
    assert message.get_body(("plain",)).get_content().splitlines() == ["plain ü", ".", "end"]
    assert message.get_body(("html",)).get_content().strip() == "<p>rich</p>"


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("field", ["to", "subject", "from_address", "message_id"])
def test_line_breaks_are_refused(field: str, line_break: str) -> None:
    with pytest.raises(Refused, match=field):
        build(**{field: f"ops@example.org{line_break}x"})


@pytest.mark.parametrize("line_break", BREAKS)
def test_line_breaks_in_other_headers_are_refused(line_break: str) -> None:
    with pytest.raises(Refused):
        build(headers={"X-A": f"1{line_break}2"})
    with pytest.raises(Refused):
        build(headers={f"X-A{line_break}X-B": "1"})


@pytest.mark.parametrize("name", ["Bcc", "to", "Message-ID", "Content-Type", "X A", "X:A", "", "Ü"])
def test_headers_that_steward_sets_itself_cannot_be_given(name: str) -> None:
    with pytest.raises(Refused):
        build(headers={name: "x"})


@pytest.mark.parametrize(
    "to",
    ["", "ann", "ann@", "@example.org", "a@b@c", "a@example.org,b@example.org", "a@example.org b@example.org",
     "<a@example.org", "a@exa mple.org", "a@example.org>", "a@" + "x" * 260],
)  # fmt: skip
def test_not_one_address(to: str) -> None:
    with pytest.raises(Refused):
        build(to=to)


def body(message: Any, kind: str) -> list[str]:
    part = message.get_body((kind,))
    return rows(part.get_payload(decode=True).decode(part.get_content_charset()))


@given(st.text(max_size=400))
@example("a" * 2000)
@example("word " * 300)
@example(" " * 300 + "x" + " " * 300)
@example("=?utf-8?q?Bcc?= hello")
@example("磁盘" * 100)
def test_any_subject_made_one_line_arrives_whole(subject: str) -> None:
    line = one_line(subject)
    message = build(subject=line)
    assert message["Message-ID"] == "<page-17@example.org>"
    assert "Bcc" not in message
    assert [str(value) for value in message.get_all("Subject")] == [line]


@given(st.text(), st.text())
@example("x" * 5000, "--=_ \n=_\n")
@example(".\n..\n\r.\r\n", "<p>\t </p> \n")
@example("磁盘已满\n" * 50, "ü" + "a" * 500)
def test_any_text_arrives_whole(text: str, html: str) -> None:
    message = build(text=text, html=html)
    assert (body(message, "plain"), body(message, "html")) == (rows(text), rows(html))
    assert body(build(text=text), "plain") == rows(text)


def test_long_references_stay_readable_ids() -> None:
    ids = " ".join(f"<{'0' * 40}{number}@mail.example.org>" for number in range(20))
    raw = build(headers={"References": ids}).get("References")
    assert re.sub(r"\s+", " ", str(raw)) == ids


def test_message_id_of_a_key() -> None:
    assert message_id_for("<a.b@c.example>", "ops@example.org") == "<a.b@c.example>"
    odd = message_id_for("page 17 / é", "ops@example.org")
    assert odd == message_id_for("page 17 / é", "ops@example.org") != message_id_for("page 18", "ops@example.org")
    assert odd.isascii() and " " not in odd and len(odd) < 76


def test_international_domain() -> None:
    assert mailbox("info@bücher.example", "to").spec == "info@xn--bcher-kva.example"
