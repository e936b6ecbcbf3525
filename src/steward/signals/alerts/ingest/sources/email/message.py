"""An RFC 5322 message, read so that nothing in it can break the reading: the standard library's lenient parser, with
every header and part decoded by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape
from typing import Any

MAX_TEXT = 200_000
_MAX_PARTS = 100
_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_BLOCKS = (
    "address article blockquote br dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section table tr ul"
)
_BREAKS = frozenset(_BLOCKS.split())
_TAG_NAME = re.compile(r"</?([a-z][a-z0-9]*)")
_IDENT = re.compile(r"<([^<>\s]{1,500})>")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. ``thread`` are the identifiers of those that it answers, oldest first."""

    subject: str
    sender: str
    to: str
    ident: str
    thread: tuple[str, ...]
    text: str
    attachments: tuple[str, ...]
    headers: dict[str, str]
    date: str
    empty: bool

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


def read(raw: bytes) -> Mail:
    """Take a message apart."""
    message = message_from_bytes(raw)
    headers: dict[str, str] = {}
    for name, value in message.raw_items():  # type: ignore[attr-defined]
        headers.setdefault(str(name).lower(), _header(value))
    body, names = _body(message)
    referred = _IDENT.findall(headers.get("references", "")) or _IDENT.findall(headers.get("in-reply-to", ""))
    return Mail(
        subject=headers.get("subject", ""),
        sender=", ".join(_addresses(headers.get("from", ""))[:1]),
        to=", ".join(_addresses(headers.get("to", ""))[:20]),
        ident=next(iter(_IDENT.findall(headers.get("message-id", ""))), ""),
        thread=tuple(referred),
        text=body,
        attachments=tuple(names),
        headers=headers,
        date=_date(headers.get("date", "")),
        empty=not headers and not body,
    )


def _header(value: Any) -> str:
    """A header as text, its encoded words decoded; what cannot be decoded stays as it came."""
    given = str(value)
    try:
        pieces = decode_header(given)
    except (HeaderParseError, ValueError, LookupError):
        pieces = [(given, None)]
    found = "".join(
        piece if isinstance(piece, str) else _decoded(piece, charset or "utf-8") for piece, charset in pieces
    )
    # Bytes beyond ASCII that nobody encoded come as surrogates.
    return _decoded(found.encode("utf-8", "surrogateescape"), "utf-8").replace("\x00", "")


def _decoded(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeError, ValueError):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")


def _addresses(value: str) -> list[str]:
    try:
        return [address.lower() for _name, address in getaddresses([value]) if address]
    except (ValueError, IndexError, MessageError):
        return []


def _date(value: str) -> str:
    try:
        return parsedate_to_datetime(value).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= _MAX_PARTS:
            return
        if not part.is_multipart():
            yield part


def _body(message: Message) -> tuple[str, list[str]]:
    """The text for people (plain if there is any, else what HTML shows) and the names of attachments."""
    plain, html, names = "", "", []
    for part in _parts(message):
        kind = part.get_content_type()
        name = _header(part.get_filename() or "")
        if name or part.get_content_disposition() == "attachment":
            names.append(name or kind)
        elif kind == "text/plain" and not plain:
            plain = _content(part)
        elif kind == "text/html" and not html:
            html = _content(part)
    return (plain.strip() or shown(html)).replace("\x00", "").strip(), names[:20]


def _content(part: Message) -> str:
    try:
        raw = part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
    except (MessageError, ValueError, LookupError, AssertionError):
        raw, charset = str(part.get_payload()).encode("utf-8", "surrogateescape"), "utf-8"
    return _decoded(raw, charset)[:MAX_TEXT] if isinstance(raw, bytes) else ""


def shown(markup: str) -> str:
    """What HTML shows, as lines of text. Not the standard library's parser: broken markup makes that take a time which
    grows with the square of its length, and anybody may send an e-mail."""
    lines = unescape("".join(_visible(markup[:MAX_TEXT]))).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()


def _visible(markup: str) -> Iterator[str]:
    """The text between the tags, with line feeds where blocks begin and end; one pass."""
    lower, at, unclosed = markup.lower(), 0, set[str]()
    while (start := markup.find("<", at)) >= 0:
        yield markup[at:start].replace("\n", " ")
        comment = markup.startswith("<!--", start)
        end = markup.find("-->" if comment else ">", start)
        if end < 0:
            return  # a tag that never ends hides what follows, as it does in a browser
        at = end + (3 if comment else 1)
        tag = _TAG_NAME.match(lower, start)
        if tag is None:
            continue
        name = tag[1]
        yield "\n" if name in _BREAKS else " " if name in ("td", "th") else ""
        if name in _HIDDEN and name not in unclosed and not tag[0].startswith("</"):
            closing = lower.find(f"</{name}", at)
            if closing < 0:
                unclosed.add(name)
            else:
                at = closing
    yield markup[at:].replace("\n", " ")
