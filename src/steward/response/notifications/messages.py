"""What a message says: a mail for reading, a short text for a lock screen. In the language and zone of the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.language import speaking
from steward.foundation.outbound.message import one_line
from steward.foundation.sentences import told
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import links
from steward.response.notifications.actions.deliveries import Sending

_SHORT_BODY = 300
# Longer subjects are cut by mail programs and lock screens, at a place that nobody chose.
_SUBJECT, _SERVICE = 200, 60
# Kinds of subjects that a link can act on.
_ACTIONABLE = {"incident"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered e-mail."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Short:
    """A rendered push message."""

    title: str
    body: str


def mail(sending: Sending, now: datetime) -> Mail:
    """The e-mail of a page."""
    with _for(sending):
        context = _context(sending, now)
        return Mail(
            subject=_subject(sending),
            text=render_to_string("notifications/mail.txt", context).strip() + "\n",
            html=render_to_string("notifications/mail.html", context),
        )


def short(sending: Sending, now: datetime) -> Short:
    """The push message of a page."""
    with _for(sending):
        context, title = _context(sending, now), _subject(sending)
        lines = [
            " · ".join(value for _name, value in context["facts"] if value not in title),
            _clip(sending.body, _SHORT_BODY),
            _("Why you: %(why)s") % {"why": context["why"]} if context["why"] else "",
        ]
        if context["link"]:
            lines.append(_("Acknowledge or resolve: %(link)s") % {"link": context["link"]})
        return Short(title, "\n".join(line for line in lines if line))


def _subject(sending: Sending) -> str:
    """ "[SEV2] INC-12 Disk full on db-3 (Claims API)": what a lock screen must say, and nothing that the title says
    already. A long title is cut, not what comes after it."""
    facts, title = sending.reason.get("facts", {}), one_line(sending.title)
    severity, service = (str(facts.get(name) or "") for name in ("severity", "service"))
    label = sending.subject_label if sending.subject.kind in _ACTIONABLE else ""
    front = [f"[{severity}]" if severity and severity not in title else "", label if label not in title else ""]
    back = f"({_clip(one_line(service), _SERVICE)})" if service and service not in title else ""
    room = _SUBJECT - sum(len(part) + 1 for part in (*front, back) if part)
    return " ".join(part for part in (*front, _clip(title, room), back) if part)


def _context(sending: Sending, now: datetime) -> dict[str, Any]:
    reason = told(sending.reason)
    facts = reason.get("facts", {})
    names = {"severity": _("Severity"), "service": _("Service")}
    # jsonb does not keep the order of keys.
    order = [*names, *sorted(set(facts) - set(names))]
    return {
        "title": sending.title,
        "body": sending.body,
        "subject_label": sending.subject_label,
        "facts": [(names.get(name, name), str(facts[name])) for name in order if facts.get(name)],
        "why": reason.get("why", ""),
        "step": reason.get("step", ""),
        "name": sending.user_name,
        "link": link_for(sending.user_id, sending.subject, sending.page_id, now),
        "expires": now + links.LIFETIME,
        "now": now,
        "home": load().public_url,
        "language": translation.get_language(),
    }


def link_for(user_id: int, subject: SubjectRef, page_id: int, now: datetime) -> str:
    """The address that acknowledges or resolves; empty for what cannot be acknowledged (a test)."""
    if subject.kind not in _ACTIONABLE:
        return ""
    return links.address(links.sign(user_id, subject, page_id, now))


def _clip(text: str, length: int) -> str:
    text = text.strip()
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


class _for:
    """The person's language and time zone, for a with-block."""

    def __init__(self, sending: Sending) -> None:
        self._language = speaking(sending.language, otherwise=load().language)
        try:
            zone = ZoneInfo(sending.time_zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        self._zone = timezone.override(zone)

    def __enter__(self) -> None:
        self._language.__enter__()
        self._zone.__enter__()

    def __exit__(self, *details: object) -> None:
        self._zone.__exit__(*details)  # type: ignore[arg-type]
        self._language.__exit__(*details)  # type: ignore[arg-type]
