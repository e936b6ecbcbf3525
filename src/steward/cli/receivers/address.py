"""Where a receiver listens."""

from __future__ import annotations

from steward.cli.trouble import Trouble


def listening(text: str) -> tuple[str, int]:
    """``host:port``; an IPv6 address in brackets."""
    host, _colon, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Trouble(f"{text} is no address to listen on; write one such as 0.0.0.0:5514 or [::]:5514")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - who writes no host means all
