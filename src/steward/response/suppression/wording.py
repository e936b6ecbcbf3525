"""The sentences of this room that are stored: why an alert is held."""

from __future__ import annotations

from steward.algorithms.matching import format_matchers
from steward.foundation.sentences import Moment, Sentence
from steward.foundation.sentences import gettext as _
from steward.response.suppression.rules import MAINTENANCE, SILENCE, HeldBy, SilenceSpec, Verdict, WindowSpec

_HOW = {
    "service": _("it belongs to a service in its scope"),
    "item": _("it belongs to an item in its scope"),
}


def verdict(held: HeldBy) -> Verdict:
    """What holds the alert, in words."""
    spec, until = held.spec, held.run.ends
    if isinstance(spec, SilenceSpec):
        label = spec.comment.strip().splitlines()[0][:80] if spec.comment.strip() else f"#{spec.id}"
        return Verdict(SILENCE, spec.id, spec.version, label, until, silenced(held, spec))
    return Verdict(MAINTENANCE, spec.id, spec.version, spec.title, until, under_maintenance(held, spec))


def silenced(held: HeldBy, spec: SilenceSpec) -> Sentence:
    text = _("Silenced by %(author)s until %(until)s, because it has %(matchers)s: “%(comment)s”")
    return text % {
        "author": spec.author, "until": _moment(held), "matchers": format_matchers(spec.matchers)[1:-1],
        "comment": spec.comment[:200],
    }  # fmt: skip


def under_maintenance(held: HeldBy, spec: WindowSpec) -> Sentence:
    how = _HOW[held.node[0]] if held.node else ""
    if spec.matchers:
        text = _("In the maintenance “%(title)s” until %(until)s: %(how)s, and it has %(matchers)s")
        matchers = format_matchers(spec.matchers)[1:-1]
        return text % {"title": spec.title, "until": _moment(held), "how": how, "matchers": matchers}
    text = _("In the maintenance “%(title)s” until %(until)s: %(how)s")
    return text % {"title": spec.title, "until": _moment(held), "how": how}


def _moment(held: HeldBy) -> Moment:
    return Moment(held.run.ends, "UTC", "D j M H:i")
