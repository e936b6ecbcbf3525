"""What suggestions, figures and answers are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

KINDS = {
    "delete": gettext_lazy("delete it"),
    "inhibit": gettext_lazy("inhibit it"),
    "for": gettext_lazy("wait longer"),
    "threshold": gettext_lazy("move the threshold"),
    "record": gettext_lazy("only record it"),
    "runbook": gettext_lazy("write a runbook"),
}
ACTIONABILITY = {
    "often": gettext_lazy("mostly needed"),
    "sometimes": gettext_lazy("seldom needed"),
    "never": gettext_lazy("never needed"),
    "unknown": gettext_lazy("not known yet"),
}
ICONS = {
    "delete": "trash", "inhibit": "bell-off", "for": "clock", "threshold": "adjustments-horizontal", "record": "database",
    "runbook": "book-2",
}  # fmt: skip


def advice(suggestion: Mapping[str, Any]) -> str:
    """What to do, in one sentence."""
    kind: str = suggestion["kind"]
    evidence: dict[str, Any] = suggestion["evidence"]
    if kind == "inhibit":
        text = _("Inhibit it while %(name)s of the same service fires.")
        return text % {"name": str(evidence["by"])}
    if kind == "for":
        return _("Give its rule “for: %(n)sm”, so that it fires only for what lasts.") % {"n": evidence["minutes"]}
    texts = {
        "delete": _("Delete the rule, or stop it from paging."),
        "threshold": _("Move the threshold, or let it end at another value than it begins at."),
        "record": _("Send it to a route that only records."),
        "runbook": _("Write a runbook and put its address into the annotation “runbook_url”."),
    }
    return texts[kind]


def because(suggestion: Mapping[str, Any]) -> str:
    """The measured figures behind it."""
    kind: str = suggestion["kind"]
    evidence: dict[str, Any] = suggestion["evidence"]
    if kind == "record":
        if evidence["answers"]:
            return _("%(info)s of %(answers)s answers say “informative only”.") % evidence
        return _("%(ignored)s of %(over)s incidents ended without anybody acting.") % evidence
    texts = {
        "delete": _("Incidents: %(ignored)s, acted on: 0, pages: %(pages)s, answers “noise”: %(noise)s."),
        "inhibit": _(
            "%(by)s began at most 5 minutes before %(after)s of %(starts)s starts (its own starts: %(others)s)."
        ),
        "for": _("%(kept_back)s of %(ended)s firings ended within %(minutes)s min and would not have fired."),
        "threshold": _("%(flaps)s of %(fired)s firings began within 10 minutes after the one before had ended."),
        "runbook": _("Incidents acted on: %(acted)s, firings without a runbook: %(without)s."),
    }
    return texts[kind] % evidence


def told(suggestion: Mapping[str, Any]) -> dict[str, str]:
    kind = suggestion["kind"]
    return {
        "kind": kind, "label": str(KINDS[kind]), "icon": ICONS[kind], "text": advice(suggestion),
        "why": because(suggestion),
    }  # fmt: skip
