"""The systems that can be moved from; each is a sealed folder with its reader and sample exports."""

from __future__ import annotations

from types import ModuleType

from django.utils.translation import gettext as _

from steward.response.moving.foreign import Document, Foreign, Unreadable
from steward.response.moving.sources import alertmanager, grafana_oncall, opsgenie, pagerduty

KINDS: dict[str, ModuleType] = {
    "pagerduty": pagerduty,
    "opsgenie": opsgenie,
    "grafana-oncall": grafana_oncall,
    "alertmanager": alertmanager,
}


def read(kind: str, document: Document) -> Foreign:
    """What an export says; Unreadable, with what to do, when it is none."""
    if kind not in KINDS:
        raise Unreadable(
            _("“%(kind)s” is not known. Known are: %(known)s.") % {"kind": kind, "known": ", ".join(KINDS)}
        )
    try:
        found: Foreign = KINDS[kind].read(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(
            _(
                "This is not what %(name)s answers (%(error)s). Export it as the documentation says, without changing it."
            )
            % {"name": KINDS[kind].LABEL, "error": f"{type(error).__name__}: {error}"}
        ) from error
    if not (found.people or found.rotas or found.ladders or found.teams):
        raise Unreadable(
            _("There is nothing of %(name)s in it: neither people nor schedules nor policies.")
            % {"name": KINDS[kind].LABEL}
        )
    return found
