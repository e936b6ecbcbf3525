"""The words of this room."""

from __future__ import annotations

from django.utils.translation import gettext as _

from steward.response.moving.results import CANNOT, CHANGE, KEPT, MAKE, SAME


def act(code: str, applied: bool) -> str:
    """What happens to a record."""
    if code == MAKE:
        return _("made") if applied else _("will be made")
    if code == CHANGE:
        return _("changed") if applied else _("will be changed")
    return {SAME: _("the same"), KEPT: _("stays as it is"), CANNOT: _("cannot be taken over")}[code]


def kind(code: str) -> str:
    """What a record is."""
    known = {
        "person": _("person"), "team": _("team"), "schedule": _("schedule"), "policy": _("escalation policy"),
        "layer": _("layer"), "rotation": _("layer"), "shift": _("layer"), "override": _("override"), "step": _("step"),
        "receiver": _("receiver"), "service": _("service"),
    }  # fmt: skip
    return known.get(code, code)


ICONS = {MAKE: "plus", CHANGE: "pencil", SAME: "check", KEPT: "lock", CANNOT: "alert-triangle"}
TONES = {MAKE: "ok", CHANGE: "info", SAME: "unknown", KEPT: "unknown", CANNOT: "degraded"}
