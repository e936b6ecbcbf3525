"""Addresses without their secrets, for errors, results and logs."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import unquote, urlsplit

MASK = "***"
_SEPARATORS = re.compile(r"[/:@?&=#,;\s]+")


def redact_url(url: str, *, host_is_public: bool | None = None) -> str:
    """The scheme and, where it is no secret itself, the host: all that is safe to show of an address.

    In many Apprise addresses (``tgram://TOKEN/CHAT``) the part where a host would stand is the token. So the host is
    kept for http, https, smtp and smtps only, unless the caller knows better (``host_is_public``).
    """
    scheme, mark, _rest = url.strip().partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z0-9+.-]{1,32}", scheme):
        return MASK
    scheme = scheme.lower()
    if host_is_public is None:
        host_is_public = scheme in {"http", "https", "smtp", "smtps"}
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{scheme}://{MASK}"
    if not host_is_public or not host:
        return f"{scheme}://{MASK}"
    shown = f"[{host}]" if ":" in host else host
    tail = f"/{MASK}" if parts.path.strip("/") or parts.query or parts.fragment else ""
    return f"{scheme}://{shown}{f':{port}' if port else ''}{tail}"


def secrets_of(url: str, *, host_is_public: bool) -> tuple[str, ...]:
    """Every piece of the address that could be a secret, longest first."""
    _scheme, _mark, rest = url.strip().partition("://")
    pieces: set[str] = set()
    for text in (rest, unquote(rest)):
        pieces.update(piece for piece in _SEPARATORS.split(text) if len(piece) >= 3)
        if "@" in text:  # a password may itself contain a separator
            user, _colon, password = text.rpartition("@")[0].partition(":")
            pieces.update(piece for piece in (user, password) if len(piece) >= 3)
    if host_is_public:
        with suppress(ValueError):
            pieces.discard(urlsplit(url.strip()).hostname or "")
    return tuple(sorted(pieces, key=len, reverse=True))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """``text`` with every one of ``secrets`` masked, in whatever case it appears."""
    for secret in secrets:
        text = re.sub(re.escape(secret), MASK, text, flags=re.IGNORECASE)
    return text
