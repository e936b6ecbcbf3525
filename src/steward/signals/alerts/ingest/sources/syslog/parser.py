"""Syslog messages as alerts.

``steward syslog`` sends ``{"messages": [{"from": "192.0.2.7", "message": "<11>…"}]}``; anything else may send one message a
line as text. A message says that something happened, never that it is over: the alert of its host, program and kind of
message fires until no such message has come for the source's resolve timeout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from steward.signals.alerts.ingest.sources.common import (
    MAX_ANNOTATION_VALUE,
    Bad,
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    listed,
)
from steward.signals.alerts.ingest.sources.reading import alert, inner, object_of, text
from steward.signals.alerts.ingest.sources.syslog.messages import LEVELS, Message, read

DEFAULT_LEVEL = 3
_SEVERITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "info")
_ALSO = {"emergency": 0, "panic": 0, "critical": 2, "error": 3, "warn": 4}
# About the way that the message took, not about what happened.
_TRANSPORT = ("timeQuality.", "meta.")
_MAX_DATA = 40
_SUMMARY = 300


def parse(received: Received) -> Parsed:
    """Read the messages that are severe enough. Several of one alert are one report, with the text of the last."""
    least = _least(received.parameter("severity"))
    found: dict[bytes, Normalised] = {}
    parsed = Parsed(repack=lambda raws: {"messages": raws})
    for raw in _messages(received.body):
        try:
            given = _read_one(raw, received.now, least)
        except BadAlert as error:
            parsed.bad.append(Bad(raw, str(error)))
            continue
        if given is None:
            continue
        earlier = found.pop(given.fingerprint, None)
        if earlier is not None and earlier.starts_at is not None:
            given.starts_at = min(earlier.starts_at, given.starts_at or earlier.starts_at)
        found[given.fingerprint] = given
    parsed.good = list(found.values())
    return parsed


def _least(name: str) -> int:
    """The least severe level that becomes an alert."""
    wanted = name.strip().lower()
    if not wanted:
        return DEFAULT_LEVEL
    if wanted in LEVELS:
        return LEVELS.index(wanted)
    if wanted in _ALSO:
        return _ALSO[wanted]
    if len(wanted) == 1 and wanted in "01234567":
        return int(wanted)
    raise Unreadable(f"severity in the address must be one of {', '.join(LEVELS)}, or 0 to 7.")


def _messages(body: bytes) -> list[Any]:
    if body.lstrip()[:1] in (b"{", b"["):
        return listed(object_of(body, "syslog messages").get("messages"), '"messages"')
    lines = [line for line in _decoded(body).splitlines() if line.strip("\x00 ")]
    if not lines:
        raise Unreadable("The body must be syslog messages, one a line.")
    return listed(lines, "The body")


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _read_one(raw: Any, now: datetime, least: int) -> Normalised | None:
    line = inner(raw).get("message") if isinstance(raw, dict) else raw
    if not isinstance(line, str) or not line.strip():
        raise BadAlert("A message must be text.")
    message = read(line)
    if message.level > least:
        return None
    sender = text(inner(raw).get("from")) if isinstance(raw, dict) else ""
    given = alert(
        _labels(message, sender), _annotations(message, sender), resolved=False, now=now, starts_at=message.time
    )
    given.expires = "timeout"
    return given


def _labels(message: Message, sender: str) -> dict[str, str]:
    return {
        "alertname": " ".join(filter(None, (message.app, message.kind))) or "syslog",
        "severity": _SEVERITIES[message.level],
        "host": message.host or sender,
        "app": message.app,
        "facility": message.facility,
        "msgid": message.kind,
    }


def _annotations(message: Message, sender: str) -> dict[str, str]:
    said = text(message.text.strip(), MAX_ANNOTATION_VALUE)
    summary = next(_lines(said), "")[:_SUMMARY]
    data = [pair for pair in message.data.items() if not pair[0].startswith(_TRANSPORT)]
    return {
        **dict(data[:_MAX_DATA]),
        "summary": summary,
        "message": said if said != summary else "",
        "level": LEVELS[message.level],
        "procid": message.process,
        "from": sender if sender != message.host else "",
    }


def _lines(said: str) -> Iterator[str]:
    lines: Iterable[str] = said.splitlines()
    return (line for line in lines if line.strip())
