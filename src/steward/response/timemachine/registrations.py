"""What this room adds to the shell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import lists, navigation, statuses
from steward.response.timemachine import wording
from steward.response.timemachine.forms import VersionFilters
from steward.response.timemachine.models import ConfigurationVersion

navigation.register(
    navigation.NavItem(
        "time-machine", _("Time machine"), "timemachine:list", "history", "operate", 65, permission="routes.view"
    )
)
lists.register(
    lists.ListPage("time-machine", _("Time machine"), "timemachine:list", VersionFilters, permission="routes.view")
)
KIND_TONES = {"automatic": "unknown", "published": "ok", "rolled_back": "degraded"}
for value, label in ConfigurationVersion.Kind.choices:
    statuses.register(f"version-{value}", KIND_TONES[value], label)
CHANGE_TONES = {"added": "ok", "removed": "down", "changed": "info", "moved": "unknown"}
for kind, word in wording.CHANGES.items():
    statuses.register(f"entry-{kind}", CHANGE_TONES[kind], word)
FATE_TONES = {"carried": "ok", "differs": "degraded", "lost": "down"}
for fate, word in wording.FATES.items():
    statuses.register(f"fate-{fate}", FATE_TONES[fate], word)
PAGE_WORDS = {"added": _("page added"), "removed": _("page removed"), "moved": _("other person or time")}
for kind, label in PAGE_WORDS.items():
    statuses.register(f"page-{kind}", {"added": "degraded", "removed": "ok", "moved": "info"}[kind], label)
