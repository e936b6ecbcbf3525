"""E-mails as alerts.

One alert is what has the same sender and the same subject, but for words such as ``[FIRING:2]``, ``RESOLVED:`` or ``Re:``; a
subject that says it is over ends it. With ``thread`` it is what answers the same first message instead. What an address
says after its plus sign, or a header, goes before the subject:

- tag, words joined by ``+``, dots or spaces: ``resolved`` or ``firing``, a severity, ``thread``, a time such as ``2h``
  after which it ends;
- ``X-Steward-Status``, ``X-Steward-Severity``, ``X-Steward-Key`` (which alert it is).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.email import subjects
from steward.signals.alerts.ingest.sources.email.message import Mail, read
from steward.signals.alerts.ingest.sources.reading import keyed_alert, text

_MAX_KEY = 2_000
_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)", re.ASCII | re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MAX_EXPIRES = 30 * 86_400
_PRIORITIES = {"1": "high", "2": "high", "high": "high", "urgent": "high"}


@dataclass(slots=True)
class _Told:
    """What the address and the headers say, before the subject is asked."""

    over: bool | None = None
    severity: str = ""
    by_thread: bool = False
    expires: int | None = None


def parse(received: Received) -> Parsed:
    """Read one message."""
    if not received.body.strip():
        raise Unreadable("The body must be an e-mail as it is sent (RFC 5322).")
    mail = read(received.body)
    if mail.empty or not (mail.subject.strip() or mail.text):
        raise Unreadable("The e-mail has neither a subject nor a text.")
    try:
        return Parsed([_read_one(mail, received)])
    except BadAlert as error:
        return Parsed(bad=[Bad(None, str(error))])


def _read_one(mail: Mail, received: Received) -> Normalised:
    if _automatic(mail):
        raise BadAlert("An automatic answer or a delivery report is no alert.")
    told = _told(mail, received.parameter("tag"))
    line = mail.subject.strip() or mail.text.splitlines()[0]
    subject = subjects.read(line)
    over = subject.over if told.over is None else told.over
    given = keyed_alert(
        _key(mail, subject.about, told),
        {
            "alertname": subject.about[:300],
            "severity": told.severity or subject.severity or _priority(mail),
            "from": mail.sender,
        },
        {
            "summary": line,
            "description": mail.text,
            "message_id": mail.ident,
            "to": mail.to,
            "attachments": ", ".join(mail.attachments),
        },
        resolved=over,
        now=received.now,
        url=mail.header("x-steward-url"),
        starts_at=mail.date if not subject.reply else None,
        ends_at=mail.date,
    )
    if not over and told.expires is not None:
        given.expires = told.expires
    return given


def _automatic(mail: Mail) -> bool:
    """Answers of machines to what Steward or somebody else has sent; alerts are “auto-generated”, if anything."""
    kind = mail.header("content-type").lower()
    return mail.header("auto-submitted").lower().startswith("auto-replied") or (
        kind.startswith("multipart/report") and "delivery-status" in kind
    )


def _told(mail: Mail, tag: str) -> _Told:
    told = _Told(
        subjects.is_over(mail.header("x-steward-status")), mail.header("x-steward-severity").strip().lower()[:40]
    )
    for word in filter(None, re.split(r"[+.\s]", tag.lower())):
        length = _DURATION.fullmatch(word)
        state = subjects.is_over(word)
        if length:
            told.expires = min(max(int(length[1]) * _SECONDS[length[2].lower()], 1), _MAX_EXPIRES)
        elif word == "thread":
            told.by_thread = True
        elif state is not None:
            told.over = state if told.over is None else told.over
        else:
            told.severity = told.severity or subjects.severity_of(word)
    return told


def _key(mail: Mail, about: str, told: _Told) -> str:
    given = mail.header("x-steward-key").strip()
    if given:
        return f"key {given[:_MAX_KEY]}"
    first = (*mail.thread, mail.ident)[0]
    if told.by_thread and first:
        return f"thread {first}"
    return f"subject {quote(mail.sender)} {about.casefold()[:_MAX_KEY]}"


def _priority(mail: Mail) -> str:
    words = text(mail.header("x-priority") or mail.header("importance") or mail.header("priority")).lower().split()
    return _PRIORITIES.get(words[0], "") if words else ""
