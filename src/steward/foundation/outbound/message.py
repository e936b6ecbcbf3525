"""Write one e-mail. Pure: no sockets, no clock.

Written out directly, because ``email.message.EmailMessage`` parses every header again and takes 2 ms a message, four
times what an outage with thousands of pages allows. Header injection is impossible: a line break or control character
in anything that becomes a header is refused, and tests parse what comes out with the standard library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from django.utils.translation import gettext as _

from .errors import Refused
from .policy import clean_host

LINE = 76  # RFC 2047: what a line with an encoded word may have
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_MESSAGE_ID = re.compile(r"<?([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,64})>?")
_LOCAL_KEY = re.compile(r"[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[(IPv6:)?[0-9A-Fa-f.:]+\]")
_FOLDABLE = re.compile(r"\S+( \S+)*")
_OWN_HEADERS = frozenset(
    {
        "from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "mime-version", "auto-submitted",
        "x-auto-response-suppress", "return-path", "content-type", "content-transfer-encoding", "content-disposition",
    }
)  # fmt: skip
_NOT_IN_TEXT = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Mailbox:
    """One address and the name to show with it."""

    name: str
    spec: str

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.spec.rpartition("@")[2]


def one_line(text: str) -> str:
    """``text`` on one line, for subjects made of something people or machines wrote."""
    return " ".join("".join(" " if _breaks(character) else character for character in text).split())


def message_id_for(key: str, from_address: str) -> str:
    """The Message-ID of an idempotency key: the same key always gives the same one, also for In-Reply-To."""
    ready = _MESSAGE_ID.fullmatch(key)
    if ready:
        return f"<{ready.group(1)}>"
    local = key if _LOCAL_KEY.fullmatch(key) and len(key) <= 40 else hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{local}@{mailbox(from_address, 'from_address').domain}>"


@lru_cache(maxsize=1024)
def mailbox(text: str, field: str) -> Mailbox:
    """The one address in ``text`` (``ops@example.org`` or ``Operations <ops@example.org>``)."""
    require_one_line(text, field)
    text = text.strip()
    name, spec = parseaddr(text)
    local, _at, domain = spec.rpartition("@")
    domain = clean_host(domain) if not domain.startswith("[") else domain
    whole = text == spec or (text.endswith(f"<{spec}>") and text.count("<") == 1)
    if whole and len(spec) <= 254 and _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain):
        return Mailbox(name, f"{local}@{domain}")
    raise Refused(
        _("“%(text)s” (%(field)s) is not one e-mail address in ASCII letters. Write one such as name@example.org.")
        % {"text": text[:120], "field": field}
    )


def require_one_line(text: str, field: str) -> None:
    """Refuse line breaks and control characters, the way to smuggle headers into a message."""
    if (not text.isascii() or not text.isprintable()) and any(_breaks(character) for character in text):
        raise Refused(
            _("The e-mail field “%(field)s” contains a line break or control character. Remove it.") % {"field": field},
            reason="line-break",
        )


def write_message(
    *,
    from_address: str,
    to: str,
    subject: str,
    text: str,
    html: str | None,
    message_id: str,
    headers: Mapping[str, str],
    date: datetime,
) -> bytes:
    """The whole message. Auto-Submitted and X-Auto-Response-Suppress keep out-of-office robots quiet."""
    for field, value in (("subject", subject), ("message_id", message_id)):
        require_one_line(value, field)
    sender, recipient = mailbox(from_address, "from_address"), mailbox(to, "to")
    identity = message_id_for(message_id, from_address)
    lines = [
        _header("From", formataddr((sender.name, sender.spec))),
        _header("To", formataddr((recipient.name, recipient.spec))),
        _header("Subject", subject),
        f"Date: {format_datetime(date)}",
        f"Message-ID: {identity}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        *_more_headers(headers),
        "MIME-Version: 1.0",
    ]
    if html is None:
        lines.append(_part("plain", text))
    else:
        # "=_" can stand in no encoded body, and "_" in no base64, so the boundary needs no search through the parts.
        boundary = f"=_{hashlib.sha256(identity.encode()).hexdigest()[:24]}"
        parts = (_part("plain", text, encode=True), _part("html", html, encode=True))
        lines.append(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n')
        lines.extend(f"--{boundary}\r\n{part}" for part in parts)
        lines.append(f"--{boundary}--\r\n")
    return "\r\n".join(lines).encode("ascii")


def _more_headers(headers: Mapping[str, str]) -> list[str]:
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        require_one_line(value, one_line(name))
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS or names.count(name.lower()) > 1:
            raise Refused(_("The e-mail header “%(name)s” cannot be set here.") % {"name": one_line(name)[:60]})
    return [_header(name, value) for name, value in headers.items()]


def _header(name: str, value: str) -> str:
    value = value.strip()
    plain = value.isascii() and "=?" not in value
    if plain and len(name) + 2 + len(value) <= LINE:
        return f"{name}: {value}"
    # Longer ones are folded at single spaces; what has none for a whole line length is encoded instead.
    foldable = plain and _FOLDABLE.fullmatch(value) and max(map(len, value.split(" "))) < 900
    encoded = value if foldable else value.encode("utf-8", "replace").decode()
    header = Header(encoded, "us-ascii" if foldable else "utf-8", header_name=name, maxlinelen=LINE)
    return f"{name}: {header.encode(linesep=chr(13) + chr(10))}"


def _part(subtype: str, text: str, *, encode: bool = False) -> str:
    """One body with its headers. ``encode`` asks for an encoding that cannot contain the boundary."""
    # Lone surrogates cannot be encoded, and control characters make some servers refuse the whole mail.
    text = _NOT_IN_TEXT.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8"))
    rows = _LINE_END.split(text)
    if rows[-1] == "":
        rows.pop()
    data = ("\r\n".join(rows) + "\r\n").encode("utf-8")
    if data.isascii() and max(map(len, rows), default=0) <= 900 and not (encode and b"=_" in data):
        charset, encoding, body = "us-ascii", "7bit", data
    elif sum(byte > 127 for byte in data) * 6 > len(data):
        charset, encoding, body = "utf-8", "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    else:
        charset, encoding, body = "utf-8", "quoted-printable", binascii.b2a_qp(data, istext=True)
    return (
        f'Content-Type: text/{subtype}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
        + body.decode("ascii")
    )


def _breaks(character: str) -> bool:
    return character != "\t" and unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
