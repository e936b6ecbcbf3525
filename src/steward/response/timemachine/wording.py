"""Sentences and words about versions, drafts and replays, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.language import listed
from steward.response.timemachine.rules.difference import Change
from steward.response.timemachine.rules.merging import ORDER, PRESENCE, Collision

PARTS = {
    "default": gettext_lazy("default route"), "routes": gettext_lazy("route"),
    "inhibitions": gettext_lazy("inhibition rule"), "time_intervals": gettext_lazy("times"),
    "flapping": gettext_lazy("flapping"), "topology": gettext_lazy("dependants"),
    "silences": gettext_lazy("silence to try"),
}  # fmt: skip
CHANGES = {
    "added": gettext_lazy("added"), "removed": gettext_lazy("removed"), "changed": gettext_lazy("changed"),
    "moved": gettext_lazy("in another place"),
}  # fmt: skip
FATES = {
    "carried": gettext_lazy("carried over"), "differs": gettext_lazy("differs"), "lost": gettext_lazy("not carried over"),
}  # fmt: skip
FEW = 3


def part(code: str) -> str:
    return str(PARTS.get(code, code))


def summary(changes: tuple[Change, ...]) -> str:
    """What changed, in one line: the entries by name while they are few, else their number."""
    if not changes:
        return _("nothing")
    if len(changes) > FEW:
        kinds = {kind: sum(1 for each in changes if each.kind == kind) for kind in CHANGES}
        return listed([f"{number} {CHANGES[kind]}" for kind, number in kinds.items() if number])
    return listed([f"{entry(each.part, each.name)} {CHANGES[each.kind]}" for each in changes])


def entry(code: str, name: str) -> str:
    """An entry by its kind and name: "route “Web”"."""
    if not name or code in ("flapping", "topology"):
        return part(code)
    return _("%(part)s “%(name)s”") % {"part": part(code), "name": name}


def collision(found: Collision) -> str:
    """What both sides did to one thing."""
    values = {"live": found.live or "—", "draft": found.draft or "—", "field": found.field}
    if found.field == ORDER:
        return _("Both ordered the routes anew; the draft's order is taken.")
    if found.field == PRESENCE:
        if not found.live:
            return _("It was removed live, and changed in the draft: the draft keeps it.")
        return _("It was changed live, and removed in the draft: it stays removed.")
    return _("%(field)s: live it became %(live)s, in the draft %(draft)s; the draft's is taken.") % values


def fate(line: Mapping[str, Any]) -> str:
    """A line of an import's report in the reader's language."""
    text: str = _(line["message"])
    return text % line["values"] if line.get("values") else text
