"""The words of this room."""

from __future__ import annotations

from django.utils.translation import gettext as _

from steward.response.ledger.rules import Finding


def finding(found: Finding) -> str:
    """What is wrong with the chain, in a sentence."""
    return {
        "missing": _("Entry %(n)s is missing: it was removed after it was sealed."),
        "order": _("Entry %(n)s stands in the wrong place."),
        "changed": _("Entry %(n)s is not what was sealed: it, or the hash before it, was changed."),
        "tail": _("The ledger ends before entry %(n)s, which the checkpoint knows: the end was cut off."),
        "rewritten": _("Entry %(n)s has another hash than the checkpoint: the chain was written anew."),
    }[found.code] % {"n": found.sequence}


def problem(stored: str) -> str:
    """What the last daily check found, as it is stored."""
    code, _colon, number = stored.partition(":")
    return finding(Finding(int(number), code)) if number.isdecimal() else ""
