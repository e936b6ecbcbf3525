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
from steward.foundation.outbound.message import one_line
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import links
from steward.response.notifications.actions.deliveries import Sending

_SHORT_BODY = 300
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
        context = _context(sending, now)
        lines = [
            " · ".join(value for _name, value in context["facts"]),
            _clip(sending.body, _SHORT_BODY),
            _("Why you: %(why)s") % {"why": context["why"]} if context["why"] else "",
        ]
        if context["link"]:
            lines.append(_("Acknowledge or resolve: %(link)s") % {"link": context["link"]})
        return Short(_subject(sending), "\n".join(line for line in lines if line))


def _subject(sending: Sending) -> str:
    """Label, severity and title on one line; what the title says already is not said twice."""
    severity = str(sending.reason.get("facts", {}).get("severity", ""))
    label = f"[{sending.subject_label}]" if sending.subject.kind in _ACTIONABLE else ""
    front = [part for part in (label, severity) if part and part.strip("[]") not in sending.title]
    return _clip(one_line(" ".join([*front, sending.title])), 200)


def _context(sending: Sending, now: datetime) -> dict[str, Any]:
    facts = sending.reason.get("facts", {})
    names = {"severity": _("Severity"), "service": _("Service")}
    # jsonb does not keep the order of keys.
    order = [*names, *sorted(set(facts) - set(names))]
    return {
        "title": sending.title,
        "body": sending.body,
        "subject_label": sending.subject_label,
        "facts": [(names.get(name, name), str(facts[name])) for name in order if facts.get(name)],
        "why": sending.reason.get("why", ""),
        "step": sending.reason.get("step", ""),
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
        known = translation.check_for_language(sending.language or "")
        self._language = translation.override(sending.language if known else load().language)
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
