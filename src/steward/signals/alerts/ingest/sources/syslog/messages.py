"""One syslog message: RFC 5424, RFC 3164, and what devices and libraries make of the latter. Nothing is refused: RFC 3164
says that whatever has no priority is a notice of a user's program."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAMED = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock"
FACILITIES = (*_NAMED.split(), *(f"local{number}" for number in range(8)))
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_NO_PRIORITY = 13  # user.notice
_PRIORITY = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(r"([1-9]\d?) (\S+) (\S+) (\S+) (\S+) (\S+) (?=-|\[)", re.ASCII)
_ELEMENT = re.compile(r'\[([^\s="\]]+)((?: +[^\s="\]]+="(?:[^"\\]|\\.)*")*) *\]', re.DOTALL)
_PARAMETER = re.compile(r' +([^\s="\]]+)="((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_OLD_TIME = re.compile(
    r"[*.]?(?:[A-Z][a-z]{2} [ \d]?\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,4})?:?) +", re.ASCII
)
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) +", re.ASCII)
# Cisco's sequence number, which may stand before the time.
_SEQUENCE = re.compile(r"\d{1,10}: +(?=[*.%A-Z])", re.ASCII)
_HOST = re.compile(r"([^\s:\[\]]+|[0-9A-Fa-f:.]+) +")
_TAG = re.compile(r"([A-Za-z0-9_][\w./@+-]{0,62})(?:\[([^\]\s]{0,64})\])?:(?: |$)", re.ASCII)
_MNEMONIC = re.compile(r"%([A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)?-[0-7]-[A-Z0-9_]+):", re.ASCII)


@dataclass(slots=True)
class Message:
    """What a message says; empty where it says nothing. ``data`` is the structured data, as ``element.name``."""

    facility: str
    level: int
    host: str = ""
    app: str = ""
    process: str = ""
    kind: str = ""
    time: str = ""
    text: str = ""
    data: dict[str, str] = field(default_factory=dict)


def read(line: str) -> Message:
    """Take one message apart."""
    line = line.strip("\r\n\x00 ")
    priority, rest = _priority(line)
    found = Message(FACILITIES[priority >> 3], priority & 7)
    new = _NEW.match(rest) if len(rest) < len(line) else None
    if new is None:
        _read_old(found, rest)
    else:
        _read_new(found, new, rest[new.end() :])
    return found


def level_of(line: str) -> int:
    """Its level alone, 0 (emergency) to 7 (debug)."""
    return _priority(line.lstrip("\r\n\x00 "))[0] & 7


def _priority(line: str) -> tuple[int, str]:
    found = _PRIORITY.match(line)
    number = int(found[1]) if found else _NO_PRIORITY
    if found is None or number > 191:
        return _NO_PRIORITY, line
    return number, line[found.end() :]


def _read_new(found: Message, head: re.Match[str], rest: str) -> None:
    """RFC 5424, from its structured data on. Where that is broken it is taken for text."""
    _version, time, host, app, process, kind = ("" if each == "-" else each for each in head.groups())
    found.time, found.host, found.app, found.process, found.kind = time, host, app, process, kind
    if rest.startswith("-"):
        rest = rest[1:]
    else:
        while (element := _ELEMENT.match(rest)) is not None:
            for name, value in _PARAMETER.findall(element[2]):
                found.data.setdefault(f"{element[1]}.{name}", _ESCAPED.sub(r"\1", value))
            rest = rest[element.end() :]
    found.text = rest.removeprefix(" ").removeprefix("\ufeff")


def _read_old(found: Message, rest: str) -> None:
    """RFC 3164: time, host and tag, each of which senders leave out. Its time has no year and no zone, so it is not
    used; the one that some write in ISO's form is."""
    sequence = _SEQUENCE.match(rest)
    rest = rest[sequence.end() :] if sequence else rest
    iso = _ISO_TIME.match(rest)
    time = iso or _OLD_TIME.match(rest)
    if time:
        found.time = iso[1] if iso else ""
        rest = rest[time.end() :]
        host = None if _TAG.match(rest) or rest.startswith("%") else _HOST.match(rest)
        if host:
            found.host, rest = host[1], rest[host.end() :]
    tag = _TAG.match(rest)
    if tag:
        found.app, found.process, rest = tag[1], tag[2] or "", rest[tag.end() :]
    found.text = rest.removeprefix("\ufeff")
    mnemonic = _MNEMONIC.search(found.text[:200])
    if mnemonic:
        found.kind = mnemonic[1]
