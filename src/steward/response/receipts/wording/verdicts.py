"""The verdict as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from steward.foundation.language import listed
from steward.response.receipts.rules import Verdict
from steward.response.receipts.wording.common import channel_words, holding, until_words
from steward.response.receipts.wording.times import clock_words

MOST_NAMES = 4


def sentence(verdict: Verdict, now: datetime) -> str:
    """The first sentence with what stands beside it."""
    parts = [first(verdict, now), *(beside(code, values, now) for code, values in verdict.also)]
    return " ".join(part for part in parts if part)


def first(verdict: Verdict, now: datetime) -> str:
    """Was anybody paged, and if not, why not."""
    values = _shown(verdict.values, now)
    if "mine" in values:
        text = _about_me(verdict.code) if values["mine"] else _about_somebody(verdict.code)
        if text:
            return text % values
    return _about_nobody(verdict.code, verdict.values) % values


def _shown(values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The values as they stand in sentences."""
    shown = {name: clock_words(each, now) if isinstance(each, datetime) else each for name, each in values.items()}
    if "channel" in values:
        shown["channel"] = channel_words(values["channel"])
    if "kind" in values:
        shown["holder"] = holding(values)
    if "until" in values:
        shown["until"] = until_words(values["until"], now)
    if "answer" in values:
        shown["answer"] = values["answer"] or _("no answer yet")
    if values.get("path"):
        shown["path"] = " → ".join(values["path"])
    if "asked" in values:
        shown["asked"] = "; ".join(values["asked"])
    if "status" in values:
        words = {"open": _("open"), "acknowledged": _("acknowledged"), "resolved": _("resolved"), "closed": _("closed")}
        shown["state"] = words.get(values["status"], values["status"])
    if "why" in values:
        shown["why"] = str(values["why"]).strip()
    return shown


def _about_somebody(code: str) -> str:
    known = {
        "paged": _(
            "%(person)s was paged at %(at)s by %(channel)s, delivered %(delivered)s. Nobody has acknowledged it."
        ),
        "paged-acknowledged": _(
            "%(person)s was paged at %(at)s by %(channel)s, delivered %(delivered)s, acknowledged by %(who)s at"
            " %(acknowledged)s."
        ),
        "paging": _("%(person)s is being paged since %(at)s by %(channel)s; it has not arrived: %(answer)s"),
        "failed": _("%(person)s was not reached: the page of %(at)s failed. %(answer)s"),
        "unreachable": _("%(person)s was to be paged at %(at)s, and nothing reaches them: %(why)s"),
        "called-off": _("The page to %(person)s was called off before it arrived: %(why)s."),
        "off-duty": _("%(person)s was not paged: schedule %(schedule)s said that %(on_call)s was on call."),
        "nobody-on-duty": _("%(person)s was not paged: nobody was on call for %(schedule)s."),
        "not-yet": _(
            "%(person)s was not paged yet: step %(step)s of policy %(policy)s is theirs; it goes on at %(next)s."
        ),
        "acknowledged-before": _(
            "%(person)s was not paged: %(who)s acknowledged at %(at)s, before step %(step)s of policy %(policy)s."
        ),
        "stopped-before": _(
            "%(person)s was not paged: policy %(policy)s ended at %(at)s, before its step %(step)s. %(why)s"
        ),
        "not-active": _("%(person)s was not paged: their account is not active."),
        "step-missed": _(
            "%(person)s was not paged though step %(step)s of policy %(policy)s means them; the way says why."
        ),
        "not-named": _(
            "%(person)s was not paged: no step of policy %(policy)s (version %(version)s) meant them. It says: %(asked)s."
        ),
    }
    return known.get(code, "")


def _about_me(code: str) -> str:
    known = {
        "paged": _("You were paged at %(at)s by %(channel)s, delivered %(delivered)s. Nobody has acknowledged it."),
        "paged-acknowledged": _(
            "You were paged at %(at)s by %(channel)s, delivered %(delivered)s, acknowledged by %(who)s at %(acknowledged)s."
        ),
        "paging": _("You are being paged since %(at)s by %(channel)s; it has not arrived: %(answer)s"),
        "failed": _("You were not reached: the page of %(at)s failed. %(answer)s"),
        "unreachable": _("You were to be paged at %(at)s, and nothing reaches you: %(why)s"),
        "called-off": _("The page to you was called off before it arrived: %(why)s."),
        "off-duty": _("You were not paged: schedule %(schedule)s said that %(on_call)s was on call."),
        "nobody-on-duty": _("You were not paged: nobody was on call for %(schedule)s."),
        "not-yet": _("You were not paged yet: step %(step)s of policy %(policy)s is yours; it goes on at %(next)s."),
        "acknowledged-before": _(
            "You were not paged: %(who)s acknowledged at %(at)s, before step %(step)s of policy %(policy)s."
        ),
        "stopped-before": _("You were not paged: policy %(policy)s ended at %(at)s, before its step %(step)s. %(why)s"),
        "not-active": _("You were not paged: your account is not active."),
        "step-missed": _("You were not paged though step %(step)s of policy %(policy)s means you; the way says why."),
        "not-named": _(
            "You were not paged: no step of policy %(policy)s (version %(version)s) meant you. It says: %(asked)s."
        ),
    }
    return known.get(code, "")


def _about_nobody(code: str, values: Mapping[str, Any]) -> str:
    known = {
        "held": _("Nobody was paged: %(holder)s held it%(until)s."),
        "waiting": _("Nobody is paged yet: it waits for others of its group%(until)s."),
        "ended-waiting": _("Nobody was paged: it was over at %(at)s, before an incident was opened."),
        "joined": _("Nobody was paged for it alone: it joined %(ref)s, which was open already."),
        "joined-acknowledged": _("Nobody was paged: it joined %(ref)s, which %(who)s had acknowledged at %(at)s."),
        "symptom": _("Nobody was paged for it alone: it is a symptom of %(ref)s (%(path)s)."),
        "storm": _("Nobody was paged for it alone: it is part of the storm %(ref)s."),
        "recorded": _("Nobody was paged: its route only records and opens no incident."),
        "unrouted": _("Nobody was paged: no route takes it."),
        "no-policy": _("Nobody was paged: %(ref)s has no escalation policy."),
        "nobody": _("Nobody was paged: %(why)s"),
        "shadow": _("Nobody is paged for %(ref)s: the source of its alerts is in shadow mode."),
        "quiet": _("Nobody is paged for %(ref)s since %(since)s: all that fires in it is held."),
        "acknowledged-first": _("Nobody was paged: %(who)s acknowledged %(ref)s at %(at)s, before the first page."),
        "over-first": _("Nobody was paged: %(ref)s was over at %(at)s, before the first page."),
        "about-to": _("Nobody has been paged so far for %(ref)s; its policy goes on at %(at)s."),
        "undecided": _("Nothing has been decided on it yet."),
        "outside": _("It belongs to %(ref)s, which is %(state)s."),
        "outside-none": _("It is part of no incident."),
    }
    text = known.get(code, "%(why)s")
    if code == "no-policy" and values.get("rule"):
        text = _("Nobody was paged: route “%(rule)s” opened %(ref)s without an escalation policy.")
    return text


def beside(code: str, values: Mapping[str, Any], now: datetime) -> str:
    """Further sentences."""
    shown = _shown(values, now)
    if code == "others":
        names = listed([str(name) for name in values["names"][:MOST_NAMES]])
        text = ngettext("%(names)s was paged.", "%(names)s were paged.", values["number"])
        rest = values["number"] - MOST_NAMES
        more = ngettext("And %(n)s more.", "And %(n)s more.", rest) % {"n": rest} if rest > 0 else ""
        return " ".join(part for part in (text % {"names": names}, more) if part)
    if code == "incident-paged":
        if values["mine"]:
            return _("You were paged for that incident at %(at)s, delivered %(delivered)s.") % shown
        return _("%(person)s was paged for that incident at %(at)s, delivered %(delivered)s.") % shown
    known = {
        "ended-while-held": _("It was over at %(at)s, while it was held."),
        "held-since": _("Since %(since)s it is held by %(holder)s%(until)s."),
        "quiet": _("Nobody is paged for %(ref)s since %(since)s: all that fires in it is held."),
        "missed": _("Before that: %(why)s"),
    }
    return known.get(code, "") % shown
