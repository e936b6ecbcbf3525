"""Steps of a policy in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def step_words(kind: str, label: str, wait_minutes: int) -> str:
    """ "page who is on call for Application"; nothing for steps that on-call words itself."""
    if kind == "wait":
        return ngettext("wait %(n)s minute", "wait %(n)s minutes", wait_minutes) % {"n": wait_minutes}
    words = {
        "notify_schedule": _("page who is on call for %(name)s"),
        "notify_user": _("page %(name)s"),
        "notify_team": _("page the team %(name)s"),
    }
    return words.get(kind, "") % {"name": label}
