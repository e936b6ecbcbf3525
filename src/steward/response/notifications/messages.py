"""What a message says: a mail for reading, a short text for a lock screen. In the language and zone of the person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from steward.config.environment import load
from steward.foundation.language import speaking
from steward.foundation.outbound.message import one_line
from steward.foundation.sentences import told
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import links
from steward.response.notifications.sendings import Sending, Told

_SHORT_BODY = 300
# Longer subjects are cut by mail programs and lock screens, at a place that nobody chose.
_SUBJECT, _SERVICE = 200, 60
# Kinds of subjects that a link can act on.
_ACTIONABLE = {"incident", "helpcall"}
# Of a bundle so many are listed with a link of their own in a mail, and so many in a push message; the others are
# counted. All of them are in Steward's list of open incidents.
_LISTED, _LISTED_SHORT = 30, 8
_NAMED = 3


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


@dataclass(frozen=True, slots=True)
class Entry:
    """One page on a card. ``token`` acknowledges or resolves it and is empty for what cannot be acknowledged."""

    line: str
    severity: str
    service: str
    why: str
    page_id: int
    token: str
    receipt: str

    @property
    def link(self) -> str:
        return links.address(self.token) if self.token else ""


@dataclass(frozen=True, slots=True)
class Card:
    """A message in pieces, for channels that lay it out themselves. Made and used inside :class:`reader_of`."""

    title: str
    body: str
    facts: list[tuple[str, str]]
    why: str
    entries: list[Entry]
    left: int
    all: str

    @property
    def single(self) -> Entry | None:
        """The page, when it tells of one that can be acknowledged."""
        return self.entries[0] if len(self.entries) == 1 and not self.left and self.entries[0].token else None


def card(sending: Sending, now: datetime, most: int = _LISTED_SHORT) -> Card:
    """The pieces of a page's message, or of several that are told together."""
    if sending.others:
        told_ = sending.bundle
        return Card(
            _bundle_subject(sending), "", [], "", [_entry(sending, each, now) for each in told_[:most]],
            max(0, len(told_) - most), f"{load().public_url}/incidents/?status=open",
        )  # fmt: skip
    context = _context(sending, now)
    entry = _entry(sending, sending.bundle[0], now)
    return Card(_subject(sending), sending.body.strip(), context["facts"], context["why"], [entry], 0, "")


def and_more(left: int) -> str:
    """What stands after the last page that is listed."""
    return ngettext("and %(n)s more:", "and %(n)s more:", max(1, left)) % {"n": left}


def _entry(sending: Sending, page: Told, now: datetime) -> Entry:
    can = page.subject.kind in _ACTIONABLE
    token = links.sign(sending.user_id, page.subject, page.page_id, now) if can else ""
    return Entry(
        _line_of(page) if can else page.title, page.severity, page.service, str(told(page.reason).get("why", "")),
        page.page_id, token, links.receipt(page.page_id) if can else "",
    )  # fmt: skip


def plain(made: Card, length: int, *, links_too: bool = True) -> str:
    """A card as plain text, for chats without a form of their own."""
    lines = [made.title]
    lines += [" · ".join(value for _name, value in made.facts if value not in made.title)]
    lines += [made.body, _("Why you: %(why)s") % {"why": made.why} if made.why else ""]
    if made.single is not None:
        lines.append(_("Acknowledge or resolve: %(link)s") % {"link": made.single.link} if links_too else "")
    elif made.all:
        lines += [
            "\n".join(part for part in (each.line, each.link if links_too else "") if part) for each in made.entries
        ]
        lines.append(f"{and_more(made.left)} {made.all}" if made.left else "")
    return _clip("\n".join(line for line in lines if line), length)


def brief(sending: Sending, now: datetime, length: int = 300) -> str:
    """A text message: the subject and, for one page, the link; for several how many, the worst by name, and the list."""
    with reader_of(sending):
        made = card(sending, now, 1)
        if made.single is not None:
            link = made.single.link
        else:
            link = made.all or (made.entries[0].link if made.entries else "")
        body = f" {one_line(made.body)}" if made.body and not made.single else ""
        room = length - len(link) - 1
        return f"{_clip(made.title + body, room)} {link}".strip()


def mail(sending: Sending, now: datetime) -> Mail:
    """The e-mail of a page, or of several that are told together."""
    with reader_of(sending):
        if sending.others:
            return _bundle_mail(sending, now)
        context = _context(sending, now)
        return Mail(
            subject=_subject(sending),
            text=render_to_string("notifications/mail.txt", context).strip() + "\n",
            html=render_to_string("notifications/mail.html", context),
        )


def short(sending: Sending, now: datetime) -> Short:
    """The push message of a page, or of several that are told together."""
    with reader_of(sending):
        if sending.others:
            return _bundle_short(sending, now)
        context, title = _context(sending, now), _subject(sending)
        lines = [
            " · ".join(value for _name, value in context["facts"] if value not in title),
            _clip(sending.body, _SHORT_BODY),
            _("Why you: %(why)s") % {"why": context["why"]} if context["why"] else "",
        ]
        if context["link"]:
            lines.append(_("Acknowledge or resolve: %(link)s") % {"link": context["link"]})
        return Short(title, "\n".join(line for line in lines if line))


def _bundle_mail(sending: Sending, now: datetime) -> Mail:
    context = _bundle_context(sending, now, _LISTED)
    return Mail(
        subject=_bundle_subject(sending),
        text=render_to_string("notifications/bundle_mail.txt", context).strip() + "\n",
        html=render_to_string("notifications/bundle_mail.html", context),
    )


def _bundle_short(sending: Sending, now: datetime) -> Short:
    context = _bundle_context(sending, now, _LISTED_SHORT)
    lines = [f"{each['line']}\n{each['link']}" for each in context["pages"]]
    if context["left"]:
        lines.append(f"{context['and_more']} {context['all']}")
    return Short(_bundle_subject(sending), "\n".join(lines))


def _bundle_subject(sending: Sending) -> str:
    """ "[SEV1] 7 more incidents: INC-12 Disk full, INC-13 …": the worst severity, the number, the worst by name."""
    told = sending.bundle
    severity = told[0].severity
    count = {"n": len(told)}
    text = (
        ngettext("%(n)s more incident", "%(n)s more incidents", len(told)) % count
        if sending.more
        else ngettext("%(n)s incident", "%(n)s incidents", len(told)) % count
    )
    names = ", ".join(one_line(_line_of(each)) for each in told[:_NAMED])
    front = f"[{severity}] {text}" if severity else text
    return _clip(f"{front}: {names}", _SUBJECT)


def _line_of(page: Told) -> str:
    return page.title if page.subject_label in page.title else f"{page.subject_label} {page.title}"


def _bundle_context(sending: Sending, now: datetime, most: int) -> dict[str, Any]:
    told_ = sending.bundle
    left = len(told_) - most
    home = load().public_url
    return {
        "heading": _bundle_subject(sending).partition(":")[0],
        "pages": [
            {
                "line": " ".join(part for part in (f"[{each.severity}]" if each.severity else "", _line_of(each)) if part),
                "service": each.service,
                "why": told(each.reason).get("why", ""),
                "link": link_for(sending.user_id, each.subject, each.page_id, now),
                "receipt": links.receipt(each.page_id),
            }
            for each in told_[:most]
        ],
        "left": max(0, left),
        "and_more": and_more(left),
        "all": f"{home}/incidents/?status=open",
        "name": sending.user_name,
        "expires": now + links.LIFETIME,
        "home": home,
        "language": translation.get_language(),
    }  # fmt: skip


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
        "receipt": links.receipt(sending.page_id) if sending.subject.kind == "incident" else "",
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


@contextmanager
def in_language(language: str) -> Iterator[str]:
    """What is said back to somebody of whom only the language is known."""
    with speaking(language, otherwise=load().language):
        yield translation.get_language() or "en"


class reader_of:
    """The person's language and time zone, for a with-block."""

    def __init__(self, sending: Sending) -> None:
        self._language = speaking(sending.language, otherwise=load().language)
        try:
            zone = ZoneInfo(sending.time_zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        self._zone = timezone.override(zone)

    def __enter__(self) -> str:
        self._language.__enter__()
        self._zone.__enter__()
        return translation.get_language() or "en"

    def __exit__(self, *details: object) -> None:
        self._zone.__exit__(*details)  # type: ignore[arg-type]
        self._language.__exit__(*details)  # type: ignore[arg-type]
